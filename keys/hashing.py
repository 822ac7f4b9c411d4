"""SHA-256 of many rows at a time, for trees and ids: by the native crate where it is installed, else by hashlib.

Nothing that is hashed here is a secret. Both give the same bytes (tests/native/test_open.py, test_merkle.py).
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

from keys import native

_LEAF = b"\0"


def each(prefix: bytes, rows: bytes, row_size: int) -> bytes:
    """SHA-256 of ``prefix`` and each of the rows of ``row_size`` bytes, 32 bytes each."""
    crate = native.module()
    if crate is not None:
        return bytes(crate.sha256_each(prefix, rows, row_size))
    begun, digests = sha256(prefix), []
    for start in range(0, len(rows), row_size):
        state = begun.copy()
        state.update(rows[start : start + row_size])
        digests.append(state.digest())
    return b"".join(digests)


def leaves(rows: bytes, row_size: int) -> bytes:
    """RFC 6962 leaf hashes of the rows of ``row_size`` bytes, 32 bytes each, on this thread."""
    crate = native.module()
    return each(_LEAF, rows, row_size) if crate is None else bytes(crate.leaf_hashes(rows, row_size, threads=1))


def tree_extend() -> Callable[[bytes, bytes], bytes] | None:
    """The crate's way for merkle.CompactRange.extend_hashes to do its work; None where there is no crate."""
    crate = native.module()
    extend: Callable[[bytes, bytes], bytes] | None = None if crate is None else crate.tree_extend
    return extend
