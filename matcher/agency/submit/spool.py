"""A submission's files on disk: records staged by handle, then blinded rows by token.

HOME/spool/SUBMISSION is 0700 and is removed when the submission is sealed. Once the rows are written they never change,
so an upload that was cut goes on with the same bytes. Each is followed by its leaf hash, of which the root is made that
is signed: the service does not seal rows that were damaged here. ``staged`` holds plaintext; a bucket of it goes as
soon as its rows stand. Left to others: what is in a record or row, sending the chunks.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from operator import itemgetter
from pathlib import Path
from typing import Protocol

from keys import hashing, native
from matcher.agency.submit.buckets import bucket_paths
from matcher.channel.types import Chunk
from matcher.protocol import rows
from matcher.protocol.errors import StateError
from matcher.protocol.merkle import HASH_SIZE, CompactRange

_AT_ONCE = 4


class Spool:
    """The directory of one submission."""

    def __init__(self, root: Path, submission_id: bytes) -> None:
        self.path = root / submission_id.hex()
        self.staged = self.path / "staged"
        self.rows = self.path / "rows"

    def create(self) -> None:
        """Make the directories."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for directory in (self.path, self.staged, self.rows):
            directory.mkdir(mode=0o700)

    def remove(self) -> None:
        """Remove everything, several files at a time: each of them waits for the disk."""
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            for path in bucket_paths(self.rows):
                threads.submit(path.unlink, missing_ok=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def remove_staged(self) -> None:
        """Remove the staged records: plaintext that is no longer needed."""
        shutil.rmtree(self.staged, ignore_errors=True)


def count_rows(directory: Path, row_size: int) -> int:
    """Rows in the spool. Raises StateError when a file was cut within a row."""
    total = 0
    for path in bucket_paths(directory):
        count, rest = divmod(path.stat().st_size, row_size + HASH_SIZE)
        if rest:
            raise StateError("the spool is damaged: a row is cut", remedy="Submit the same files again.")
        total += count
    return total


def chunks(directory: Path, vector_width: int, first: int, tree: CompactRange) -> Iterator[Chunk]:
    """The rows from index ``first`` on as upload chunks; ``tree`` gets every row, those before ``first`` too.

    All rows go in ascending (token, handle) order, one bucket after the other.
    """
    size, limit = rows.row_size(vector_width), rows.chunk_rows(vector_width)
    waiting: list[bytes] = []
    held, position = 0, 0
    for path in bucket_paths(directory):
        spooled = _in_order(path.read_bytes(), size)
        tree.extend_hashes(spooled.leaves(), hashing.tree_extend())
        count = len(spooled)
        start = min(count, max(0, first - position))
        while start < count:
            taken = min(count - start, limit - held)
            waiting.append(spooled.rows(start, taken))
            start, held = start + taken, held + taken
            if held == limit:
                yield Chunk(position + start - held, held, b"".join(waiting))
                waiting, held = [], 0
        position += count
    if held:
        yield Chunk(position - held, held, b"".join(waiting))


class _Rows(Protocol):
    """What the crate has as SpooledRows."""

    def __len__(self) -> int: ...
    def rows(self, first: int, count: int) -> bytes: ...
    def leaves(self) -> bytes: ...


class _PortableRows:
    """SpooledRows of the native crate, in Python."""

    def __init__(self, data: bytes, row_size: int) -> None:
        self._row_size = row_size
        self._rows = native.split(data, row_size + HASH_SIZE)
        self._rows.sort(key=itemgetter(rows.SORT_KEY))

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, first: int, count: int) -> bytes:
        return b"".join([row[: self._row_size] for row in self._rows[first : first + count]])

    def leaves(self) -> bytes:
        return b"".join([row[self._row_size :] for row in self._rows])


def _in_order(data: bytes, row_size: int) -> _Rows:
    crate = native.module()
    in_order: _Rows = _PortableRows(data, row_size) if crate is None else crate.SpooledRows(data, row_size)
    return in_order
