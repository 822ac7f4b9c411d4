"""Refused acts in the audit log: who was refused what, why, and which message it was.

Bounded, so that a caller cannot fill the log by knocking: a refusal that repeats within a minute (certificate, RPC,
reason and message the same) is logged once, and of one certificate at most so many a minute; what TLS refuses, once an
hour for each reason. Metrics count the rest. What a failing disk does not take waits until it does.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from functools import partial
from time import monotonic

from matcher.protocol import entries
from matcher.protocol.errors import ConcordatError
from matcher.service import journal, limits, policy
from matcher.service.metrics import Metrics
from matcher.service.store.database import ControlDatabase
from matcher.service.store.log import LogWriter


class Refusals:
    """Appends ``access-denied`` entries."""

    def __init__(self, database: ControlDatabase, log: LogWriter, metrics: Metrics) -> None:
        self._database = database
        self._log = log
        self._metrics = metrics
        self._since = monotonic()
        self._logged: set[tuple[str, str, str, str]] = set()
        self._by_caller: Counter[str] = Counter()
        self._handshakes: dict[str, float] = {}
        self._unwritten: deque[tuple[str, dict[str, str]]] = deque(maxlen=limits.MAX_DENIALS_WAITING)
        self._lock = threading.Lock()

    def record(self, rpc: str, party: str, certificate: str, error: ConcordatError, message: str) -> None:
        """Log that ``error`` refused ``rpc``; ``party`` and ``message`` (a hex digest) are empty when unknown."""
        reason = policy.reason_of(error)
        self._metrics.denials.labels(rpc, reason).inc()
        journal.warning("refused", rpc=rpc, party=party, reason=reason, message=message)
        if not self._has_room(certificate, (certificate, rpc, reason, message)):
            return
        facts = {
            "rpc": rpc, "reason": reason, "detail": policy.detail(error), "certificate": certificate,
            "message": message,
        }  # fmt: skip
        self._append(party, facts)

    def record_handshakes(self, rpc: str, reason: str, count: int, *, in_log: bool) -> None:
        """Count connections that ended before a call, and log the reason, at most once in an hour. For one thread."""
        self._metrics.denials.labels(rpc, reason).inc(count)
        journal.warning("refused", rpc=rpc, reason=reason, count=count)
        last = self._handshakes.get(reason)
        if not in_log or (last is not None and monotonic() - last < limits.HANDSHAKE_SPAN_SECONDS):
            return
        self._handshakes[reason] = monotonic()
        self._append(
            "", {"rpc": rpc, "reason": reason, "detail": policy.REASONS[reason], "certificate": "", "message": ""}
        )

    def _append(self, party: str, facts: dict[str, str]) -> None:
        with self._lock:
            self._unwritten.append((party, facts))
        self.write_waiting()

    def write_waiting(self) -> None:
        """Write what a disk refused before. Raises what writing raises; what is not written then goes on waiting."""
        while (refusal := self._next()) is not None:
            party, facts = refusal
            entry = partial(entries.without_message, "access-denied", facts=facts, actor=party)
            try:
                with self._database.write() as transaction:
                    self._log.append(transaction, entry)
            except BaseException:
                if not self._log.is_ended:  # an ended log takes nothing any more
                    with self._lock:
                        self._unwritten.appendleft(refusal)
                raise

    def _next(self) -> tuple[str, dict[str, str]] | None:
        with self._lock:
            return self._unwritten.popleft() if self._unwritten else None

    def _has_room(self, certificate: str, refusal: tuple[str, str, str, str]) -> bool:
        with self._lock:
            if monotonic() - self._since >= limits.DENIAL_SPAN_SECONDS:
                self._since = monotonic()
                self._logged.clear()
                self._by_caller.clear()
            if refusal in self._logged or self._by_caller[certificate] >= limits.MAX_DENIALS_LOGGED:
                return False
            self._logged.add(refusal)
            self._by_caller[certificate] += 1
            return True
