"""A record between its file and its blinded row: the binary form in which it is staged.

handle (16) | file (2) | line (4) | column (1) | lengths of the three that follow (2, 2, 4) | row id | link value |
content. Content is the JSON of [values, extras] that the vault keeps. Column is the index of the link column.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from keys import native
from keys.native import Column
from matcher.agency.vault.blocks import block_of

_HEAD = struct.Struct(">16sHIBHHI")
_pack = _HEAD.pack


class Staged(NamedTuple):
    """One record. ``file`` counts from 0 in the order of the command line."""

    handle: bytes
    file: int
    line: int
    column: int
    row_id: bytes
    link_value: bytes
    content: bytes


def pack(
    handle: bytes, file: int, line: int, column: int, row_id: bytes, link_value: bytes, content: bytes
) -> bytes:  # fmt: skip
    """The staged bytes of one record."""
    head = _pack(handle, file, line, column, len(row_id), len(link_value), len(content))
    return head + row_id + link_value + content


def unpack(data: bytes) -> Iterator[Staged]:
    """The records of one bucket, in the order they were staged."""
    position, end, size = 0, len(data), _HEAD.size
    while position < end:
        handle, file, line, column, row_id_size, link_size, content_size = _HEAD.unpack_from(data, position)
        row_id_start = position + size
        link_start = row_id_start + row_id_size
        content_start = link_start + link_size
        position = content_start + content_size
        yield Staged(
            handle, file, line, column, data[row_id_start:link_start], data[link_start:content_start],
            data[content_start:position],
        )  # fmt: skip


def within(data: bytes, blocks: range) -> bytes:
    """The records whose handles fall into ``blocks`` (vault/blocks.py), in the order they were staged."""
    if (crate := native.module()) is not None:
        return bytes(crate.staged_within(data, blocks[0], blocks[-1]))
    return b"".join(pack(*record) for record in unpack(data) if block_of(record.handle) in blocks)


def link_values(data: bytes) -> Column:
    """The link values of one bucket, in the order they were staged."""
    if (crate := native.module()) is None:
        return native.column([record.link_value for record in unpack(data)])
    values, offsets = crate.staged_links(data)
    return values, offsets
