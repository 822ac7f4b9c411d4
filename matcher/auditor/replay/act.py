"""One entry of the log on its way through the replay, with the agreement it stands under."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from matcher.auditor.checks import CheckFailed
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.entries import Entry
from matcher.protocol.messages import SignedMessage
from matcher.protocol.suite import sha256
from matcher.protocol.zone import CHINA_SECONDS

# The service decides, then writes: an entry's time is a little later than the clock its check was made by.
DECISION_SECONDS = 60
# Quotas by month are counted in China: UTC+8, which has had no daylight saving time since 1991.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_PER_DAY = 86_400

PeriodKey = tuple[str, str, str]


class Act:
    """An entry, its index, and the agreement its headers name.

    What several checks need is worked out once: ``signed`` is what the sender's signature covers, ``digest`` its
    SHA-256, the message's name; both are empty where the entry has no message. ``period_key`` is what rounds belong
    to, whatever the agreement's version: agreement id, flow, period. ``seconds`` is the entry's time since 1970, and
    ``moments`` the earliest and the latest second at which the service may have decided.
    """

    __slots__ = ("agreement", "digest", "entry", "index", "moments", "period_key", "seconds", "signed")

    def __init__(self, index: int, entry: Entry, agreement: Agreement) -> None:
        self.index = index
        self.entry = entry
        self.agreement = agreement
        self.signed = entry.message.signed_bytes() if entry.message is not None else b""
        self.digest = sha256(self.signed) if self.signed else b""
        self.period_key: PeriodKey = (agreement.id, entry.flow, entry.period)
        self.seconds = entry.time // 1000
        self.moments = (self.seconds - DECISION_SECONDS, self.seconds)

    @property
    def message(self) -> SignedMessage:
        """The entry's message. Raises VerificationError where the type has none."""
        return self.entry.require_message()

    @property
    def months(self) -> tuple[str, ...]:
        """The calendar months that these moments lie in; nearly always one."""
        return tuple(dict.fromkeys(month_of(moment) for moment in self.moments))


def month_of(seconds: int) -> str:
    """The calendar month of a time in seconds since 1970, e.g. ``2022-05``; entries come a day at a time."""
    return _month_of_day((seconds + CHINA_SECONDS) // _SECONDS_PER_DAY)


@lru_cache(maxsize=64)
def _month_of_day(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).strftime("%Y-%m")


def require(number: int, holds: bool, reason: str) -> None:
    """Raise CheckFailed unless ``holds``."""
    if not holds:
        raise CheckFailed(number, reason)
