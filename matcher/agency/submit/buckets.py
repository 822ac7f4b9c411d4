"""Sixty-four files by the top bits of a key: sorting more rows than fit in memory, without a database.

Handles and tokens are uniform, so a bucket is a 64th of the whole: it is read and sorted in memory, and buckets in
order give all rows in order. Workers use this too, so it imports nothing heavy.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from pathlib import Path

BUCKETS = 64
_SHIFT = 2


def bucket_of(key: bytes) -> int:
    """The bucket of a handle or token: its top six bits."""
    return key[0] >> _SHIFT


def bucket_path(directory: Path, bucket: int) -> Path:
    """The file of ``bucket`` in ``directory``."""
    return directory / f"{bucket:02d}"


def bucket_paths(directory: Path) -> list[Path]:
    """The files that there are in ``directory``, by bucket."""
    return [path for bucket in range(BUCKETS) if (path := bucket_path(directory, bucket)).exists()]


class BucketFiles:
    """Appends to the 64 files of one directory, which stay open until they are closed; nothing is synced.

    Other threads and processes append at the same time. One call of the system a part, at the file's end: on a local
    disk, where a home is, parts of two never mix.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: dict[int, int] = {}
        self._opening = threading.Lock()

    def append(self, parts: Iterable[tuple[int, bytes | memoryview]]) -> None:
        """Append each part to its bucket's file."""
        for bucket, part in parts:
            if part and os.write(self._file(bucket), part) != len(part):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def append_runs(self, data: bytes, sizes: Sequence[int]) -> None:
        """Append to each bucket's file its part of ``data``, where they lie one behind the other, ``sizes`` bytes."""
        ends = list(accumulate(sizes, initial=0))
        self.append((bucket, memoryview(data)[start:end]) for bucket, (start, end) in enumerate(pairwise(ends)))

    def _file(self, bucket: int) -> int:
        with self._opening:
            file = self._files.get(bucket)
            if file is None:
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
                file = self._files[bucket] = os.open(bucket_path(self._directory, bucket), flags, 0o600)
            return file

    def close(self) -> None:
        """Close the files."""
        with self._opening:
            while self._files:
                os.close(self._files.popitem()[1])
