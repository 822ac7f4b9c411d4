"""SHA-256 of many rows behind one prefix: by the native crate where it is installed, else by hashlib.

Nothing that is hashed here is a secret. Both give the same bytes (tests/native/test_open.py).
"""

from __future__ import annotations

from hashlib import sha256

from keys import native


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
