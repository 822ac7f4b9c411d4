"""Threads for tasks that the native crate does for the most part, which works without the interpreter's lock.

A process a core would start an interpreter each, split every name once more, and bring rows back through a pipe. Each
thread has its own connections to the databases; they share the crate's blinder, with the keys and the names met so far.
"""

from __future__ import annotations

import ctypes
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from matcher.agency.blind.context import Context, Setup
from matcher.agency.blind.running import Task, perform

# glibc's name for the size from which a buffer is mapped by itself, and so goes back to the system when it is freed
# (mallopt(3)). Left alone, glibc raises it to 32 MiB with the buffers it sees, and each thread keeps what it ever held:
# twice the memory for a million rows whose record secrets come from the cache.
_MAPPED_FROM = -3
_LARGE = 1 << 24

Result = TypeVar("Result")


class Threads:
    """``count`` threads, which start with the first tasks."""

    def __init__(self, setup: Setup, count: int) -> None:
        _give_back_large_buffers()
        self._context = Context(setup)
        self._own = threading.local()
        self._executor = ThreadPoolExecutor(count, "blinding", initializer=self._enter)
        self._executor.submit(self._context.get_ready)

    def submit(self, task: Task[Result]) -> Future[Result]:
        """Put ``task`` behind those already waiting."""
        return self._executor.submit(self._perform, task)

    def close(self) -> None:
        """Drop what is waiting; what is under way ends first."""
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._context.close()

    def _enter(self) -> None:
        self._own.context = self._context.again()

    def _perform(self, task: Task[Result]) -> Result:
        return perform(task, self._own.context)


def _give_back_large_buffers() -> None:
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):  # other libraries than glibc do so by themselves
        library.mallopt(_MAPPED_FROM, _LARGE)
