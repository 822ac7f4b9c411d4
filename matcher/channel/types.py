"""What the service answers, as plain values: generated types stay inside convert.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matcher.protocol.messages import SignedMessage


@dataclass(frozen=True, slots=True)
class Hello:
    """First contact. ``time`` is the service's clock in ms; ``log_key`` is a C2SP verifier key."""

    suite: str
    server_version: str
    time: int
    log_origin: str
    log_key: str
    max_chunk_bytes: int
    party: str


@dataclass(frozen=True, slots=True)
class Greeted:
    """``hello`` was given at ``moment`` by our clock, half-way through the ``seconds`` that the call took."""

    hello: Hello
    moment: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Published:
    """An agreement as the service holds it. The files are empty in listings."""

    digest: bytes
    matching_file: bytes
    agreement_file: bytes
    signatures: tuple[SignedMessage, ...]
    missing: tuple[str, ...]
    in_force: bool


@dataclass(frozen=True, slots=True)
class Logged:
    """Where an act stands in the log: index, entry (canonical JSON), a checkpoint note that includes it, the proof."""

    index: int
    entry: bytes
    checkpoint: str
    inclusion: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class UploadState:
    """Rows already on disk, and whether the submission was sealed before."""

    next_row: int
    sealed: bool


@dataclass(frozen=True, slots=True)
class SubmissionInfo:
    """One sealed submission; ``sealed_at`` in ms."""

    party: str
    sequence: int
    rows: int
    manifest_digest: bytes
    sealed_at: int
    log_index: int


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One match run."""

    run_digest: bytes
    findings_root: bytes
    findings: int
    logged: Logged


@dataclass(frozen=True, slots=True)
class RunProgress:
    """Progress of a match; ``run`` is set in the last one. ``total`` is 0 when unknown."""

    stage: str
    done: int
    total: int
    run: RunInfo | None


@dataclass(frozen=True, slots=True)
class FindingItem:
    """One finding's leaf with its proof to the findings root, and its state; ``since`` in ms."""

    leaf: bytes
    index: int
    size: int
    inclusion: tuple[bytes, ...]
    state: str
    request_index: int
    since: int


@dataclass(frozen=True, slots=True)
class FindingCase:
    """The case of the finding at ``position`` of the findings tree; ``since`` in ms."""

    position: int
    state: str
    request_index: int
    since: int


@dataclass(frozen=True, slots=True)
class FindingColumns:
    """The caller's findings among places [first, end) of the findings tree, as columns.

    ``kinds`` are (answering party, codes). ``positions`` are 4 bytes for each finding and ``numbers``, of its kind, 2,
    little-endian; handles 16. ``hidden``: see merkle.complete_subtrees, 32 bytes each. ``since`` in ms is of those
    without a case.
    """

    first: int
    end: int
    kinds: tuple[tuple[str, tuple[str, ...]], ...]
    positions: bytes
    numbers: bytes
    asking_handles: bytes
    answering_handles: bytes
    cases: tuple[FindingCase, ...]
    hidden: bytes
    since: int


@dataclass(frozen=True, slots=True)
class Receipts:
    """Receipts of a run: signed notes by party ("" is the service), and the log entry that holds their digests."""

    notes: Mapping[str, str]
    logged: Logged


@dataclass(frozen=True, slots=True)
class MailItem:
    """A message to us as it stands in the log."""

    message: SignedMessage
    attachment: bytes
    index: int
    entry: bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows of an upload, as packed bytes (rows.pack), ``count`` of them, starting at row ``first``."""

    first: int
    count: int
    rows: bytes
