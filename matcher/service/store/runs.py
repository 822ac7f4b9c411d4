"""Match runs; what they found is in findings.py."""

from __future__ import annotations

from dataclasses import dataclass

from sqlite_utils import Database

from matcher.protocol.errors import NotFoundError
from matcher.service.store.database import Record, every, one
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


def _run(record: Record) -> Run:
    return Run(
        record["run"], record["inputs"], PeriodName(record["agreement_id"], record["flow"], record["period"]),
        record["findings_root"], record["findings"], record["log_index"], record["ran_at"],
    )  # fmt: skip
