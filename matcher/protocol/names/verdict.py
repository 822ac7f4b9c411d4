"""The verdict on two names taken apart: the one place that decides, for blinded symbols and plain numbers alike.

It sees tuples of integers and asks only whether two are equal, how many there are, and how far two brands are apart by
rapidfuzz; so a pair of symbols, renumbered, gives what the pair of plain names gives (design section 4). All bounds
are integers. The order of the questions is a careful clerk's: docs/names.md tells it with examples.
"""

from __future__ import annotations

from matcher.protocol.names.parts import NameParts

SAME, VARIANT, BRANCH, DIFFERENT, REVIEW = "same", "variant", "branch", "different", "review"
UNKNOWN = "unknown"


def decide(one: NameParts, other: NameParts) -> str:
    """SAME, VARIANT, BRANCH (of), DIFFERENT or REVIEW (needs a person). Symmetric."""
    if one == other:
        return SAME
    if _conflict(one.province, other.province) or _conflict(one.prefecture, other.prefecture):
        return DIFFERENT
    if _conflict(one.county, other.county) or one.ordinal != other.ordinal:
        return DIFFERENT
    if one.brand == other.brand:
        return _same_brand(one, other)
    return DIFFERENT


def _conflict(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return one != other and bool(one) and bool(other)


def _agreeing(one: NameParts, other: NameParts) -> str:
    """Brand and trade agree: what kind of agreement."""
    if one.tail != other.tail:
        return BRANCH
    return VARIANT


def _same_brand(one: NameParts, other: NameParts) -> str:
    if one.trade == other.trade:
        return _agreeing(one, other)
    if (not one.form and not one.province) or (not other.form and not other.province):
        return _agreeing(one, other) if one.brand else REVIEW
    if not one.trade or not other.trade:
        return DIFFERENT
    return DIFFERENT
