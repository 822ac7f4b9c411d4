"""Callers that TLS refuses, in metrics, journal and audit log: they never come to a call, so the guard never sees them.

gRPC's core asks for a certificate, ends the handshake when no admitted card carries it or its time is over, and tells
nobody but its own log (transport_log.py). It names neither certificate nor address there, so the entry has none; the
reason is what can be told. Whoever can reach the port can cause such entries, so there is at most one an hour for each
reason; the metrics count all.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

from matcher.protocol.errors import ConcordatError
from matcher.service import journal, limits
from matcher.service.acts.refusals import Refusals

RPC = "connection/handshake"
# What the core writes, in the order in which it is looked for, and the reason it stands for (policy.py).
_SIGNS = (
    ("PEER_DID_NOT_RETURN_A_CERTIFICATE", "no-certificate"),
    ("CERTIFICATE_VERIFY_FAILED: certificate has expired", "expired-certificate"),
    ("CERTIFICATE_VERIFY_FAILED: certificate is not yet valid", "expired-certificate"),
    ("CERTIFICATE_VERIFY_FAILED", "unknown-certificate"),
)
_FAILED = "Handshake failed with error"
# Not TLS, or the caller did not like our certificate: nobody was denied anything.
BROKEN = "broken-handshake"


def reason_of(line: str) -> str | None:
    """Why a handshake was ended, by a line of the core's log; None when the line tells of none."""
    if _FAILED not in line:
        return None
    return next((reason for sign, reason in _SIGNS if sign in line), BROKEN)


class Handshakes:
    """Reads ``lines`` twice a second while it is ``watched``; ``look`` reads them at once."""

    def __init__(self, lines: Callable[[], Iterable[str]], refusals: Refusals) -> None:
        self._lines = lines
        self._refusals = refusals
        self._stop = threading.Event()
        self._lock = threading.Lock()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch while the block runs, and once more at its end."""
        thread = threading.Thread(target=self._run, name="handshakes", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()

    def _run(self) -> None:
        while not self._stop.wait(limits.HANDSHAKES_READ_SECONDS):
            self.look()
        self.look()

    def look(self) -> None:
        """Record what was refused since the last look. A disk that refuses, or a log that has ended, stops nothing."""
        with self._lock:
            ended: Counter[str] = Counter()
            for line in self._lines():
                reason = reason_of(line)
                if reason is None:
                    journal.warning("transport", line=line)
                else:
                    ended[reason] += 1
            with suppress(ConcordatError, sqlite3.Error, OSError):  # said when it was first refused
                self._refusals.write_waiting()
            for reason, count in sorted(ended.items()):
                try:
                    self._refusals.record_handshakes(RPC, reason, count, in_log=reason != BROKEN)
                except (ConcordatError, sqlite3.Error, OSError):
                    journal.failure("handshakes-not-logged", reason=reason)
