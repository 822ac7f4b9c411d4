"""A tree of which only some leaves are shown: between them stand the roots of the largest subtrees without any.

What is shown so proves all of its leaves at once. It gives away no hash that their inclusion proofs would not give, but
at the tree's right edge: there a proof folds what stands here in its parts. Any of these proofs can be made from it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from matcher.protocol.errors import VerificationError
from matcher.protocol.merkle.growing import CompactRange, Extend
from matcher.protocol.merkle.hashing import HASH_SIZE, node_hash
from matcher.protocol.merkle.proofs import build_inclusion_proof


def complete_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """(level, index) of the largest complete subtrees that make up leaves [start, end), from left to right."""
    while start < end:
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        yield level, start >> level
        start += 1 << level


class PartialTree:
    """Grows from left to right by shown leaves and by the hashes of what is not shown.

    ``extend`` is another way for CompactRange.extend_hashes to do its work.
    """

    __slots__ = ("_extend", "_firsts", "_grown", "_hashes", "_nodes")

    def __init__(self, extend: Extend | None = None) -> None:
        self._extend = extend
        self._grown = CompactRange()
        # Runs of shown leaves: the first of each, and their hashes end to end.
        self._firsts: list[int] = []
        self._hashes: list[bytes] = []
        self._nodes: dict[tuple[int, int], bytes] = {}

    @property
    def size(self) -> int:
        """Leaves so far, shown or not."""
        return self._grown.size

    def root(self) -> bytes:
        """MTH of the leaves so far."""
        return self._grown.root()

    def show(self, hashes: bytes) -> None:
        """Append leaves by their hashes, end to end."""
        self._firsts.append(self._grown.size)
        self._hashes.append(hashes)
        self._grown.extend_hashes(hashes, self._extend)

    def skip(self, end: int, hashes: Iterator[bytes]) -> None:
        """Append what is not shown up to leaf ``end``, taking one hash for each of its complete subtrees.

        Raises VerificationError when there are too few.
        """
        for level, index in complete_subtrees(self._grown.size, end):
            found = next(hashes, b"")
            self._grown.append_node(level, found)
            self._nodes[level, index] = found

    def inclusion_proof(self, index: int) -> list[bytes]:
        """PATH(index, leaves) of a leaf whose hash is known. Raises VerificationError for another."""
        self._node(0, index)
        return build_inclusion_proof(index, self._grown.size, self._node)

    def _node(self, level: int, index: int) -> bytes:
        """A complete node that holds no part of a larger one that is known."""
        found = self._nodes.get((level, index))
        if found is None:
            if level:
                found = node_hash(self._node(level - 1, 2 * index), self._node(level - 1, 2 * index + 1))
            else:
                found = self._leaf(index)
            self._nodes[level, index] = found
        return found

    def _leaf(self, index: int) -> bytes:
        run = bisect_right(self._firsts, index) - 1
        start = (index - self._firsts[run]) * HASH_SIZE if run >= 0 else 0
        found = self._hashes[run][start : start + HASH_SIZE] if run >= 0 else b""
        if not found:
            raise VerificationError(f"tree: leaf {index} is not shown")
        return found
