"""A submission's files on disk: records staged by handle, then blinded rows by token.

HOME/spool/SUBMISSION is 0700 and is removed when the submission is sealed. Once the rows are written they never change,
so an upload that was cut goes on with the same bytes. ``staged`` holds plaintext and goes as soon as the rows stand.
Left to others: what is in a record or row, sending the chunks.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from operator import itemgetter
from pathlib import Path

from keys import hashing, native
from matcher.agency.submit.buckets import bucket_path, buckets_in
from matcher.channel.types import Chunk
from matcher.protocol import rows
from matcher.protocol.errors import StateError
from matcher.protocol.merkle import CompactRange


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
        """Remove everything."""
        shutil.rmtree(self.path, ignore_errors=True)

    def remove_staged(self) -> None:
        """Remove the staged records: plaintext that is no longer needed."""
        shutil.rmtree(self.staged, ignore_errors=True)


def count_rows(directory: Path, row_size: int) -> int:
    """Rows in the spool. Raises StateError when a file was cut within a row."""
    total = 0
    for bucket in buckets_in(directory):
        count, rest = divmod(bucket_path(directory, bucket).stat().st_size, row_size)
        if rest:
            raise StateError("the spool is damaged: a row is cut", remedy="Submit the same files again.")
        total += count
    return total


def chunks(directory: Path, vector_width: int, first: int, tree: CompactRange) -> Iterator[Chunk]:
    """The rows from index ``first`` on as upload chunks; ``tree`` gets every row, those before ``first`` too.

    All rows go in ascending (token, handle) order, one bucket after the other.
    """
    size, limit = rows.row_size(vector_width), rows.chunk_rows(vector_width)
    waiting, position = b"", 0
    for bucket in buckets_in(directory):
        data = _in_order(bucket_path(directory, bucket).read_bytes(), size)
        tree.extend_hashes(hashing.leaves(data, size), hashing.tree_extend())
        count = len(data) // size
        waiting += data[min(count, max(0, first - position)) * size :]
        position += count
        whole = len(waiting) // size // limit
        for number in range(whole):
            start = number * limit * size
            yield Chunk(position - (len(waiting) - start) // size, limit, waiting[start : start + limit * size])
        waiting = waiting[whole * limit * size :]
    if waiting:
        count = len(waiting) // size
        yield Chunk(position - count, count, waiting)


def _in_order(data: bytes, size: int) -> bytes:
    if (crate := native.module()) is not None:
        return bytes(crate.sort_rows(data, size))
    packed = native.split(data, size)
    packed.sort(key=itemgetter(rows.SORT_KEY))
    return b"".join(packed)
