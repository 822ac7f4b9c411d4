"""What was used of the agreement's quotas, keyed by agreement id so that a new version does not start afresh.

The recipients count for themselves (design section 4); this is the first line.
"""

from __future__ import annotations

from datetime import datetime

from sqlite_utils import Database

from matcher.protocol.zone import CHINA
from matcher.service.store.database import number

EVALUATIONS = "evaluations"
REVEALS = "reveals"


def month(now: int) -> str:
    """The calendar month of ``now`` (ms), as a span."""
    return f"month {datetime.fromtimestamp(now / 1000, CHINA):%Y-%m}"


def used(transaction: Database, agreement_id: str, party: str, what: str, span: str) -> int:
    """How much of ``what`` the party used in the span."""
    sql = "SELECT sum(used) FROM usage WHERE agreement_id = ? AND party = ? AND what = ? AND span = ?"
    return number(transaction, sql, [agreement_id, party, what, span])


def add(transaction: Database, agreement_id: str, party: str, what: str, span: str, more: int) -> None:
    """Count ``more``."""
    transaction.execute(
        "INSERT INTO usage VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (agreement_id, party, what, span) DO UPDATE SET used = used + excluded.used",
        [agreement_id, party, what, span, more],
    )


def evaluations(transaction: Database, agreement_id: str, link: str, epoch: int) -> int:
    """How many evaluations were asked for of a link kind in an epoch, by all parties."""
    sql = "SELECT sum(used) FROM usage WHERE agreement_id = ? AND what = ? AND span = ?"
    return number(transaction, sql, [agreement_id, EVALUATIONS, epoch_span(link, epoch)])


def epoch_span(link: str, epoch: int) -> str:
    """An epoch of a link kind, as a span."""
    return f"epoch {link} {epoch}"
