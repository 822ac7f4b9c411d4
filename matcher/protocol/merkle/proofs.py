"""Inclusion and consistency proofs of RFC 6962 sections 2.1.1 and 2.1.2, built from complete nodes.

Size 0: see verification.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matcher.protocol.errors import VerificationError
from matcher.protocol.merkle.hashing import EMPTY_ROOT, node_hash

NodeGetter = Callable[[int, int], bytes]


class Tree:
    """A whole tree in memory, for trees whose leaves are at hand (the findings of one run)."""

    __slots__ = ("_levels", "size")

    def __init__(self, leaf_hashes: Sequence[bytes]) -> None:
        self.size = len(leaf_hashes)
        self._levels = [list(leaf_hashes)]
        while len(below := self._levels[-1]) > 1:
            pairs = zip(below[::2], below[1::2], strict=False)
            self._levels.append([node_hash(left, right) for left, right in pairs])

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete node."""
        return self._levels[level][index]

    def root(self) -> bytes:
        """MTH of the leaves."""
        return range_root(0, self.size, self.node)

    def inclusion_proof(self, index: int) -> list[bytes]:
        """PATH(index, leaves). Raises VerificationError if there is no such leaf."""
        return build_inclusion_proof(index, self.size, self.node)

    def consistency_proof(self, smaller: int) -> list[bytes]:
        """PROOF(smaller, leaves). Raises VerificationError unless 0 < smaller <= size."""
        return build_consistency_proof(smaller, self.size, self.node)


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int) -> list[bytes]:
    """PATH(index, leaves) for leaf hashes; for many proofs over the same leaves make one Tree."""
    return Tree(leaf_hashes).inclusion_proof(index)


def consistency_proof(leaf_hashes: Sequence[bytes], smaller: int) -> list[bytes]:
    """PROOF(smaller, leaves) for leaf hashes."""
    return Tree(leaf_hashes).consistency_proof(smaller)


def range_root(start: int, end: int, node: NodeGetter) -> bytes:
    """MTH of leaves [start, end) from complete nodes. ``start`` is 0 or a multiple of the range's largest subtree."""
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(node(level, start >> level))
        start += 1 << level
    if not parts:
        return EMPTY_ROOT
    result = parts.pop()
    while parts:
        result = node_hash(parts.pop(), result)
    return result


def build_inclusion_proof(index: int, size: int, node: NodeGetter) -> list[bytes]:
    """PATH(index, D[size]) of RFC 6962 section 2.1.1 from stored nodes. Raises VerificationError if out of range."""
    if not 0 <= index < size:
        raise VerificationError(f"tree: no leaf {index} in a tree of {size}")
    low, high, path = 0, size, []
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(range_root(middle, high, node))
            high = middle
        else:
            path.append(range_root(low, middle, node))
            low = middle
    return path[::-1]


def build_consistency_proof(smaller: int, size: int, node: NodeGetter) -> list[bytes]:
    """PROOF(smaller, D[size]) of RFC 6962 section 2.1.2 from stored nodes. Raises VerificationError if undefined."""
    if not 0 < smaller <= size:
        raise VerificationError(f"tree: consistency from {smaller} to {size} is not defined")
    low, high, path = 0, size, []
    while smaller != high:
        middle = low + _split(high - low)
        if smaller <= middle:
            path.append(range_root(middle, high, node))
            high = middle
        else:
            path.append(range_root(low, middle, node))
            low = middle
    if low:
        path.append(range_root(low, high, node))
    return path[::-1]


def _split(size: int) -> int:
    """The largest power of two smaller than ``size`` (size > 1)."""
    return 1 << ((size - 1).bit_length() - 1)
