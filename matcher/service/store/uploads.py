"""Uploads under way and sealed submissions, as control data; the rows themselves are in spools and segments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlite_utils import Database

from matcher.protocol.errors import NotFoundError
from matcher.service import policy
from matcher.service.store.database import Record, every, number, one
from matcher.service.store.periods import PeriodName


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload. ``spooled`` rows are acknowledged; ``edge``, ``last_key`` and ``repeats`` describe their end."""

    submission: bytes
    agreement: bytes
    name: PeriodName
    party: str
    sequence: int
    rows: int
    row_size: int
    per_token: int
    spooled: int
    edge: bytes
    last_key: bytes
    repeats: int


@dataclass(frozen=True, slots=True)
class Submission:
    """One sealed submission; ``manifest`` is the digest of the signed manifest, ``sealed_at`` in ms."""

    manifest: bytes
    submission: bytes
    name: PeriodName
    party: str
    side: str
    sequence: int
    rows: int
    sealed_at: int
    log_index: int


def find(transaction: Database, submission: bytes, party: str) -> Upload:
    """The party's upload. Raises NotFoundError, also for another party's."""
    record = one(transaction, "SELECT * FROM uploads WHERE submission = ? AND party = ?", [submission, party])
    if record is None:
        if is_taken(transaction, submission):
            raise policy.ConcealedError(
                "not-the-sender", "no such upload of this party is open", remedy="Open the upload first."
            )
        raise NotFoundError("no such upload of this party is open", remedy="Open the upload first.")
    return _upload(record)


def under_way(transaction: Database, name: PeriodName, party: str) -> Upload | None:
    """The party's upload of a period, if one is open."""
    record = one(
        transaction, "SELECT * FROM uploads WHERE agreement_id = ? AND flow = ? AND period = ? AND party = ?",
        [*name.values(), party],
    )  # fmt: skip
    return _upload(record) if record else None


def of_period(transaction: Database, name: PeriodName) -> list[Upload]:
    """Every open upload of a period."""
    sql = "SELECT * FROM uploads WHERE agreement_id = ? AND flow = ? AND period = ?"
    return [_upload(record) for record in every(transaction, sql, name.values())]


def add(transaction: Database, upload: Upload) -> None:
    """Keep a new upload."""
    transaction.execute(
        "INSERT INTO uploads VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            upload.submission, upload.agreement, *upload.name.values(), upload.party, upload.sequence, upload.rows,
            upload.row_size, upload.per_token, upload.spooled, upload.edge, upload.last_key, upload.repeats,
        ],
    )  # fmt: skip


def advance(transaction: Database, upload: Upload) -> None:
    """Record what is on disk."""
    transaction.execute(
        "UPDATE uploads SET spooled = ?, edge = ?, last_key = ?, repeats = ? WHERE submission = ?",
        [upload.spooled, upload.edge, upload.last_key, upload.repeats, upload.submission],
    )


def remove(transaction: Database, submission: bytes) -> None:
    """Forget an upload: sealed, replaced or purged."""
    transaction.execute("DELETE FROM uploads WHERE submission = ?", [submission])


def all_submissions(transaction: Database) -> set[bytes]:
    """Ids of the uploads under way."""
    return {record["submission"] for record in every(transaction, "SELECT submission FROM uploads")}


def _upload(record: Record) -> Upload:
    return Upload(
        record["submission"], record["agreement"],
        PeriodName(record["agreement_id"], record["flow"], record["period"]), record["party"], record["sequence"],
        record["rows"], record["row_size"], record["per_token"], record["spooled"], record["edge"],
        record["last_key"], record["repeats"],
    )  # fmt: skip


def add_sealed(transaction: Database, sealed: Submission) -> None:
    """Name a segment: from here on it counts."""
    transaction.execute(
        "INSERT INTO submissions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            sealed.manifest, sealed.submission, *sealed.name.values(), sealed.party, sealed.side, sealed.sequence,
            sealed.rows, sealed.sealed_at, sealed.log_index,
        ],
    )  # fmt: skip


def sealed_in(transaction: Database, name: PeriodName) -> list[Submission]:
    """Sealed submissions of a period, in order of sealing."""
    sql = "SELECT * FROM submissions WHERE agreement_id = ? AND flow = ? AND period = ? ORDER BY log_index"
    return [_submission(record) for record in every(transaction, sql, name.values())]


def sealed_by_id(transaction: Database, submission: bytes, party: str) -> Submission | None:
    """The party's sealed submission with this id, if it is sealed."""
    record = one(transaction, "SELECT * FROM submissions WHERE submission = ? AND party = ?", [submission, party])
    return _submission(record) if record else None


def is_taken(transaction: Database, submission: bytes) -> bool:
    """Whether any party's upload or submission has this id."""
    return (
        number(
            transaction,
            "SELECT (SELECT count(*) FROM uploads WHERE submission = ?) "
            "+ (SELECT count(*) FROM submissions WHERE submission = ?)",
            [submission, submission],
        )
        > 0
    )


def segments_in_use(transaction: Database) -> Iterator[bytes]:
    """Ids of sealed submissions whose period was not purged."""
    sql = "SELECT submission FROM submissions JOIN periods USING (agreement_id, flow, period) WHERE purged_at IS NULL"
    for record in every(transaction, sql):
        yield record["submission"]


def _submission(record: Record) -> Submission:
    return Submission(
        record["manifest"], record["submission"],
        PeriodName(record["agreement_id"], record["flow"], record["period"]), record["party"], record["side"],
        record["sequence"], record["rows"], record["sealed_at"], record["log_index"],
    )  # fmt: skip
