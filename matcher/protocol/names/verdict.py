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
    """Brand and trade agree, and no region contradicts. Do the names say as much of the region as they should?"""
    if (one.province, one.prefecture, one.county) != (other.province, other.prefecture, other.county):
        if one.province and other.province:
            # 四川瑞衡 and 成都瑞衡 are often two firms, registered at two levels; 成都瑞衡 and 四川成都瑞衡 are equal.
            return REVIEW
        if not one.brand:
            return REVIEW
    if not one.brand and not one.trade:
        return REVIEW
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
        # People keep the last word: 瑞衡科技 is short for 瑞衡信息科技, but 瑞衡建筑 hardly for 瑞衡建筑劳务.
        return _agreed(one, other) if short.trade[-1] == long.trade[-1] else REVIEW
    return DIFFERENT


def _is_within(short: Numbers, long: Numbers) -> bool:
    """Whether ``short`` is ``long`` with some left out, in order."""
    rest = iter(long)
    return all(number in rest for number in short)


def _other_brand(one: NameParts, other: NameParts) -> str:
    if min(len(one.brand), len(other.brand)) >= _TELLING_BRAND:
        if _without_repeats(one.brand) == _without_repeats(other.brand):
            return _agreed(one, other) if one.trade == other.trade else REVIEW
        if _is_word_cut_short(one, other) or _is_word_cut_short(other, one):
            return REVIEW
    if one.trade == other.trade and (near := _near_brand(one, other)) != DIFFERENT:
        return near
    return _abbreviation(one, other)


def _is_word_cut_short(one: NameParts, other: NameParts) -> bool:
    """瑞衡建发展 and 瑞衡建设发展: ``one`` has a character more of brand where ``other`` has a word more of trade."""
    return one.brand[:-1] == other.brand and one.trade == other.trade[1:] and one.trade != other.trade


def _near_brand(one: NameParts, other: NameParts) -> str:
    if one.sound == other.sound:
        return REVIEW
    if len(one.brand) == len(other.brand) >= _LONG_BRAND and (
        sorted(one.brand) == sorted(other.brand) or _distance(one.brand, other.brand) == 1
    ):
        return REVIEW
    return DIFFERENT


def _abbreviation(one: NameParts, other: NameParts) -> str:
    """The shorter one as people say it: the beginning of the brand, or characters of it."""
    short, long = (one, other) if len(one.brand) < len(other.brand) else (other, one)
    size = len(short.brand)
    if not _is_abbreviated(short) or size < _TELLING_BRAND:
        return DIFFERENT
    if short.trade and not _is_within(short.trade, long.trade):
        return DIFFERENT
    if long.brand[:size] == short.brand:
        return _agreed(one, other) if not short.trade else REVIEW
    return REVIEW if _is_within(short.brand, long.brand) else DIFFERENT


def _without_repeats(brand: Numbers) -> Numbers:
    return tuple([number for place, number in enumerate(brand) if place == 0 or brand[place - 1] != number])


def _distance(one: Numbers, other: Numbers) -> int:
    numbers: dict[int, str] = {}
    for number in one + other:
        numbers.setdefault(number, chr(len(numbers)))
    return OSA.distance("".join([numbers[n] for n in one]), "".join([numbers[n] for n in other]), score_cutoff=1)
