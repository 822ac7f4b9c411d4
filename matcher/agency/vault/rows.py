"""Rows of sealed submissions, read back.

Left to others: what values and extras mean (records.py), and the checks before a reveal (the agent).
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any, NamedTuple

from matcher.protocol.errors import NotFoundError
from matcher.protocol.rows import PUT


@dataclass(frozen=True, slots=True)
class VaultRow:
    """One version of one row, as it was sent.

    ``values`` are the normalised fields in the flow's order (None: unknown); ``extras`` are the file's own texts by
    column name; ``leaf`` is the 32-byte RFC 6962 leaf hash of the row as sent; ``sequence`` is the submission's.
    ``link_column`` is the column that ``link_value`` stood in. Content: never print or log it.
    """

    row_id: str
    link_column: str
    link_value: str
    values: tuple[Any, ...]
    extras: dict[str, str]
    leaf: bytes
    sequence: int

    def __repr__(self) -> str:
        return f"VaultRow(sequence={self.sequence}, <content>)"


class Previous(NamedTuple):
    """What the next delta needs of a handle: its newest version, and how many versions were put."""

    op: int
    content: str
    row_id: str
    link_column: str
    link_value: str
    token: bytes
    puts: int


_ROW = """
SELECT sent.row_id, sent.link_column, sent.link_value, sent.content, sent.leaf, submissions.sequence, sent.op
FROM scopes JOIN sent USING (scope) JOIN submissions ON submissions.number = sent.submission
WHERE scopes.flow = ? AND scopes.period = ? AND sent.handle = ?
  AND submissions.state = 'sealed' AND submissions.sequence <= ?
ORDER BY submissions.sequence DESC LIMIT 1
"""
# SQLite gives the other columns of the row that has the max().
_PREVIOUS = """
SELECT handle, max(submission), op, content, row_id, link_column, link_value, token, sum(op = 1)
FROM sent WHERE scope = ? AND handle BETWEEN ? AND ? AND submission < ? GROUP BY handle
"""
_NEWEST = 2**62


def find_row(
    connection: sqlite3.Connection, flow: str, period: str, handle: bytes, sequence_at_most: int | None
) -> VaultRow:  # fmt: skip
    """The newest sealed version of ``handle`` up to ``sequence_at_most``. Raises NotFoundError: none, or deleted."""
    limit = _NEWEST if sequence_at_most is None else sequence_at_most
    found = connection.execute(_ROW, (flow, period, handle, limit)).fetchone()
    if found is None or found[6] != PUT:
        raise NotFoundError(f"vault: no row of this handle in {flow} {period}")
    values, extras = json.loads(found[3])
    return VaultRow(found[0], found[1], found[2], tuple(values), extras, found[4], found[5])


def previous_rows(
    connection: sqlite3.Connection, scope: int, before: int, low: bytes, high: bytes
) -> dict[bytes, Previous]:
    """By handle in [low, high]: the newest version in submissions numbered below ``before``, which are all sealed."""
    return {
        handle: Previous(op, content, row_id, column, link_value, token, puts)
        for handle, _submission, op, content, row_id, column, link_value, token, puts in connection.execute(
            _PREVIOUS, (scope, low, high, before)
        )
    }
