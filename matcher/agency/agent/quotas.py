"""The answering side's own count of what is asked of it (design section 4): per agreement id and requester.

Kept over the epoch and over the calendar month (China's); padding counts. A count is durable before anything is
answered, so a crash can only count too much.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime

from matcher.protocol.errors import QuotaError
from matcher.protocol.zone import CHINA

EVALUATIONS = "evaluations"
REVEALS = "reveals"


def month_of(now: int) -> str:
    """The calendar month of ``now`` (seconds since 1970) in China, e.g. ``month:2022-05``."""
    return datetime.fromtimestamp(now, CHINA).strftime("month:%Y-%m")


def epoch_span(link: str, epoch: int) -> str:
    """The span of a key epoch of one link kind."""
    return f"epoch:{link}:{epoch}"


def used(connection: sqlite3.Connection, agreement_id: str, party: str, what: str, span: str) -> int:
    """How much ``party`` has used so far."""
    row = connection.execute(
        "SELECT used FROM counts WHERE agreement_id = ? AND party = ? AND what = ? AND span = ?",
        (agreement_id, party, what, span),
    ).fetchone()
    return int(row[0]) if row else 0


def spend(
    connection: sqlite3.Connection, agreement_id: str, party: str, what: str, span: str, amount: int, limit: int
) -> int:
    """Count ``amount`` more and return the new total. Raises QuotaError, counting nothing, above ``limit``."""
    total = used(connection, agreement_id, party, what, span) + amount
    if total > limit:
        raise QuotaError(
            f"{party}: {what} quota of {limit} for {span} would be exceeded ({total} with these {amount})",
            remedy="Wait for the next span, or amend the agreement.",
        )
    connection.execute(
        "INSERT INTO counts VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (agreement_id, party, what, span) DO UPDATE SET used = excluded.used",
        (agreement_id, party, what, span, total),
    )
    return total
