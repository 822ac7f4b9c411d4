"""Purging a period: log it, then destroy its wrapping key, its segments, spools, findings and attachments.

Appended and checkpointed first, then done: a crash in between leaves files that the next start, or the next purge,
removes (recovery.py). That no copy exists elsewhere is the operator's promise (design section 7).
"""

from __future__ import annotations

from matcher.protocol import entries
from matcher.protocol.errors import NotFoundError, StateError
from matcher.service import policy
from matcher.service.home import ServiceHome
from matcher.service.store import agreements, findings, messages, periods, segments, spool, uploads
from matcher.service.store.database import ControlDatabase
from matcher.service.store.log import Clock, LogWriter
from matcher.service.store.period_keys import PeriodKeys
from matcher.service.store.periods import Period, PeriodName


def due(database: ControlDatabase, now: int) -> list[PeriodName]:
    """Periods whose retention is over at ``now`` (ms) and that were not purged."""
    with database.read() as transaction:
        found = []
        for period in periods.every_period(transaction):
            days = agreements.load(transaction, period.agreement).retention_days
            if period.purged_at is None and period.opened_at is not None:
                ends = period.opened_at + days * policy.MILLISECONDS_PER_DAY
                if now >= ends:
                    found.append(period.name)
        return found


def purge(
    database: ControlDatabase, log: LogWriter, home: ServiceHome, period_keys: PeriodKeys, name: PeriodName,
    clock: Clock, *, early: bool,
) -> int:  # fmt: skip
    """Purge one period; returns the number of segments destroyed. ``early`` permits it before retention is over.

    Raises NotFoundError for an unknown period, StateError when it was purged or is not due.
    """
    with database.write() as transaction:
        period = periods.find(transaction, name)
        if period is None:
            raise NotFoundError(f"no period {name.period} of flow {name.flow} in agreement {name.agreement_id}")
        if period.purged_at is not None:
            raise StateError("the period was purged before")
        _require_due(period, agreements.load(transaction, period.agreement).retention_days, clock(), early=early)
        sealed = uploads.sealed_in(transaction, name)
        open_uploads = uploads.of_period(transaction, name)
        position = log.append(
            transaction,
            lambda time: entries.without_message(
                "period-purged", time, {"segments": len(sealed)}, agreement=period.agreement, flow=name.flow,
                period=name.period,
            ),
        )  # fmt: skip
        periods.mark_purged(transaction, name, position.time)
        findings.erase(transaction, name)
        messages.erase_attachments(transaction, name)
        for upload in open_uploads:
            uploads.remove(transaction, upload.submission)
    # The write block above ended: commit point. Appended and checkpointed; now destroy.
    period_keys.destroy(name.key_name())
    for item in sealed:
        segments.remove(home.segments, item.submission)
    for upload in open_uploads:
        spool.remove(home.spool, upload.submission)
    return len(sealed)


def _require_due(period: Period, retention_days: int, now: int, *, early: bool) -> None:
    if early:
        return
    if period.opened_at is None or now < period.opened_at + retention_days * policy.MILLISECONDS_PER_DAY:
        raise StateError(
            f"the retention of {retention_days} days is not over",
            remedy="Wait, or purge with --early; then no reveal of this period is possible any more.",
        )
