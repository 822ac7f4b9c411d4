"""Checks 10 and 11: a message counts once, and in time.

Numbers are taken in whatever order messages reach the log: an agency's agent and its people send side by side, and a
crash wastes a number. What must never happen is two messages under one number, or one message twice.
"""

from __future__ import annotations

from bisect import bisect_right

from matcher.auditor.checks import CheckFailed
from matcher.auditor.replay.act import Act

# A party's clock may be this much ahead of the service's.
_CLOCK_SECONDS = 300 + 60
# These stand as long as what they found: their own rules say until when.
WITHOUT_EXPIRY = frozenset(("card", "agreement", "manifest"))


class Intervals:
    """A set of whole numbers, as disjoint half-open intervals: small when nearly all numbers are taken."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []

    def add(self, start: int, end: int) -> bool:
        """Add [start, end); False, adding nothing, if any of it is there already."""
        after = bisect_right(self._starts, start)
        if (after and self._ends[after - 1] > start) or (after < len(self._starts) and self._starts[after] < end):
            return False
        joins_left = after > 0 and self._ends[after - 1] == start
        joins_right = after < len(self._starts) and self._starts[after] == end
        if joins_left and joins_right:
            self._ends[after - 1] = self._ends.pop(after)
            self._starts.pop(after)
        elif joins_left:
            self._ends[after - 1] = end
        elif joins_right:
            self._starts[after] = start
        else:
            self._starts.insert(after, start)
            self._ends.insert(after, end)
        return True


class Numbers:
    """The numbers used so far, by sender and recipient."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str], Intervals] = {}

    def take(self, act: Act) -> None:
        """Take the message's number. Raises CheckFailed (10)."""
        message = act.message
        pair = message.sender, message.recipient
        used = self._used.get(pair)
        if used is None:
            used = self._used[pair] = Intervals()
        if message.sequence <= 0 or not used.add(message.sequence, message.sequence + 1):
            to = message.recipient or "the service"
            raise CheckFailed(10, f"number {message.sequence} from {message.sender} to {to} was used before")


def require_in_time(act: Act) -> None:
    """Raise CheckFailed (11) for a message that came late, or would never or only far too late expire."""
    message = act.message
    if message.kind in WITHOUT_EXPIRY and message.expiry == 0:
        return
    earliest, latest = act.moments
    if message.expiry <= earliest:
        raise CheckFailed(11, f"the message expired {latest - message.expiry} s before it was logged")
    if message.expiry > latest + act.agreement.message_hours * 3600 + _CLOCK_SECONDS:
        raise CheckFailed(11, f"the message lives longer than the agreement's {act.agreement.message_hours} hours")
