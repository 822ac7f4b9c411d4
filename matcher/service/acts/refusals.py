"""Refused acts in the audit log: who was refused what, why, and which message it was.

Bounded: a refusal that repeats within a minute - same certificate, RPC and reason - is counted by the metrics and not
logged again, so that a caller cannot fill the log by knocking.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
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
        self._recent: OrderedDict[tuple[str, str, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def record(self, rpc: str, party: str, certificate: str, error: ConcordatError, message: str) -> None:
        """Log that ``error`` refused ``rpc``; ``party`` and ``message`` (a hex digest) are empty when unknown."""
        self._metrics.denials.labels(rpc, error.code).inc()
        journal.warning("refused", rpc=rpc, party=party, reason=error.code, message=message)
        if self._is_repeated(certificate, rpc, error.code):
            return
        facts = {
            "rpc": rpc, "reason": error.code, "detail": policy.detail(error), "certificate": certificate,
            "message": message,
        }  # fmt: skip
        with self._database.write() as transaction:
            self._log.append(
                transaction, lambda time: entries.without_message("access-denied", time, facts, actor=party)
            )

    def _is_repeated(self, certificate: str, rpc: str, code: str) -> bool:
        now = monotonic()
        with self._lock:
            while self._recent:
                oldest, since = next(iter(self._recent.items()))
                if now - since < limits.DENIAL_LOG_SECONDS and len(self._recent) < limits.MAX_DENIALS_REMEMBERED:
                    break
                del self._recent[oldest]
            if (certificate, rpc, code) in self._recent:
                return True
            self._recent[certificate, rpc, code] = now
            return False
