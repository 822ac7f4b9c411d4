"""At most three versions of a record per period (design section 4): who may resend at will can probe an amount.

A version of a token is a sealed submission of the party that puts a row of it. Deletes are free: they tell nothing.
The first three submissions of a period cannot exceed the limit and are not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matcher.protocol.errors import QuotaError
from matcher.service.match import engine
from matcher.service.store.period_keys import PeriodKey
from matcher.service.store.uploads import Submission

MAX_VERSIONS = 3


def require_few(scratch: Path, segments: Path, submissions: Sequence[Submission], key: PeriodKey) -> None:
    """Raise QuotaError when a token has too many versions in one party's submissions of a period."""
    if len(submissions) <= MAX_VERSIONS:
        return
    with engine.connect(scratch) as connection:
        for _done in engine.load(connection, segments, submissions, key, [submissions[0].party]):
            pass
        [(exceeded,)] = connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM sent WHERE is_put GROUP BY token_high, token_low "
            "HAVING count(DISTINCT sequence) > ?)",
            [MAX_VERSIONS],
        ).fetchall()
    if exceeded:
        raise QuotaError(
            f"{exceeded} link values would have more than {MAX_VERSIONS} versions in this period",
            remedy="Leave the unchanged rows out of the submission, or wait for the next period.",
        )
