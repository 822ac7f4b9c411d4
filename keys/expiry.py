"""How long a certificate is good for, and which warning that deserves: at 60, 30 and 7 days before its end.

Everybody who holds one asks here: agencies and auditors before they dial, the service when it starts and every day.
"""

from __future__ import annotations

from dataclasses import dataclass

from keys import tls

WARNING_DAYS = (60, 30, 7)
_SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Expiry:
    """``days`` whole days are left (negative: that many ago). ``limit`` is the smallest warning reached, else 0."""

    days: int
    limit: int
    is_over: bool


def expiry(certificate: str | bytes, now: int) -> Expiry:
    """The expiry of a certificate (PEM or DER) at ``now``, seconds since 1970. Raises ReceivedError for neither."""
    seconds = tls.not_after(certificate) - now
    days = seconds // _SECONDS_PER_DAY
    reached = [limit for limit in WARNING_DAYS if days <= limit]
    return Expiry(days, min(reached, default=0), seconds <= 0)
