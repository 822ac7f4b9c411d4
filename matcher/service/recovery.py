"""Start-up: whatever a crash left behind is brought to what the control database says (design section 7).

The database is the truth. A file it does not name was never committed, and one it no longer needs was not removed in
time; both go. Nothing acknowledged is touched: acknowledged rows are in uploads the database names.
"""

from __future__ import annotations

import shutil

from sqlite_utils import Database

from matcher.service import journal
from matcher.service.home import ServiceHome
from matcher.service.store import findings, messages, periods, segments, spool, uploads
from matcher.service.store.database import ControlDatabase
from matcher.service.store.log import Clock
from matcher.service.store.period_keys import PeriodKeys


def recover(database: ControlDatabase, home: ServiceHome, period_keys: PeriodKeys, clock: Clock) -> None:
    """Remove what no committed act names, on disk and in tables; erase attachments that lapsed."""
    home.make_directories()
    with database.read() as transaction:
        removed = {
            "segments": _orphaned_segments(transaction, home),
            "spools": _orphaned_spools(transaction, home),
            "period_keys": _orphaned_keys(transaction, period_keys),
        }
    for left in home.scratch.iterdir():
        shutil.rmtree(left)
    with database.write() as transaction:
        removed["attachments"] = messages.erase_lapsed(transaction, clock())
        removed["findings"] = findings.drop_unnamed(transaction)
    if any(removed.values()):
        journal.warning("recovered", **removed)


def _orphaned_segments(transaction: Database, home: ServiceHome) -> int:
    named = set(uploads.segments_in_use(transaction))
    orphans = [submission for submission in segments.found(home.segments) if submission not in named]
    for submission in orphans:
        segments.remove(home.segments, submission)
    missing = named - set(segments.found(home.segments))
    if missing:
        # Not repaired and not hidden: the match over them will fail by name.
        journal.warning("segments-missing", count=len(missing))
    return len(orphans) + segments.remove_unfinished(home.segments)


def _orphaned_spools(transaction: Database, home: ServiceHome) -> int:
    under_way = uploads.all_submissions(transaction)
    orphans = [submission for submission in spool.found(home.spool) if submission not in under_way]
    for submission in orphans:
        spool.remove(home.spool, submission)
    return len(orphans)


def _orphaned_keys(transaction: Database, period_keys: PeriodKeys) -> int:
    needed = {period.name.key_name() for period in periods.every_period(transaction) if period.purged_at is None}
    orphans = [name for name in period_keys.names() if name not in needed]
    for name in orphans:
        period_keys.destroy(name)
    return len(orphans) + period_keys.remove_unfinished()
