"""Rows of one submission as the vault keeps them: blocks by the top ten bits of their handles, packed, in their order.

A block is what is looked up and what a delta reads, so a submission of a million rows is a thousand inserts. One row:
handle (16) | token (16) | leaf (32) | op (1) | lengths of the four that follow (1, 2, 2, 4) | link column | row id |
link value | content. Left to others: where blocks stand (rows.py, filling.py), what the content means (records.py).
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Iterator
from itertools import accumulate, groupby
from typing import NamedTuple

from matcher.agency.submit.buckets import BUCKETS
from matcher.protocol.rows import PUT

BLOCKS = 1024
_SHIFT = 6
_HEAD = struct.Struct(">16s16s32sBBHHI")
_BLOCK = struct.Struct(">HII")


class SentRow(NamedTuple):
    """One version of one row, texts as UTF-8. ``content`` is empty for a delete."""

    handle: bytes
    op: int
    row_id: bytes
    link_column: bytes
    link_value: bytes
    content: bytes
    token: bytes
    leaf: bytes


class Block(NamedTuple):
    """``rows`` are ``size`` packed rows whose handles begin with ``number``."""

    number: int
    size: int
    rows: bytes


def block_of(handle: bytes) -> int:
    """The block of a handle: its top ten bits."""
    return int.from_bytes(handle[:2], "big") >> _SHIFT


def blocks_of_bucket(bucket: int) -> range:
    """The blocks of one bucket of the spool (submit/buckets.py)."""
    share = BLOCKS // BUCKETS
    return range(bucket * share, (bucket + 1) * share)


def bucket_of_block(block: int) -> int:
    """The bucket that ``block`` is in."""
    return block * BUCKETS // BLOCKS


def pack_blocks(sent: list[SentRow]) -> bytes:
    """The blocks of ``sent``, which is sorted here, one after the other with their numbers and sizes."""
    sent.sort()
    packed = []
    for number, group in groupby(sent, key=lambda row: block_of(row.handle)):
        rows = [_pack(row) for row in group]
        data = b"".join(rows)
        packed.append(_BLOCK.pack(number, len(rows), len(data)) + data)
    return b"".join(packed)


def unpack_blocks(data: bytes) -> Iterator[Block]:
    """The blocks that ``pack_blocks`` packed."""
    position = 0
    while position < len(data):
        number, size, length = _BLOCK.unpack_from(data, position)
        start = position + _BLOCK.size
        position = start + length
        yield Block(number, size, data[start:position])


def unpack_rows(blocks: Iterable[bytes]) -> Iterator[SentRow]:
    """The rows of blocks, in their order."""
    for data in blocks:
        position = 0
        while position < len(data):
            handle, token, leaf, op, *sizes = _HEAD.unpack_from(data, position)
            column, row_id, link, content, position = accumulate(sizes, initial=position + _HEAD.size)
            yield SentRow(
                handle, op, data[row_id:link], data[column:row_id], data[link:content], data[content:position], token,
                leaf,
            )  # fmt: skip


def rows_in(block: bytes) -> int:
    """How many rows a block is."""
    count = position = 0
    unpack, size = _HEAD.unpack_from, _HEAD.size
    while position < len(block):
        position += size + sum(unpack(block, position)[4:])
        count += 1
    return count


def unpack_newest(
    blocks: Iterable[bytes], wanted: Collection[bytes]
) -> tuple[dict[bytes, bytes], dict[bytes, SentRow]]:
    """By handle, (row ids, the ``wanted`` rows) of what stands once all ``blocks`` are applied, in their order.

    A row that nobody wants costs no more than its handle and row id.
    """
    row_ids: dict[bytes, bytes] = {}
    sent: dict[bytes, SentRow] = {}
    unpack, size = _HEAD.unpack_from, _HEAD.size
    for data in blocks:
        position = 0
        while position < len(data):
            handle, token, leaf, op, column_size, row_id_size, link_size, content_size = unpack(data, position)
            column = position + size
            row_id = column + column_size
            link = row_id + row_id_size
            content = link + link_size
            position = content + content_size
            if op != PUT:
                row_ids.pop(handle, None)
                sent.pop(handle, None)
                continue
            row_ids[handle] = data[row_id:link]
            if handle in wanted:
                sent[handle] = SentRow(
                    handle, op, data[row_id:link], data[column:row_id], data[link:content], data[content:position],
                    token, leaf,
                )  # fmt: skip
    return row_ids, sent


def _pack(row: SentRow) -> bytes:
    handle, op, row_id, column, link, content, token, leaf = row
    head = _HEAD.pack(handle, token, leaf, op, len(column), len(row_id), len(link), len(content))
    return head + column + row_id + link + content
