"""Checking a chunk of rows before it is stored: every column, every size, and the order of rows (design section 4).

Rows arrive column by column and are packed here into the bytes that the manifest's root covers. Messages name row
numbers and columns, never a token.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from matcher.protocol import merkle, rows
from matcher.protocol.errors import InputError
from matcher.service.store.uploads import Upload

_TOKEN = slice(0, 16)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of rows as columns; every column has ``count`` times its width in bytes."""

    first: int
    count: int
    columns: dict[str, bytes]


def check(chunk: Chunk, upload: Upload) -> bytes:
    """The chunk's packed rows, checked against what the upload holds so far. Raises InputError."""
    _check_position(chunk, upload)
    widths = [*rows.COLUMNS, ("sealed", upload.row_size - rows.FIXED_SIZE)]
    parts = []
    for name, width in widths:
        column = chunk.columns[name]
        if len(column) != chunk.count * width:
            raise InputError(f"column {name}: {len(column)} bytes for {chunk.count} rows of {width}")
        parts.append([column[start : start + width] for start in range(0, len(column), width)])
    packed = list(map(b"".join, zip(*parts, strict=True)))
    _check_operations(chunk, packed, upload.row_size)
    return b"".join(packed)


def _check_position(chunk: Chunk, upload: Upload) -> None:
    if chunk.first != upload.spooled:
        raise InputError(
            f"the chunk starts at row {chunk.first}; {upload.spooled} rows are on disk",
            remedy="Open the upload again and go on from the row it names.",
        )
    if chunk.count < 1 or chunk.first + chunk.count > upload.rows:
        raise InputError(f"{chunk.count} rows from row {chunk.first}; {upload.rows} rows were announced")
    if chunk.count * upload.row_size > rows.MAX_CHUNK_BYTES and chunk.count > 1:
        raise InputError(f"a chunk of {chunk.count} rows is larger than {rows.MAX_CHUNK_BYTES} bytes")


def _check_operations(chunk: Chunk, packed: list[bytes], row_size: int) -> None:
    operations = chunk.columns["op"]
    if operations.count(rows.PUT) == len(operations):
        return
    head = rows.SORT_KEY.stop
    zeros = bytes(row_size - head)
    for offset, operation in enumerate(operations):
        if operation not in (rows.PUT, rows.DELETE):
            raise InputError(f"row {chunk.first + offset}: op is neither put nor delete")
        if operation == rows.DELETE and packed[offset][head:] != zeros:
            raise InputError(f"row {chunk.first + offset}: a delete has zeros after the handle")


def accept(packed: bytes, upload: Upload) -> Upload:
    """The upload with the packed rows added: order, repeats and the Merkle edge. Raises InputError.

    Rows ascend strictly by (token, handle). Of one token, at most ``per_token`` rows are put: the flow's ``multiple``
    for the asking side, one for an answering side. A delete makes room, so it counts for nothing: a record whose row
    id was corrected is a delete and a put of one token.
    """
    size = upload.row_size
    leaves = [packed[start : start + size] for start in range(0, len(packed), size)]
    repeats, previous = upload.repeats, upload.last_key
    keys = [leaf[rows.SORT_KEY] for leaf in leaves]
    for offset, (left, right) in enumerate(pairwise([previous, *keys])):
        if left >= right:
            raise InputError(f"row {upload.spooled + offset}: rows do not ascend by token and handle")
        repeats = (repeats if left[_TOKEN] == right[_TOKEN] else 0) + (leaves[offset][0] == rows.PUT)
        if repeats > upload.per_token:
            raise InputError(
                f"row {upload.spooled + offset}: more than {upload.per_token} rows of one token",
                remedy="Send one row per link value, or agree on `multiple` for the flow.",
            )
    edge = merkle.CompactRange.from_bytes(upload.edge)
    edge.extend(leaves)
    return replace(
        upload, spooled=upload.spooled + len(leaves), edge=edge.to_bytes(), last_key=keys[-1], repeats=repeats
    )
