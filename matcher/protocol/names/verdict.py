"""The verdict on two names taken apart: the one place that decides, for blinded symbols and plain numbers alike.

It sees tuples of integers and asks only whether two are equal, how many there are, and how far two brands are apart by
rapidfuzz; so the symbols of a pair, renumbered, give what the pair of plain names gives (design section 4). All bounds
are integers. The order of the questions is a careful clerk's; docs/names.md tells it with examples.
"""

from __future__ import annotations

from rapidfuzz.distance import OSA

from matcher.protocol.names.parts import NameParts, Numbers

SAME, VARIANT, BRANCH, DIFFERENT, REVIEW = "same", "variant", "branch", "different", "review"
UNKNOWN = "unknown"

_LONG_BRAND = 5
_TELLING_BRAND = 2


def decide(one: NameParts, other: NameParts) -> str:
    """SAME, VARIANT, BRANCH (of the other), DIFFERENT or REVIEW (needs a person). Symmetric."""
    if one == other:
        return SAME
    if (
        _conflict(one.province, other.province)
        or _conflict(one.prefecture, other.prefecture)
        or _conflict(one.county, other.county)
        or one.ordinal != other.ordinal
    ):
        return DIFFERENT
    if one.brand == other.brand:
        return _same_brand(one, other)
    return _other_brand(one, other)


def _conflict(one: Numbers, other: Numbers) -> bool:
    return one != other and bool(one) and bool(other)


def _agreed(one: NameParts, other: NameParts) -> str:
    return VARIANT if one.tail == other.tail else BRANCH


def _is_abbreviated(name: NameParts) -> bool:
    """Written as people say it: no legal form, as on a list of shares or in a letter."""
    return not name.form


def _same_brand(one: NameParts, other: NameParts) -> str:
    if one.trade == other.trade:
        if one.works == other.works or _is_abbreviated(one) or _is_abbreviated(other):
            return _agreed(one, other)
        return REVIEW
    if sorted(one.trade) == sorted(other.trade):
        return _agreed(one, other)
    short, long = (one, other) if len(one.trade) < len(other.trade) else (other, one)
    if len(one.brand) >= _TELLING_BRAND and not short.trade:
        return _agreed(one, other) if _is_abbreviated(short) else REVIEW
    if _is_abbreviated(short) and short.trade and _is_within(short.trade, long.trade):
        return _agreed(one, other)
    return DIFFERENT


def _is_within(short: Numbers, long: Numbers) -> bool:
    """Whether ``short`` is ``long`` with some left out, in order."""
    rest = iter(long)
    return all(number in rest for number in short)


def _other_brand(one: NameParts, other: NameParts) -> str:
    if _without_repeats(one.brand) == _without_repeats(other.brand) and min(len(one.brand), len(other.brand)) >= 2:
        return _agreed(one, other) if one.trade == other.trade else REVIEW
    if one.trade == other.trade:
        return _near_brand(one, other)
    return _cut_elsewhere(one, other)


def _near_brand(one: NameParts, other: NameParts) -> str:
    size, other_size = len(one.brand), len(other.brand)
    if one.sound == other.sound:
        return REVIEW
    if size == other_size and size >= _LONG_BRAND:
        if sorted(one.brand) == sorted(other.brand) or _distance(one.brand, other.brand) == 1:
            return REVIEW
        return DIFFERENT
    return _abbreviation(one, other)


def _abbreviation(one: NameParts, other: NameParts) -> str:
    short, long = (one, other) if len(one.brand) < len(other.brand) else (other, one)
    size = len(short.brand)
    if not _is_abbreviated(short) or size < _TELLING_BRAND:
        return DIFFERENT
    if long.brand[:size] == short.brand:
        return _agreed(one, other)
    return REVIEW if _is_within(short.brand, long.brand) else DIFFERENT


def _cut_elsewhere(one: NameParts, other: NameParts) -> str:
    return _abbreviation(one, other)


def _without_repeats(brand: Numbers) -> Numbers:
    return tuple([number for place, number in enumerate(brand) if place == 0 or brand[place - 1] != number])


def _distance(one: Numbers, other: Numbers) -> int:
    numbers: dict[int, str] = {}
    for number in one + other:
        numbers.setdefault(number, chr(len(numbers)))
    return OSA.distance("".join([numbers[n] for n in one]), "".join([numbers[n] for n in other]), score_cutoff=1)
