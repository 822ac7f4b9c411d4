"""Uploads on disk before they are sealed: packed rows, one file per submission, synced before they are acknowledged.

The recorded count says what was acknowledged; bytes behind it are a torn tail and are cut off on reopening.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from matcher.protocol.errors import StateError
from matcher.service.home import sync

_SUFFIX = ".rows"


def path_of(directory: Path, submission: bytes) -> Path:
    """The spool file of a submission."""
    return directory / f"{submission.hex()}{_SUFFIX}"


class Spool:
    """One open spool file, positioned behind ``rows`` acknowledged rows of ``row_size`` bytes.

    Raises StateError when the file is shorter than what was acknowledged: the disk lost data.
    """

    def __init__(self, directory: Path, submission: bytes, rows: int, row_size: int) -> None:
        path = path_of(directory, submission)
        is_new = not path.exists()
        self._file = path.open("ab")
        length = self._file.tell()
        if length < rows * row_size:
            self._file.close()
            raise StateError(
                f"the spool holds {length // row_size} of {rows} acknowledged rows",
                remedy="Open a new upload and send all rows again.",
            )
        try:
            path.chmod(0o600)
            self._file.truncate(rows * row_size)
            if is_new:
                sync(directory)
        except OSError:
            self._file.close()
            raise

    def append(self, packed: bytes) -> None:
        """Append packed rows. They are on disk after the next ``sync``."""
        self._file.write(packed)
        self._file.flush()

    def sync(self) -> None:
        """Force to disk what was appended before; another thread may go on appending.

        What is on disk is seldom read again: the memory that the system holds of it is free for what comes next.
        """
        os.fsync(self._file.fileno())
        os.posix_fadvise(self._file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def read(directory: Path, submission: bytes, first: int, end: int, row_size: int, batch: int) -> Iterator[bytes]:
    """Acknowledged rows [first, end), packed, ``batch`` of them at a time. Raises StateError when some are missing.

    Rows are read once, for the segment: the memory that the system holds of them is free for what comes next.
    """
    if first >= end:
        return
    with path_of(directory, submission).open("rb") as file:
        file.seek(first * row_size)
        for start in range(first, end, batch):
            count = min(batch, end - start)
            packed = file.read(count * row_size)
            if len(packed) != count * row_size:
                raise StateError(f"the spool ends {end - start} rows early", remedy="Open a new upload.")
            yield packed
            os.posix_fadvise(file.fileno(), 0, (start + count) * row_size, os.POSIX_FADV_DONTNEED)


def remove(directory: Path, submission: bytes) -> None:
    """Remove a spool file, if it is there."""
    path_of(directory, submission).unlink(missing_ok=True)


def found(directory: Path) -> Iterator[bytes]:
    """The submissions that have a spool file."""
    for path in directory.glob(f"*{_SUFFIX}"):
        yield bytes.fromhex(path.stem)
