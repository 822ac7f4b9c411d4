"""The control database's tables (design section 7). Times are milliseconds since 1970 unless a column says otherwise.

``message`` columns hold the signed message as canonical JSON. Nothing here is a row's content: rows live in segments.
"""

from matcher.service.store.upgrading import findings_into_blocks
from matcher.storage import Schema, tables_of

_FIRST = """
CREATE TABLE entries (
    position INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    entry BLOB NOT NULL
) STRICT;

-- Complete nodes only: a node once written never changes (RFC 6962 section 2.1).
CREATE TABLE nodes (
    level INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY,
    note TEXT NOT NULL
) STRICT;

CREATE TABLE cards (
    party TEXT NOT NULL,
    serial INTEGER NOT NULL,
    fingerprint TEXT NOT NULL, -- of the TLS certificate, which a renewed card may keep
    root BLOB NOT NULL,
    certificate TEXT NOT NULL,
    not_after INTEGER NOT NULL, -- seconds since 1970
    message BLOB NOT NULL,
    log_index INTEGER NOT NULL,
    PRIMARY KEY (party, serial)
) STRICT;
CREATE INDEX cards_by_fingerprint ON cards (fingerprint);

CREATE TABLE agreements (
    digest BLOB PRIMARY KEY,
    agreement_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    matching BLOB NOT NULL,
    matching_file BLOB NOT NULL,
    agreement_file BLOB NOT NULL,
    publisher TEXT NOT NULL,
    in_force_index INTEGER
) STRICT;
CREATE INDEX agreements_by_id ON agreements (agreement_id, version);

CREATE TABLE agreement_parties (
    party TEXT NOT NULL,
    digest BLOB NOT NULL REFERENCES agreements,
    kind TEXT NOT NULL,
    PRIMARY KEY (party, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE signatures (
    digest BLOB NOT NULL REFERENCES agreements,
    party TEXT NOT NULL,
    agreement_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    message BLOB NOT NULL,
    log_index INTEGER NOT NULL,
    PRIMARY KEY (digest, party),
    UNIQUE (agreement_id, version, party) -- a party signs one file per version
) STRICT;

-- One (agreement id, flow, period): one matching digest and one epoch, from first submission to last reveal.
CREATE TABLE periods (
    agreement_id TEXT NOT NULL,
    flow TEXT NOT NULL,
    period TEXT NOT NULL,
    matching BLOB NOT NULL,
    agreement BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    opened_at INTEGER, -- first sealed answering submission
    purged_at INTEGER,
    PRIMARY KEY (agreement_id, flow, period)
) STRICT;

CREATE TABLE uploads (
    submission BLOB PRIMARY KEY,
    agreement BLOB NOT NULL,
    agreement_id TEXT NOT NULL,
    flow TEXT NOT NULL,
    period TEXT NOT NULL,
    party TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    row_size INTEGER NOT NULL,
    per_token INTEGER NOT NULL, -- most rows of one token
    spooled INTEGER NOT NULL, -- rows acknowledged
    edge BLOB NOT NULL, -- the Merkle tree's right edge over those rows
    last_key BLOB NOT NULL, -- token and handle of the last row
    repeats INTEGER NOT NULL, -- rows put of the last row's token so far
    UNIQUE (agreement_id, flow, period, party)
) STRICT;

CREATE TABLE submissions (
    manifest BLOB PRIMARY KEY, -- digest of the signed manifest
    submission BLOB NOT NULL UNIQUE,
    agreement_id TEXT NOT NULL,
    flow TEXT NOT NULL,
    period TEXT NOT NULL,
    party TEXT NOT NULL,
    side TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    sealed_at INTEGER NOT NULL,
    log_index INTEGER NOT NULL,
    UNIQUE (agreement_id, flow, period, party, sequence)
) STRICT;

CREATE TABLE runs (
    run BLOB PRIMARY KEY,
    inputs BLOB NOT NULL UNIQUE, -- digest of what was matched
    agreement_id TEXT NOT NULL,
    flow TEXT NOT NULL,
    period TEXT NOT NULL,
    findings_root BLOB NOT NULL,
    findings INTEGER NOT NULL,
    log_index INTEGER NOT NULL,
    ran_at INTEGER NOT NULL
) STRICT;

-- Written aside, a batch at a time; they count once the run is named in runs, as a segment does.
CREATE TABLE findings (
    run BLOB NOT NULL,
    position INTEGER NOT NULL,
    finding BLOB NOT NULL UNIQUE,
    asking TEXT NOT NULL,
    answering TEXT NOT NULL,
    leaf BLOB NOT NULL,
    state TEXT NOT NULL,
    since INTEGER NOT NULL DEFAULT 0, -- last change of state; 0: none since the run
    request BLOB NOT NULL DEFAULT x'', -- digest of the newest request
    request_index INTEGER NOT NULL DEFAULT 0,
    expires INTEGER NOT NULL DEFAULT 0, -- when the newest request lapses, seconds since 1970
    PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
    digest BLOB PRIMARY KEY,
    kind TEXT NOT NULL,
    agreement_id TEXT NOT NULL,
    flow TEXT NOT NULL,
    period TEXT NOT NULL,
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    expiry INTEGER NOT NULL, -- seconds since 1970
    message BLOB NOT NULL,
    attachment BLOB NOT NULL,
    settled INTEGER NOT NULL DEFAULT 0, -- answered, collected or lapsed: no longer delivered
    log_index INTEGER NOT NULL UNIQUE,
    UNIQUE (sender, recipient, sequence)
) STRICT;
CREATE INDEX messages_by_recipient ON messages (recipient, log_index);

CREATE TABLE usage (
    agreement_id TEXT NOT NULL,
    party TEXT NOT NULL,
    what TEXT NOT NULL, -- evaluations, reveals
    span TEXT NOT NULL, -- epoch or calendar month
    used INTEGER NOT NULL,
    PRIMARY KEY (agreement_id, party, what, span)
) STRICT, WITHOUT ROWID;
"""
_COSIGNATURES = """
CREATE TABLE cosignatures (
    size INTEGER NOT NULL REFERENCES checkpoints,
    witness TEXT NOT NULL, -- verifier key
    line TEXT NOT NULL, -- signature line, as in C2SP tlog-cosignature
    PRIMARY KEY (size, witness)
) STRICT, WITHOUT ROWID;
"""

