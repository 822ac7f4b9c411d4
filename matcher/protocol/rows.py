"""A row as it is sent, its columns, its leaf, and the data its seal binds (design section 4, "Row sent by a side").

Layout, fixed width for one flow: op (1) | token (16) | handle (16) | the other side's envelope key (32) |
nonce (12) | own comparison vector sealed by AES-256-GCM (vector width + 16). A delete has zeros after the handle.
"""

from __future__ import annotations

from typing import NamedTuple

from matcher.protocol.errors import VerificationError
from matcher.protocol.suite import lp

PUT = 1
DELETE = 0
NONCE_SIZE = 12
TAG_SIZE = 16
_ROW_LABEL = b"concordat-v1 row"
_HEAD = 1 + 16 + 16
FIXED_SIZE = _HEAD + 32 + NONCE_SIZE
SORT_KEY = slice(1, _HEAD)
MAX_CHUNK_BYTES = 1 << 20

COLUMNS = (("op", 1), ("token", 16), ("handle", 16), ("envelope_key", 32), ("nonce", NONCE_SIZE))


class Row(NamedTuple):
    """One row, taken apart. ``envelope_key`` opens the other side's vector; ``sealed`` is this side's own."""

    op: int
    token: bytes
    handle: bytes
    envelope_key: bytes
    nonce: bytes
    sealed: bytes


def row_size(vector_width: int) -> int:
    """Bytes of one row for a flow whose comparison vector is ``vector_width`` bytes."""
    return FIXED_SIZE + vector_width + TAG_SIZE


def chunk_rows(vector_width: int) -> int:
    """Rows in one upload chunk, so that a chunk stays within MAX_CHUNK_BYTES."""
    return max(1, MAX_CHUNK_BYTES // row_size(vector_width))


def pack(row: Row) -> bytes:
    """The row's bytes, which are also its RFC 6962 leaf input."""
    return bytes((row.op,)) + row.token + row.handle + row.envelope_key + row.nonce + row.sealed


def unpack(data: bytes) -> Row:
    """Take a row's bytes apart. Raises VerificationError when they are too few for a row."""
    if len(data) < FIXED_SIZE:
        raise VerificationError(f"row: {len(data)} bytes are no row")
    return Row(data[0], data[1:17], data[17:33], data[33:65], data[65:77], data[77:])


def delete(token: bytes, handle: bytes, vector_width: int) -> bytes:
    """The bytes of a delete row."""
    return bytes((DELETE,)) + token + handle + bytes(row_size(vector_width) - _HEAD)


def row_aad_prefix(matching_digest: bytes, flow: str, period: str, side: str, party: str) -> bytes:
    """The part of the seal's associated data that one submission shares. ``side`` is "asking" or "answering"."""
    return lp(_ROW_LABEL) + matching_digest + lp(flow) + lp(period) + lp(side) + lp(party)


def row_aad(prefix: bytes, token: bytes, handle: bytes) -> bytes:
    """The associated data of one row's seal; ``prefix`` is from ``row_aad_prefix``."""
    return prefix + token + handle
