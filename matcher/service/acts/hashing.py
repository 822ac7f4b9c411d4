"""The Merkle edge of an upload, a chunk at a time: by the native crate where it is installed, else by hashlib.

Both give the same bytes (tests/native/test_merkle.py). Hashes are of public bytes; the crate sees no secret here.
"""

from __future__ import annotations

from keys import native
from matcher.protocol import merkle


def extend(edge: merkle.CompactRange, packed: bytes, row_size: int) -> None:
    """Append rows of ``row_size`` bytes as leaves."""
    crate = native.module()
    if crate is None:
        edge.extend(packed[start : start + row_size] for start in range(0, len(packed), row_size))
        return
    edge.extend_hashes(crate.leaf_hashes(packed, row_size), crate.tree_extend)
