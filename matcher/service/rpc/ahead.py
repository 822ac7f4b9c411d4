"""Reading a stream of requests ahead: the next ones are received and parsed while the present one is stored.

Whoever works on the stream is also told when it falls quiet, so that it may finish what it gathered: an upload
acknowledges many chunks by one sync, but keeps nobody waiting for it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Generic, NamedTuple, Self, TypeVar

Item = TypeVar("Item")


class _End(NamedTuple):
    error: BaseException | None


class ReadAhead(Generic[Item]):
    """The items of ``stream``, ``most`` of them read ahead; None where none has come for ``quiet`` seconds.

    What the stream raises is raised here, after the items before it. ``quiet`` is told once, until the next item.
    """

    def __init__(self, stream: Iterator[Item], most: int, quiet: float) -> None:
        self._stream = stream
        self._quiet = quiet
        self._read: queue.Queue[Item | _End] = queue.Queue(most)
        self._stopped = threading.Event()

    def __enter__(self) -> Self:
        # It ends with the call, if not before: gRPC ends a stream of requests with its call.
        threading.Thread(target=self._fill, name="ahead", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        while True:  # make room for the item that the thread may be holding
            try:
                self._read.get_nowait()
            except queue.Empty:
                return

    def __iter__(self) -> Iterator[Item | None]:
        while True:
            try:
                item = self._read.get(timeout=self._quiet)
            except queue.Empty:
                yield None
                item = self._read.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item

    def _fill(self) -> None:
        end = _End(None)
        try:
            for item in self._stream:
                if self._stopped.is_set():
                    return
                self._read.put(item)
        except BaseException as error:  # whatever it is, the other thread raises it
            end = _End(error)
        if not self._stopped.is_set():
            self._read.put(end)
