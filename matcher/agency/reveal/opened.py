"""Opened payloads, kept in the vault beside the own rows (table ``opened``): content, and evidence.

The whole payload is kept, salt included: its digest is in the log, so an auditor who is shown it can check what was
revealed. One line for each finding.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matcher.agency.reveal import payload
from matcher.agency.reveal.payload import Payload
from matcher.agency.vault import schema

_SCHEMA = """
CREATE TABLE IF NOT EXISTS opened (
    finding BLOB PRIMARY KEY, agreement BLOB NOT NULL, flow TEXT NOT NULL, period TEXT NOT NULL,
    answering TEXT NOT NULL, row_id TEXT NOT NULL, link_column TEXT NOT NULL, codes TEXT NOT NULL,
    confirmed TEXT NOT NULL, delivery BLOB NOT NULL, payload BLOB NOT NULL, opened_at INTEGER NOT NULL
) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """One opened reveal. ``codes`` are the finding's, ``confirmed`` those that the plaintext bears out.

    ``delivery`` is the digest of the signed delivery; ``plain`` the payload's bytes; ``opened_at`` in seconds.
    """

    finding_id: bytes
    agreement: bytes
    flow: str
    period: str
    answering: str
    row_id: str
    link_column: str
    codes: tuple[str, ...]
    confirmed: tuple[str, ...]
    delivery: bytes
    plain: bytes
    opened_at: int

    def __repr__(self) -> str:
        return f"Opened({self.finding_id.hex()[:16]})"

    def payload(self) -> Payload:
        """What was revealed."""
        return payload.decode(self.plain)


@contextmanager
def _table(vault_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(schema.connect(vault_path)) as connection:
        connection.executescript(_SCHEMA)
        yield connection


def store(vault_path: Path, opened: Opened) -> None:
    """Keep an opened payload, durably; the first one of a finding stays."""
    with _table(vault_path) as connection:
        connection.execute(
            "INSERT INTO opened VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (finding) DO NOTHING",
            (
                opened.finding_id, opened.agreement, opened.flow, opened.period, opened.answering, opened.row_id,
                opened.link_column, ",".join(opened.codes), ",".join(opened.confirmed), opened.delivery, opened.plain,
                opened.opened_at,
            ),
        )  # fmt: skip


def listed(vault_path: Path, flow: str, period: str) -> list[Opened]:
    """Everything opened in a flow and period, by row id."""
    if not vault_path.is_file():
        return []
    with _table(vault_path) as connection:
        rows = connection.execute(
            "SELECT * FROM opened WHERE flow = ? AND period = ? ORDER BY row_id, link_column, finding", (flow, period)
        ).fetchall()
    return [_opened(row) for row in rows]


def _opened(row: tuple[Any, ...]) -> Opened:
    finding, agreement, flow, period, answering, row_id, link_column, codes, confirmed, delivery, plain, at = row
    return Opened(
        finding, agreement, flow, period, answering, row_id, link_column, _codes(codes), _codes(confirmed), delivery,
        plain, at,
    )  # fmt: skip


def _codes(text: str) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()
