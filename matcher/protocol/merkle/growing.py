"""A growing tree kept as its right edge: append leaves, give the root at any time, 32 bytes per level.

Left to others: proofs (proofs.py), which need the nodes that ``append`` returns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice

from matcher.protocol.errors import VerificationError
from matcher.protocol.merkle.hashing import EMPTY_ROOT, HASH_SIZE, LEAF_STATE, NODE_STATE, node_hash, require_hash
from matcher.protocol.suite import u64

StoredNode = tuple[int, int, bytes]
Extend = Callable[[bytes, bytes], bytes]
_BATCH = 4096
_SIZE_BYTES = 8


def root(leaves: Iterable[bytes]) -> bytes:
    """MTH of the leaves' data (not their hashes), in memory logarithmic in their number."""
    tree = CompactRange()
    tree.extend(leaves)
    return tree.root()


class CompactRange:
    """The right edge of a growing tree: enough to append leaves and to give the root, 32 bytes per level."""

    __slots__ = ("_peaks", "size")

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []  # by level; empty where the size has no such bit

    def append(self, leaf: bytes) -> list[StoredNode]:
        """Append one leaf by its hash; returns the nodes (level, index, hash) that became complete, leaf first."""
        require_hash(leaf, "leaf hash")
        level, index, current = 0, self.size, leaf
        complete: list[StoredNode] = [(level, index, current)]
        while index & 1:
            current = node_hash(self._peaks[level], current)
            self._peaks[level] = b""
            level, index = level + 1, index >> 1
            complete.append((level, index, current))
        self._set_peak(level, current)
        self.size += 1
        return complete

    def append_node(self, level: int, node: bytes) -> None:
        """Append the 2^level leaves of a complete subtree by its hash. Raises VerificationError where none fits."""
        require_hash(node, "node hash")
        if self.size & ((1 << level) - 1):
            raise VerificationError(f"tree: no complete subtree of 2^{level} leaves begins at leaf {self.size}")
        self.size += 1 << level
        while level < len(self._peaks) and self._peaks[level]:
            node = node_hash(self._peaks[level], node)
            self._peaks[level] = b""
            level += 1
        self._set_peak(level, node)

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append many leaves by their data, which is hashed here."""
        source = iter(leaves)
        new_leaf = LEAF_STATE.copy
        while batch := list(islice(source, _BATCH)):
            hashes: list[bytes] = []
            keep = hashes.append
            for leaf in batch:
                state = new_leaf()
                state.update(leaf)
                keep(state.digest())
            self._extend_hashes(hashes)

    def extend_hashes(self, hashes: bytes, extend: Extend | None = None) -> None:
        """Append many leaves by their hashes, end to end. Raises VerificationError when one is cut.

        ``extend`` is another way to do the same: (edge as ``to_bytes`` gives it, hashes) to the new edge.
        """
        if len(hashes) % HASH_SIZE:
            raise VerificationError("tree: a leaf hash is cut")
        if extend is None:
            self._extend_hashes([hashes[start : start + HASH_SIZE] for start in range(0, len(hashes), HASH_SIZE)])
            return
        grown = CompactRange.from_bytes(extend(self.to_bytes(), hashes))
        self.size, self._peaks = grown.size, grown._peaks

    def _extend_hashes(self, hashes: list[bytes]) -> None:
        added, level = len(hashes), 0
        new_node = NODE_STATE.copy
        while hashes:
            if peak := self._peaks[level] if level < len(self._peaks) else b"":
                hashes.insert(0, peak)
            self._set_peak(level, hashes.pop() if len(hashes) & 1 else b"")
            parents: list[bytes] = []
            keep = parents.append
            pairs = iter(hashes)
            for left, right in zip(pairs, pairs, strict=True):
                state = new_node()
                state.update(left + right)
                keep(state.digest())
            hashes, level = parents, level + 1
        self.size += added

    def _set_peak(self, level: int, value: bytes) -> None:
        while len(self._peaks) <= level:
            self._peaks.append(b"")
        self._peaks[level] = value

    def root(self) -> bytes:
        """MTH of the leaves so far."""
        result = b""
        for peak in self._peaks:
            if peak:
                result = node_hash(peak, result) if result else peak
        return result or EMPTY_ROOT

    def to_bytes(self) -> bytes:
        """Eight bytes of size, then the peaks from the lowest level up."""
        return u64(self.size) + b"".join(self._peaks)

    @classmethod
    def from_bytes(cls, data: bytes) -> CompactRange:
        """The range from ``to_bytes``. Raises VerificationError when the length does not fit the size."""
        size = int.from_bytes(data[:_SIZE_BYTES], "big")
        if len(data) != _SIZE_BYTES + HASH_SIZE * size.bit_count():
            raise VerificationError("tree edge: length does not fit its size")
        result, offset = cls(), _SIZE_BYTES
        for level in range(size.bit_length()):
            if size >> level & 1:
                result._set_peak(level, data[offset : offset + HASH_SIZE])
                offset += HASH_SIZE
        result.size = size
        return result
