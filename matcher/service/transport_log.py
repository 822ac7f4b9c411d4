"""What gRPC's core writes to file descriptor 2, read back: the only place where it says why it ended a handshake.

    taken(path)    descriptor 2 leads to the file ``path`` while the block runs; sys.stderr goes where it went before
    lines()        what was written since the last call, whole lines; the file is cut once it is long

A file and not a pipe: writing to it never blocks, and the last words of a process that crashed are there when the next
one starts, which reads them first. Left to others: what a line means (acts/handshakes.py).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

_STANDARD_ERROR = 2
_CUT_BYTES = 256 << 10
# Of one line; what writes more is not the core.
_LINE_CHARACTERS = 500


class TransportLog:
    """The open file. One reader."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._position = 0
        self._rest = b""

    def lines(self) -> list[str]:
        """Whole lines written since the last call, each cut at 500 characters."""
        found = []
        while data := os.pread(self._descriptor, _CUT_BYTES, self._position):
            self._position += len(data)
            *whole, self._rest = (self._rest + data).split(b"\n")
            self._rest = self._rest[-_CUT_BYTES:]
            found += [line.decode(errors="replace")[:_LINE_CHARACTERS] for line in whole if line.strip()]
        if self._position >= _CUT_BYTES:
            # Whatever is written in this very moment is lost: one line of very many.
            os.ftruncate(self._descriptor, 0)
            self._position = 0
        return found


@contextmanager
def taken(path: Path) -> Iterator[TransportLog]:
    """Lead descriptor 2 to ``path`` (0600) while the block runs. Raises OSError as the disk gives it."""
    sys.stderr.flush()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    before = os.dup(_STANDARD_ERROR)
    try:
        with os.fdopen(os.dup(before), "w", buffering=1, encoding="utf-8", errors="replace") as standard_error:
            os.dup2(descriptor, _STANDARD_ERROR)
            with redirect_stderr(standard_error):
                yield TransportLog(descriptor)
    finally:
        os.dup2(before, _STANDARD_ERROR)
        os.close(before)
        os.close(descriptor)
