"""Who may wait for something to happen: bounded, in all and for each party, since a waiting call holds a thread."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from matcher.protocol.errors import OverloadedError
from matcher.service import limits


class WaitingRoom:
    """Counts calls that wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiters: Counter[str] = Counter()

    @contextmanager
    def place(self, party: str) -> Iterator[None]:
        """A place while the block runs. Raises OverloadedError when there is none left."""
        with self._lock:
            if self._waiters.total() >= limits.MAX_WAITERS or self._waiters[party] >= limits.MAX_WAITERS_PER_PARTY:
                raise OverloadedError("too many calls wait", retry_seconds=limits.RETRY_SECONDS)
            self._waiters[party] += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiters[party] -= 1
