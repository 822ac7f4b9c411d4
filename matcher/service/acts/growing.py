"""Growing Merkle trees by many leaves at a time: by the native crate where it is installed, else by hashlib.

Both give the same bytes (tests/native/test_merkle.py). What is hashed is no secret.
"""

from __future__ import annotations

from keys import native
from matcher.protocol import merkle
from matcher.protocol.finding_columns import Matrix


def by_rows(tree: merkle.CompactRange, packed: bytes, row_size: int) -> None:
    """Append rows of ``row_size`` bytes as leaves."""
    crate = native.module()
    if crate is None:
        tree.extend(packed[start : start + row_size] for start in range(0, len(packed), row_size))
        return
    tree.extend_hashes(crate.leaf_hashes(packed, row_size), crate.tree_extend)


def append(tree: merkle.CompactRange, hashes: Matrix) -> None:
    """Append leaves by their hashes, a matrix of 32 columns."""
    crate = native.module()
    tree.extend_hashes(hashes.tobytes(), crate.tree_extend if crate is not None else None)
