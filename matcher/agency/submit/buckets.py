"""Sixty-four files by the top bits of a key: sorting more rows than fit in memory, without a database.

Handles and tokens are uniform, so a bucket is a 64th of the whole: it is read and sorted in memory, and buckets in
order give all rows in order. Workers use this too, so it imports nothing heavy.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

BUCKETS = 64
_SHIFT = 2
_BUFFER = 1 << 17


def bucket_of(key: bytes) -> int:
    """The bucket of a handle or token: its top six bits."""
    return key[0] >> _SHIFT


def bucket_path(directory: Path, bucket: int) -> Path:
    """The file of ``bucket`` in ``directory``."""
    return directory / f"{bucket:02d}"


def buckets_in(directory: Path) -> list[int]:
    """Buckets that have a file, ascending."""
    return [bucket for bucket in range(BUCKETS) if bucket_path(directory, bucket).exists()]


def append_parts(directory: Path, parts: Iterable[tuple[int, bytes]]) -> None:
    """Append each part to its bucket's file, which other processes append to at the same time; nothing is synced.

    One call of the system a part, at the file's end: on a local disk, where a home is, parts of two never mix.
    """
    for bucket, part in parts:
        if part:
            file = os.open(bucket_path(directory, bucket), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if os.write(file, part) != len(part):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            finally:
                os.close(file)


class BucketWriter:
    """Appends to the 64 files of one directory; closing makes them durable."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: dict[int, IO[bytes]] = {}

    def append(self, parts: Mapping[int, bytes]) -> None:
        """Append ``parts[bucket]`` to each bucket's file."""
        for bucket, data in parts.items():
            self._file(bucket).write(data)

    def append_runs(self, data: bytes, sizes: Sequence[int]) -> None:
        """Append to each bucket's file its part of ``data``, where they lie one behind the other, ``sizes`` bytes."""
        view, start = memoryview(data), 0
        for bucket, size in enumerate(sizes):
            if size:
                self._file(bucket).write(view[start : start + size])
            start += size

    def _file(self, bucket: int) -> IO[bytes]:
        file = self._files.get(bucket)
        if file is None:
            path = bucket_path(self._directory, bucket)
            file = self._files[bucket] = open(  # noqa: SIM115 - closed in close()
                path, "xb", buffering=_BUFFER, opener=lambda name, flags: os.open(name, flags, 0o600)
            )
        return file

    def close(self, *, durable: bool) -> None:
        """Close the files, after writing them through to disk if ``durable``."""
        for file in self._files.values():
            file.flush()
            if durable:
                os.fsync(file.fileno())
            file.close()
        self._files = {}
