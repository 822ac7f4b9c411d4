"""Workers, one a core: threads for what the native crate does, processes for the rest, each started when first needed.

A process is a fresh interpreter that imports only what blinding needs. Not concurrent.futures: its children import the
parent's main module again, and with it the whole command line. A process gets its secrets over its own socket, never by
argument or environment. Two tasks are under way at each, so none waits for the next; results keep the order of the
tasks, and only a bounded number is held.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Pipe
from types import TracebackType
from typing import Any, Self, TypeVar

from keys import native
from matcher.agency.blind.context import Setup
from matcher.agency.blind.running import Task
from matcher.agency.blind.threads import Threads
from matcher.protocol.errors import ConcordatError

_UNDER_WAY = 2
_STOP_SECONDS = 10.0
STOP = b""
_MODULE = "matcher.agency.blind.worker"

Result = TypeVar("Result")


class Workers:
    """The pool. Use as a context manager; leaving it ends threads and processes."""

    def __init__(self, setup: Setup, count: int | None = None) -> None:
        self.count = count or len(os.sched_getaffinity(0))
        self._setup = setup
        self._waiting: queue.Queue[tuple[Task[Any], Future[Any]] | None] = queue.Queue()
        self._workers: list[_Worker] = []
        self._threads: Threads | None = None

    def submit(self, task: Task[Result]) -> Future[Result]:
        """Put ``task`` behind those already waiting."""
        if getattr(task, "leaves_lock", False) and native.module() is not None:
            if self._threads is None:
                self._threads = Threads(self._setup, self.count)
            return self._threads.submit(task)
        if not self._workers:
            setup = pickle.dumps(self._setup)
            self._workers = [_Worker(self._waiting, setup) for _number in range(self.count)]
        future: Future[Result] = Future()
        self._waiting.put((task, future))
        return future

    def run(self, tasks: Iterable[Task[Result]]) -> Iterator[Result]:
        """Results in the order of ``tasks``, which are taken from the iterable as workers become free."""
        pending: deque[Future[Result]] = deque()
        try:
            for task in tasks:
                pending.append(self.submit(task))
                if len(pending) > self.count * _UNDER_WAY:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()

    def close(self) -> None:
        """Drop what is waiting and end threads and processes."""
        if self._threads is not None:
            self._threads.close()
        with suppress(queue.Empty):
            while (item := self._waiting.get_nowait()) is not None:
                item[1].cancel()
        for _worker in self._workers:
            self._waiting.put(None)
        for worker in self._workers:
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Worker:
    def __init__(self, waiting: queue.Queue[tuple[Task[Any], Future[Any]] | None], setup: bytes) -> None:
        self._waiting = waiting
        self._connection, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", _MODULE, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )
        self._connection.send_bytes(setup)
        self._free = threading.Semaphore(_UNDER_WAY)
        self._sent: queue.Queue[Future[Any] | None] = queue.Queue()
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._send, self._receive)]
        for thread in self._threads:
            thread.start()

    def _send(self) -> None:
        while True:
            self._free.acquire()
            item = self._waiting.get()
            if item is None:
                break
            task, future = item
            if not future.set_running_or_notify_cancel():
                self._free.release()
                continue
            # To a process that has ended nothing can be sent; _receive then fails the task.
            with suppress(OSError):
                self._connection.send_bytes(pickle.dumps(task, pickle.HIGHEST_PROTOCOL))
            self._sent.put(future)
        self._sent.put(None)
        with suppress(OSError):
            self._connection.send_bytes(STOP)

    def _receive(self) -> None:
        while (future := self._sent.get()) is not None:
            try:
                succeeded, value = pickle.loads(self._connection.recv_bytes())  # noqa: S301 - from our own child
            except (EOFError, OSError):
                succeeded, value = False, _ended(self._process)
            self._free.release()
            if succeeded:
                future.set_result(value)
            else:
                future.set_exception(value)

    def close(self) -> None:
        self._free.release()  # a sender that waits for room must see the end
        for thread in self._threads:
            thread.join(_STOP_SECONDS)
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._connection.close()


def _ended(process: subprocess.Popen[bytes]) -> ConcordatError:
    return ConcordatError(
        f"a worker process ended unexpectedly (status {process.poll()})",
        remedy="Look for a lack of memory, then run the same command again.",
    )
