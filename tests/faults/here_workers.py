"""The workers of a submission, in this process: their writes are steps too, and a trial does not wait for interpreters.

Workers in processes of their own end with a command that is killed, since its end of their
socket closes (blind/worker.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from typing import Any, Self

from matcher.agency.blind.context import Context, Setup
from matcher.agency.blind.running import perform


class HereWorkers:
    """Does each task when it is asked for."""

    count = 1

    def __init__(self, setup: Setup) -> None:
        self._context = Context(setup)

    def submit(self, task: Any) -> Future[Any]:
        """The task, done."""
        future: Future[Any] = Future()
        try:
            future.set_result(perform(task, self._context))
        except Exception as error:
            future.set_exception(error)
        return future

    def run(self, tasks: Iterable[Any]) -> Iterator[Any]:
        """Results in order."""
        for task in tasks:
            yield perform(task, self._context)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._context.close()
