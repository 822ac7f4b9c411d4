"""Match runs and their findings, with the state each finding's case is in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from matcher.protocol.errors import NotFoundError
from matcher.service.store.database import Record, every, number, one
from matcher.service.store.periods import PeriodName


@dataclass(frozen=True, slots=True)
class Run:
    """One run. ``run`` is its digest, ``inputs`` the digest of what was matched."""

    run: bytes
    inputs: bytes
    name: PeriodName
    findings_root: bytes
    findings: int
    log_index: int


@dataclass(frozen=True, slots=True)
class NewFinding:
    """A finding to keep: id, leaf, and the two sides (``answering`` is empty for an unmatched row)."""

    finding: bytes
    leaf: bytes
    asking: str
    answering: str


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A finding and its case. ``since`` in ms, ``expires`` in seconds (0: no request yet)."""

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


def add(transaction: Database, run: Run, findings: Sequence[NewFinding], state: str, time: int) -> None:
    """Keep a run and its findings, all in ``state`` since ``time`` (ms)."""
    transaction.execute(
        "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [run.run, run.inputs, *run.name.values(), run.findings_root, run.findings, run.log_index],
    )
    transaction.conn.executemany(
        "INSERT INTO findings (run, position, finding, asking, answering, leaf, state, since) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            (run.run, position, item.finding, item.asking, item.answering, item.leaf, state, time)
            for position, item in enumerate(findings)
        ),
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


def findings_of(transaction: Database, run: bytes, party: str) -> Iterator[StoredFinding]:
    """The findings of a run that concern ``party``."""
    sql = "SELECT * FROM findings WHERE run = ? AND ? IN (asking, answering) ORDER BY position"
    for record in every(transaction, sql, [run, party]):
        yield _finding(record)


def finding(transaction: Database, finding_id: bytes) -> StoredFinding:
    """One finding. Raises NotFoundError."""
    record = one(transaction, "SELECT * FROM findings WHERE finding = ?", [finding_id])
    if record is None:
        raise NotFoundError("no such finding")
    return _finding(record)


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
        record["findings_root"], record["findings"], record["log_index"],
    )  # fmt: skip


def _finding(record: Record) -> StoredFinding:
    return StoredFinding(**record)
