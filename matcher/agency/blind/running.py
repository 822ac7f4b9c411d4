"""Doing one task, in a process or a thread: what may leave it when it fails.

An error of the matcher's own tree goes out as it is: it carries ids and counts only. Any other one goes out as the name
of its type and the line it rose from, since its text may hold content.
"""

from __future__ import annotations

import traceback
from typing import Protocol, TypeVar

from matcher.agency.blind.context import Context
from matcher.protocol.errors import ConcordatError

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Task(Protocol[Result_co]):
    """A picklable piece of work. One that is the native crate's for the most part has ``leaves_lock``: it runs in a
    thread where the crate is installed."""

    def run(self, context: Context) -> Result_co:
        """Do it."""


def perform(task: Task[Result], context: Context) -> Result:
    """Do ``task``. Raises ConcordatError only, if not told to stop."""
    try:
        return task.run(context)
    except ConcordatError as error:
        raise error.with_traceback(None) from None
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        raise ConcordatError(
            f"a worker failed: {type(error).__name__} at {last.name}, line {last.lineno}"
        ) from None  # fmt: skip
