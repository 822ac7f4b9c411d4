"""Writing files through to disk while others are still written, so that little is left to wait for at the end.

Several at a time: a file system commits for all that wait.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

_AT_ONCE = 4


class Durable:
    """Files on their way to the disk. Use as a context manager; it is left when all of them are there."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_AT_ONCE, "durable")
        self._under_way: list[Future[None]] = []

    def sync(self, paths: Iterable[Path]) -> None:
        """Write through what stands in ``paths`` now. Raises OSError for one that was asked before."""
        waiting = []
        for future in self._under_way:
            if future.done():
                future.result()
            else:
                waiting.append(future)
        self._under_way = waiting + [self._threads.submit(_sync, path) for path in paths]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown(wait=True, cancel_futures=error is not None)
        if error is None:
            for future in self._under_way:
                future.result()


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
