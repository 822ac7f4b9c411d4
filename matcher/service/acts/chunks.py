"""Checking a chunk of rows before it is stored: every column, every size, and the order of rows (design section 4).

Rows arrive column by column and are packed here into the bytes that the manifest's root covers. All of it is over whole
columns, never row by row. Messages name row numbers and columns, never a token.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from keys import hashing, native
from matcher.protocol import merkle, rows
from matcher.protocol.errors import InputError
from matcher.service.acts import ascending
from matcher.service.store.uploads import Upload

_Matrix = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of rows as columns; every column has ``count`` times its width in bytes."""

    first: int
    count: int
    columns: dict[str, bytes]


def check(chunk: Chunk, upload: Upload) -> bytes:
    """The chunk's packed rows, checked against what the upload holds so far. Raises InputError."""
    _check_position(chunk, upload)
    widths = {**dict(rows.COLUMNS), "sealed": upload.row_size - rows.FIXED_SIZE}
    columns = [chunk.columns[name] for name in widths]
    for (name, width), column in zip(widths.items(), columns, strict=True):
        if len(column) != chunk.count * width:
            raise InputError(f"column {name}: {len(column)} bytes for {chunk.count} rows of {width}")
    packed = _packed(columns, list(widths.values()), chunk.count)
    _check_operations(chunk, np.frombuffer(packed, np.uint8).reshape(chunk.count, upload.row_size))
    return packed


def _packed(columns: list[bytes], widths: list[int], count: int) -> bytes:
    """The rows of columns: by the native crate where it is installed, which fills one buffer and not two."""
    crate = native.module()
    if crate is not None:
        return bytes(crate.join_columns(columns, widths))
    matrices = [np.frombuffer(column, np.uint8).reshape(count, -1) for column in columns]
    return np.concatenate(matrices, axis=1).tobytes()


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


def _check_operations(chunk: Chunk, packed: _Matrix) -> None:
    """Raise InputError, naming the first such row, for an op that is none and for a delete that carries something."""
    operations = packed[:, 0]
    others = np.flatnonzero(operations != rows.PUT)
    if not len(others):
        return
    unknown = operations[others] != rows.DELETE
    wrong = np.flatnonzero(unknown | packed[others, rows.SORT_KEY.stop :].any(axis=1))
    if not len(wrong):
        return
    row = chunk.first + int(others[wrong[0]])
    if unknown[wrong[0]]:
        raise InputError(f"row {row}: op is neither put nor delete")
    raise InputError(f"row {row}: a delete has zeros after the handle")


def accept(packed: bytes, upload: Upload) -> Upload:
    """The upload with the packed rows added: order, repeats and the Merkle edge. Raises InputError.

    Rows ascend strictly by (token, handle). Of one token, at most ``per_token`` rows are put: the flow's ``multiple``
    for the asking side, one for an answering side. A delete makes room, so it counts for nothing: a record whose row
    id was corrected is a delete and a put of one token.
    """
    matrix = np.frombuffer(packed, np.uint8).reshape(-1, upload.row_size)
    keys = ascending.keys(matrix[:, rows.SORT_KEY], upload.last_key)
    unordered = ascending.first_unordered(keys)
    repeats = ascending.repeats(keys, matrix[:, 0] == rows.PUT, upload.repeats)
    crowded = np.flatnonzero(repeats > upload.per_token)
    if unordered is not None and not (len(crowded) and crowded[0] < unordered):
        raise InputError(f"row {upload.spooled + unordered}: rows do not ascend by token and handle")
    if len(crowded):
        raise InputError(
            f"row {upload.spooled + int(crowded[0])}: more than {upload.per_token} rows of one token",
            remedy="Send one row per link value, or agree on `multiple` for the flow.",
        )
    edge = merkle.CompactRange.from_bytes(upload.edge)
    edge.extend_hashes(hashing.leaves(packed, upload.row_size), hashing.tree_extend())
    return replace(
        upload, spooled=upload.spooled + len(matrix), edge=edge.to_bytes(),
        last_key=matrix[-1, rows.SORT_KEY].tobytes(), repeats=int(repeats[-1]),
    )  # fmt: skip
