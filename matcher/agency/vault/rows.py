"""Rows of sealed submissions, read back.

Left to others: what values and extras mean (records.py), and the checks before a reveal (the agent).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from matcher.agency.vault.blocks import SentRow, block_of, unpack_rows
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

    row: SentRow
    puts: int


_BLOCKS = """
SELECT blocks.rows, submissions.sequence
FROM scopes JOIN blocks USING (scope) JOIN submissions ON submissions.number = blocks.submission
WHERE scopes.flow = ? AND scopes.period = ? AND blocks.block = ?
  AND submissions.state = 'sealed' AND submissions.sequence <= ?
ORDER BY submissions.sequence DESC
"""
_PREVIOUS = """
SELECT rowid FROM blocks WHERE scope = ? AND block BETWEEN ? AND ? AND submission < ? ORDER BY submission, block
"""
_NEWEST = 2**62


def find_row(
    connection: sqlite3.Connection, flow: str, period: str, handle: bytes, sequence_at_most: int | None
) -> VaultRow:  # fmt: skip
    """The newest sealed version of ``handle`` up to ``sequence_at_most``. Raises NotFoundError: none, or deleted."""
    limit = _NEWEST if sequence_at_most is None else sequence_at_most
    for block, sequence in connection.execute(_BLOCKS, (flow, period, block_of(handle), limit)):
        for row in unpack_rows((block,)):
            if row.handle != handle:
                continue
            if row.op != PUT:
                raise _not_found(flow, period)
            values, extras = json.loads(row.content)
            return VaultRow(
                row.row_id.decode(), row.link_column.decode(), row.link_value.decode(), tuple(values), extras, row.leaf,
                sequence,
            )  # fmt: skip
    raise _not_found(flow, period)


def _not_found(flow: str, period: str) -> NotFoundError:
    return NotFoundError(f"vault: no row of this handle in {flow} {period}")


def previous_blocks(connection: sqlite3.Connection, scope: int, before: int, blocks: range) -> list[bytes]:
    """Those of ``blocks`` in submissions numbered below ``before``, which are all sealed; older ones first.

    Each is read straight to where it stays: a query would sort the blocks themselves, and hand out copies.
    """
    found = connection.execute(_PREVIOUS, (scope, blocks[0], blocks[-1], before)).fetchall()
    return [_block(connection, number) for (number,) in found]


def _block(connection: sqlite3.Connection, number: int) -> bytes:
    with connection.blobopen("blocks", "rows", number, readonly=True) as blob:
        return blob.read()


def previous_rows(blocks: Iterable[bytes]) -> dict[bytes, Previous]:
    """By handle: the newest version in ``blocks``, of which older ones come first."""
    newest: dict[bytes, Previous] = {}
    for row in unpack_rows(blocks):
        earlier = newest.get(row.handle)
        newest[row.handle] = Previous(row, (earlier.puts if earlier else 0) + (row.op == PUT))
    return newest
