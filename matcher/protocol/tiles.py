"""The tile layout of a log (C2SP tlog-tiles): a tree and its entries as a set of files that never change.

    checkpoint                  the signed checkpoint, with whatever cosignatures it has
    tile/0/000                  256 leaf hashes of 32 bytes, one after the other
    tile/0/001.p/12             the last 12 leaf hashes of a tree of 268
    tile/1/000.p/1              the roots of full tiles of the level below
    tile/entries/000            256 entries, each after its length in two bytes, big-endian
    tile/entries/001.p/12       the last 12

Index 1234067 is written ``x001/x234/067``. Each level of files spans eight levels of the tree.

Left to others: reading and writing files (auditor/export.py, auditor/source.py), the checkpoint (checkpoint.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from matcher.protocol.errors import VerificationError
from matcher.protocol.merkle import HASH_SIZE, leaf_hash, node_hash

WIDTH = 256
ENTRIES = "entries"
CHECKPOINT_PATH = "checkpoint"
MAX_ENTRY_BYTES = 65_535  # what the two bytes of length before an entry can say; entries.py takes none that is longer
_LENGTH_SIZE = 2
_MAX_LEVEL = 63

File = tuple[str, bytes]


def path(level: int | str, index: int, width: int = WIDTH) -> str:
    """The path of a tile: ``level`` is 0 to 63, or ``ENTRIES`` for a bundle; ``width`` below 256 is a partial one."""
    known = level == ENTRIES if isinstance(level, str) else 0 <= level <= _MAX_LEVEL
    if not known or index < 0 or not 0 < width <= WIDTH:
        raise ValueError(f"no tile {level}/{index} of width {width}")
    digits = f"{index % 1000:03d}"
    while index := index // 1000:
        digits = f"x{index % 1000:03d}/{digits}"
    return f"tile/{level}/{digits}" + (f".p/{width}" if width < WIDTH else "")


def widths(size: int, level: int = 0) -> Iterator[tuple[int, int]]:
    """(index, width) of every tile of ``level`` in a tree of ``size``, from the left."""
    full, rest = divmod(size // WIDTH**level, WIDTH)
    for index in range(full):
        yield index, WIDTH
    if rest:
        yield full, rest


def bundle(entries: Sequence[bytes]) -> bytes:
    """An entry bundle. Raises VerificationError for an entry of more than 65,535 bytes."""
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise VerificationError(f"bundle: an entry has {len(entry)} bytes, more than {MAX_ENTRY_BYTES}")
    return b"".join(len(entry).to_bytes(_LENGTH_SIZE, "big") + entry for entry in entries)


def parse_bundle(data: bytes, width: int) -> list[bytes]:
    """The ``width`` entries of a bundle. Raises VerificationError when there are more or fewer, or it is cut short."""
    entries: list[bytes] = []
    start = 0
    while start < len(data):
        first = start + _LENGTH_SIZE
        start = first + int.from_bytes(data[start:first], "big")
        if first > len(data) or start > len(data):
            raise VerificationError(f"bundle: it is cut short in entry {len(entries)}")
        entries.append(data[first:start])
    if len(entries) != width:
        raise VerificationError(f"bundle: it holds {len(entries)} entries, not {width}")
    return entries


def parse_hashes(data: bytes, width: int) -> list[bytes]:
    """The ``width`` hashes of a tile. Raises VerificationError when it has another size."""
    if len(data) != HASH_SIZE * width:
        raise VerificationError(f"tile: it has {len(data)} bytes, not {HASH_SIZE * width}")
    return [data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE)]


class TileBuilder:
    """Makes the files of a log from its entries, in order; memory holds one tile of each level.

    ``add`` gives the files that became full, ``finish`` the partial ones of the tree as it is.
    """

    def __init__(self) -> None:
        self.size = 0
        self._entries: list[bytes] = []
        self._hashes: list[list[bytes]] = []

    def add(self, entry: bytes) -> Iterator[File]:
        """Take the next entry; yields what became full. Raises VerificationError for one that is too long."""
        self._entries.append(entry)
        self.size += 1
        if len(self._entries) == WIDTH:
            yield path(ENTRIES, self.size // WIDTH - 1), bundle(self._entries)
            self._entries = []
        yield from self._add_hash(0, leaf_hash(entry))

    def _add_hash(self, level: int, digest: bytes) -> Iterator[File]:
        if level == len(self._hashes):
            self._hashes.append([])
        pending = self._hashes[level]
        pending.append(digest)
        if len(pending) == WIDTH:
            yield path(level, self.size // WIDTH ** (level + 1) - 1), b"".join(pending)
            self._hashes[level] = []
            yield from self._add_hash(level + 1, _subtree_root(pending))

    def finish(self) -> Iterator[File]:
        """The partial files of the tree as it is now."""
        if self._entries:
            yield path(ENTRIES, self.size // WIDTH, len(self._entries)), bundle(self._entries)
        for level, pending in enumerate(self._hashes):
            if pending:
                yield path(level, self.size // WIDTH ** (level + 1), len(pending)), b"".join(pending)


def _subtree_root(hashes: Sequence[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]
