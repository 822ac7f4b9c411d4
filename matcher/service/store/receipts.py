"""Receipts of runs: signed notes by party, and where their digests stand in the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from matcher.service.store.database import every


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """One receipt; ``party`` is empty for the service's own."""

    party: str
    note: str
    log_index: int


def add(transaction: Database, run: bytes, notes: Sequence[tuple[str, str]], log_index: int) -> None:
    """Keep (party, note) of a run, whose digests stand at ``log_index``."""
    transaction.conn.executemany(
        "INSERT INTO receipts VALUES (?, ?, ?, ?)", [(run, party, note, log_index) for party, note in notes]
    )


def of_run(transaction: Database, run: bytes) -> list[StoredReceipt]:
    """All receipts of a run, the service's first."""
    rows = every(transaction, "SELECT party, note, log_index FROM receipts WHERE run = ? ORDER BY party", [run])
    return [StoredReceipt(row["party"], row["note"], row["log_index"]) for row in rows]
