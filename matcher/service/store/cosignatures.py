"""Cosignatures by checkpoint: signature lines of witnesses, each verified before it is kept (acts/witnessing.py)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlite_utils import Database

from matcher.protocol import cosignature
from matcher.service.store.database import every, number, one


def add(transaction: Database, size: int, witness: str, line: str) -> int:
    """Keep a line of ``witness`` (a verifier key), the first one; returns how many the checkpoint has."""
    transaction.execute("INSERT OR IGNORE INTO cosignatures VALUES (?, ?, ?)", [size, witness, line])
    return number(transaction, "SELECT count(*) FROM cosignatures WHERE size = ?", [size])


def attached(transaction: Database, size: int, note: str) -> str:
    """The checkpoint's ``note`` with every cosignature kept for it."""
    lines = [
        record["line"]
        for record in every(transaction, "SELECT line FROM cosignatures WHERE size = ? ORDER BY witness", [size])
    ]
    return cosignature.attach(note, lines) if lines else note


def newest(transaction: Database, witnesses: Sequence[str], threshold: int, at_least: int) -> int | None:
    """The largest checkpoint of ``at_least`` entries that ``threshold`` of ``witnesses`` cosigned."""
    marks = ", ".join("?" * len(witnesses))
    sql = (
        f"SELECT size FROM cosignatures WHERE size >= ? AND witness IN ({marks}) "  # noqa: S608
        "GROUP BY size HAVING count(*) >= ? ORDER BY size DESC LIMIT 1"
    )
    record = one(transaction, sql, [at_least, *witnesses, threshold])
    return None if record is None else int(record["size"])