_RECEIPTS = """
CREATE TABLE receipts (
    run BLOB NOT NULL,
    party TEXT NOT NULL, -- empty: the service's own
    note TEXT NOT NULL,
    log_index INTEGER NOT NULL,
    PRIMARY KEY (run, party)
) STRICT, WITHOUT ROWID;
"""

_FINDING_BLOCKS = """
-- Findings as columns, in the order of their run's root, at most 4096 in a block. Written aside; they count once the
-- run is named in runs, as a segment does.
CREATE TABLE finding_blocks (
    run BLOB NOT NULL,
    first INTEGER NOT NULL, -- place of its first finding in the root
    findings INTEGER NOT NULL,
    asking TEXT NOT NULL,
    kinds TEXT NOT NULL, -- JSON: [answering party, rule codes] of each kind
    numbers BLOB NOT NULL, -- of each finding: which kind, 2 bytes
    ids BLOB NOT NULL, -- 32 bytes each
    asking_handles BLOB NOT NULL, -- 16 bytes each
    answering_handles BLOB NOT NULL, -- 16 bytes each; zeros where nobody answered
    PRIMARY KEY (run, first)
) STRICT;

-- Findings that were asked for at least once.
CREATE TABLE cases (
    finding BLOB PRIMARY KEY,
    run BLOB NOT NULL,
    position INTEGER NOT NULL, -- place in the run's root
    asking TEXT NOT NULL,
    answering TEXT NOT NULL,
    codes TEXT NOT NULL, -- JSON
    state TEXT NOT NULL,
    since INTEGER NOT NULL, -- last change of state; 0: none since the run
    request BLOB NOT NULL, -- digest of the newest request
    request_index INTEGER NOT NULL,
    expires INTEGER NOT NULL -- when the newest request lapses, seconds since 1970
) STRICT, WITHOUT ROWID;
CREATE INDEX cases_by_run ON cases (run, position);
"""

CONTROL = Schema(
    name="control.db",
    application_id=int.from_bytes(b"CdCo"),
    unmarked=tables_of(_FIRST + _COSIGNATURES + _RECEIPTS),
    steps=(_FIRST, _COSIGNATURES, _RECEIPTS, _FINDING_BLOCKS, findings_into_blocks),
    remedy="Restore a backup: `concordat-server restore`.",
)
