"""What comes in before anybody looks at it: bytes that are no message, and streams that bring nothing.

gRPC answers malformed bytes with INTERNAL, as if the service had failed, and waits for a silent stream for as long as
the call may last. Here malformed bytes become a value that the door refuses by name, and a stream that brings nothing
for a while is ended, so that a slow sender holds no place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Self

import grpc
from google.protobuf.message import DecodeError

from matcher.protocol.errors import InputError
from matcher.service import limits


class _Malformed:
    """Stands for bytes that are not a message of the expected type."""


_MALFORMED = _Malformed()


def tolerant(deserialize: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """``deserialize``, but giving what ``require`` refuses where it would raise."""

    def attempt(data: bytes) -> Any:
        try:
            return deserialize(data)
        except DecodeError:
            return _MALFORMED

    return attempt


def require(request: Any) -> Any:
    """``request``, unless it was malformed. Raises InputError."""
    if isinstance(request, _Malformed):
        raise InputError("the request is not a message of the expected type")
    return request


class PatientStream:
    """A stream of requests: each one well-formed, and none more than ``limits.IDLE_STREAM_SECONDS`` after the last.

    A stream that stays silent longer is cancelled; the caller opens the upload again and goes on.
    """

    def __init__(self, stream: Iterator[Any], context: grpc.ServicerContext) -> None:
        self._stream = stream
        self._context = context
        self._waiting_since = time.monotonic()
        self._is_waiting = False
        self._ended = threading.Event()
        threading.Thread(target=self._watch, name="stream", daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self._waiting_since, self._is_waiting = time.monotonic(), True
        try:
            return require(next(self._stream))
        finally:
            self._is_waiting = False

    def _watch(self) -> None:
        left = limits.IDLE_STREAM_SECONDS
        while not self._ended.wait(left):
            idle = time.monotonic() - self._waiting_since if self._is_waiting else 0.0
            left = limits.IDLE_STREAM_SECONDS - idle
            if left <= 0:
                self._context.cancel()  # type: ignore[no-untyped-call]
                return
