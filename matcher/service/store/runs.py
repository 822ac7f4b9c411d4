"""Match runs and their findings, with the state each finding's case is in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlite_utils import Database

from matcher.protocol.errors import NotFoundError, StateError
from matcher.service.store.database import Record, every, number, one
from matcher.service.store.periods import PeriodName


@dataclass(frozen=True, slots=True)
class Run:
    """One run. ``run`` is its digest, ``inputs`` the digest of what was matched, ``ran_at`` in ms."""

    run: bytes
    inputs: bytes
    name: PeriodName
    findings_root: bytes
    findings: int
    log_index: int
    ran_at: int


@dataclass(frozen=True, slots=True)
class NewFinding:
    """A finding to keep: id, leaf, and the two sides (``answering`` is empty for an unmatched row)."""

    finding: bytes
    leaf: bytes
    asking: str
    answering: str


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A finding and its case. ``since`` in ms (0: no step since the run), ``expires`` in seconds (0: no request)."""

    run: bytes
    position: int
    finding: bytes
    asking: str
    answering: str
    leaf: bytes
    state: str
    since: int
    request: bytes
    request_index: int
    expires: int


def set_aside(transaction: Database, run: bytes, first: int, findings: Iterable[NewFinding], state: str) -> None:
    """Write findings of a run that is not named yet, from position ``first`` on, all in ``state``."""
    transaction.conn.executemany(
        "INSERT INTO findings (run, position, finding, asking, answering, leaf, state) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            (run, position, item.finding, item.asking, item.answering, item.leaf, state)
            for position, item in enumerate(findings, first)
        ),
    )


def require_complete(transaction: Database, run: bytes, count: int) -> None:
    """Raise StateError unless ``count`` findings of the run were written aside: a root over others would be false."""
    written = number(transaction, "SELECT count(*) FROM findings WHERE run = ?", [run])
    if written != count:
        raise StateError(f"{written} of {count} findings were written", remedy="Wait, then try again.")


def drop_unnamed(transaction: Database) -> int:
    """Remove findings that an interrupted run left behind; how many there were."""
    cursor = transaction.execute("DELETE FROM findings WHERE run NOT IN (SELECT run FROM runs)")
    return int(cursor.rowcount)


def add(transaction: Database, run: Run) -> None:
    """Name a run: from here on it and its findings count."""
    transaction.execute(
        "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [run.run, run.inputs, *run.name.values(), run.findings_root, run.findings, run.log_index, run.ran_at],
    )


def by_inputs(transaction: Database, inputs: bytes) -> Run | None:
    """The run that these inputs already had."""
    record = one(transaction, "SELECT * FROM runs WHERE inputs = ?", [inputs])
    return _run(record) if record else None


def find(transaction: Database, run: bytes) -> Run:
    """The run with this digest. Raises NotFoundError."""
    record = one(transaction, "SELECT * FROM runs WHERE run = ?", [run])
    if record is None:
        raise NotFoundError("no such run")
    return _run(record)


def of_period(transaction: Database, name: PeriodName) -> list[Run]:
    """Runs of a period, newest last."""
    sql = "SELECT * FROM runs WHERE agreement_id = ? AND flow = ? AND period = ? ORDER BY log_index"
    return [_run(record) for record in every(transaction, sql, name.values())]


def leaves(transaction: Database, run: bytes) -> Iterator[bytes]:
    """All leaves of a run, in the order of its root."""
    for record in every(transaction, "SELECT leaf FROM findings WHERE run = ? ORDER BY position", [run]):
        yield record["leaf"]


def findings_of(transaction: Database, run: bytes, party: str, first: int, limit: int) -> list[StoredFinding]:
    """At most ``limit`` findings of a run that concern ``party``, from position ``first`` on."""
    sql = (
        "SELECT * FROM findings WHERE run = ? AND ? IN (asking, answering) AND position >= ? ORDER BY position LIMIT ?"
    )
    return [_finding(record) for record in every(transaction, sql, [run, party, first, limit])]


def count_of(transaction: Database, run: bytes, party: str) -> int:
    """How many findings of a run concern ``party``."""
    return number(transaction, "SELECT count(*) FROM findings WHERE run = ? AND ? IN (asking, answering)", [run, party])


def finding(
    transaction: Database, finding_id: bytes, name: PeriodName, asking: str, answering: str
) -> StoredFinding | None:  # fmt: skip
    """The finding of this period between these two parties, or None."""
    record = one(
        transaction,
        "SELECT findings.* FROM findings JOIN runs USING (run) WHERE finding = ? AND asking = ? AND answering = ? "
        "AND agreement_id = ? AND flow = ? AND period = ?",
        [finding_id, asking, answering, *name.values()],
    )
    return _finding(record) if record else None


def set_state(transaction: Database, item: StoredFinding, state: str, time: int) -> None:
    """Move a finding's case to ``state`` (ms)."""
    transaction.execute(
        "UPDATE findings SET state = ?, since = ? WHERE run = ? AND position = ?",
        [state, time, item.run, item.position],
    )


def set_request(transaction: Database, item: StoredFinding, request: bytes, index: int, expires: int) -> None:
    """Tie a finding to its newest request: message digest, log index, expiry in seconds."""
    transaction.execute(
        "UPDATE findings SET request = ?, request_index = ?, expires = ? WHERE run = ? AND position = ?",
        [request, index, expires, item.run, item.position],
    )


def erase_findings(transaction: Database, name: PeriodName) -> int:
    """Erase the findings of a purged period; how many there were. Runs and roots stay, as the log holds them too."""
    count = number(
        transaction,
        "SELECT count(*) FROM findings JOIN runs USING (run) WHERE agreement_id = ? AND flow = ? AND period = ?",
        name.values(),
    )
    transaction.execute(
        "DELETE FROM findings WHERE run IN (SELECT run FROM runs WHERE agreement_id = ? AND flow = ? AND period = ?)",
        name.values(),
    )
    return count


def _run(record: Record) -> Run:
    return Run(
        record["run"], record["inputs"], PeriodName(record["agreement_id"], record["flow"], record["period"]),
        record["findings_root"], record["findings"], record["log_index"], record["ran_at"],
    )  # fmt: skip


def _finding(record: Record) -> StoredFinding:
    return StoredFinding(**record)
