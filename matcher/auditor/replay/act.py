"""One entry of the log on its way through the replay, with the agreement it stands under."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

from matcher.auditor.checks import CheckFailed
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.entries import Entry
from matcher.protocol.messages import SignedMessage

# The service decides, then writes: an entry's time is a little later than the clock its check was made by.
DECISION_SECONDS = 60
# Quotas by month are counted in China: UTC+8, which has had no daylight saving time since 1991.
_CHINA = timezone(timedelta(hours=8))

PeriodKey = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Act:
    """An entry, its index, and the agreement its headers name."""

    index: int
    entry: Entry
    agreement: Agreement

    @property
    def message(self) -> SignedMessage:
        """The entry's message. Raises VerificationError where the type has none."""
        return self.entry.require_message()

    @property
    def seconds(self) -> int:
        """The entry's time, in seconds since 1970."""
        return self.entry.time // 1000

    @property
    def moments(self) -> tuple[int, int]:
        """The earliest and the latest second at which the service may have decided."""
        return self.seconds - DECISION_SECONDS, self.seconds

    @property
    def months(self) -> tuple[str, ...]:
        """The calendar months that these moments lie in; nearly always one."""
        return tuple(dict.fromkeys(month_of(moment) for moment in self.moments))

    @property
    def period_key(self) -> PeriodKey:
        """(agreement id, flow, period): what rounds belong to, whatever the agreement's version."""
        return self.agreement.id, self.entry.flow, self.entry.period


def month_of(seconds: int) -> str:
    """The calendar month of a time in seconds since 1970, e.g. ``2022-05``."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(_CHINA).strftime("%Y-%m")


def require(number: int, holds: bool, reason: str) -> None:
    """Raise CheckFailed unless ``holds``."""
    if not holds:
        raise CheckFailed(number, reason)
