"""The verdict on two names taken apart: the one place that decides, for blinded symbols and plain numbers alike.

It sees tuples of integers and asks only whether two are equal, how many there are, and how far two brands are apart by
rapidfuzz; so the symbols of a pair, renumbered, give what the pair of plain names gives (design section 4). All bounds
are integers. The order of the questions is a careful clerk's; docs/names.md tells it with examples. Each answer carries
its reason, which only ``concordat explain`` shows: the service has the verdict and nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

from rapidfuzz.distance import OSA

from matcher.protocol.names.parts import NameParts, Numbers

SAME, VARIANT, BRANCH, DIFFERENT, REVIEW = "same", "variant", "branch", "different", "review"
UNKNOWN = "unknown"

LONG_BRAND = 5
TELLING_BRAND = 2


class Decision(NamedTuple):
    """A verdict, and why it fell, as a sentence for a clerk."""

    verdict: str
    reason: str


NOTHING_SAID = Decision(UNKNOWN, "One of the names says nothing.")
ALL_EQUAL = Decision(SAME, "Every part is equal.")
OTHER_REGION = Decision(DIFFERENT, "The regions contradict each other.")
OTHER_ORDINAL = Decision(DIFFERENT, "The ordinals differ, or only one name has one.")
OTHER_BRAND = Decision(DIFFERENT, "The brands differ.")
OTHER_TRADE = Decision(DIFFERENT, "The brand is equal, the trade is another.")
AGREED = Decision(VARIANT, "Brand and trade agree and nothing contradicts; the rest is written in another way.")
ONE_IS_BRANCH = Decision(BRANCH, "Brand and trade agree; one name is of a branch, a department or a project.")
OTHER_LEVEL = Decision(REVIEW, "Brand and trade agree, but one name has a further level of region: often two firms.")
ONLY_REGION = Decision(REVIEW, "There is no brand, and only one name says the region in full.")
NOTHING_TELLS = Decision(REVIEW, "Neither brand nor trade is left to compare.")
WORKS_ONLY = Decision(REVIEW, "Brand and trade agree, but for 工程 in one name: the same firm, or its sister.")
NO_TRADE = Decision(REVIEW, "The brand is equal, and one of the two full names has no trade.")
SHORTENED_TRADE = Decision(REVIEW, "The brand is equal; the shortened name may leave out words of the trade.")
SAME_SOUND = Decision(REVIEW, "The brands are written differently and sound alike: a slip, or another firm.")
ONE_CHARACTER = Decision(REVIEW, "Two long brands differ in one character or in their order: a slip, or another firm.")
SHORTENED_BRAND = Decision(REVIEW, "The shortened name may stand for the other brand.")
DECISIONS = (
    NOTHING_SAID, ALL_EQUAL, OTHER_REGION, OTHER_ORDINAL, OTHER_BRAND, OTHER_TRADE, AGREED, ONE_IS_BRANCH, OTHER_LEVEL,
    ONLY_REGION, NOTHING_TELLS, WORKS_ONLY, NO_TRADE, SHORTENED_TRADE, SAME_SOUND, ONE_CHARACTER,
    SHORTENED_BRAND,
)  # fmt: skip
REASONS = tuple(decision.reason for decision in DECISIONS)


def decide(one: NameParts, other: NameParts) -> Decision:
    """SAME, VARIANT, BRANCH (of the other), DIFFERENT or REVIEW (needs a person), and why. Symmetric."""
    if one == other:
        return ALL_EQUAL
    if (
        _conflict(one.province, other.province)
        or _conflict(one.prefecture, other.prefecture)
        or _conflict(one.county, other.county)
    ):
        return OTHER_REGION
    if one.ordinal != other.ordinal:
        return OTHER_ORDINAL
    if one.brand == other.brand:
        return _same_brand(one, other)
    return _other_brand(one, other)


def _conflict(one: Numbers, other: Numbers) -> bool:
    return one != other and bool(one) and bool(other)


def _agreed(one: NameParts, other: NameParts) -> Decision:
    """Brand and trade agree, and no region contradicts. Do the names say as much of the region as they should?"""
    if (one.province, one.prefecture, one.county) != (other.province, other.prefecture, other.county):
        if one.province and other.province:
            # 四川瑞衡 and 成都瑞衡 are often two firms, registered at two levels; 成都瑞衡 and 四川成都瑞衡 are equal.
            return OTHER_LEVEL
        if not one.brand:
            return ONLY_REGION
    if not one.brand and not _trade(one):
        return NOTHING_TELLS
    return AGREED if one.tail == other.tail else ONE_IS_BRANCH


def _is_abbreviated(name: NameParts) -> bool:
    """Written as people say it: no legal form, as on a list of shares or in a letter."""
    return not name.form


def _trade(name: NameParts) -> Numbers:
    return name.trade + name.closing


def _is_equal_trade(one: NameParts, other: NameParts) -> bool:
    return one.trade == other.trade and one.closing == other.closing


def _same_brand(one: NameParts, other: NameParts) -> Decision:
    if _is_equal_trade(one, other):
        if one.works == other.works or _is_abbreviated(one) or _is_abbreviated(other):
            return _agreed(one, other)
        return WORKS_ONLY
    trade, other_trade = _trade(one), _trade(other)
    if sorted(trade) == sorted(other_trade):
        return _agreed(one, other)
    short, long = (one, other) if len(trade) < len(other_trade) else (other, one)
    short_trade, long_trade = _trade(short), _trade(long)
    if len(one.brand) >= TELLING_BRAND and not short_trade:
        return _agreed(one, other) if _is_abbreviated(short) else NO_TRADE
    if _is_abbreviated(short) and short_trade and _is_within(short_trade, long_trade):
        # People keep the last word that says something: 瑞衡科技 is short for 瑞衡信息科技, 瑞衡智能 for 瑞衡智能科技,
        # but 瑞衡建筑 hardly for 瑞衡建筑劳务.
        kept = short_trade[-1] == long_trade[-1] or short_trade == long.trade
        return _agreed(one, other) if kept else SHORTENED_TRADE
    return OTHER_TRADE


def _is_within(short: Numbers, long: Numbers) -> bool:
    """Whether ``short`` is ``long`` with some left out, in order."""
    rest = iter(long)
    return all(number in rest for number in short)


def _other_brand(one: NameParts, other: NameParts) -> Decision:
    equal_trade = _is_equal_trade(one, other)
    if min(len(one.brand), len(other.brand)) >= TELLING_BRAND:
        if equal_trade and _without_repeats(one.brand) == _without_repeats(other.brand):
            return _agreed(one, other)
        if _is_word_cut_short(one, other) or _is_word_cut_short(other, one):
            return _agreed(one, other)
    if equal_trade and (near := _near_brand(one, other)) is not None:
        return near
    return _abbreviation(one, other)


def _is_word_cut_short(one: NameParts, other: NameParts) -> bool:
    """瑞衡建发展 for 瑞衡建设发展: ``one`` has at its brand's end one character of a trade word that it lacks otherwise
    and that follows the brand in ``other``."""
    trade = _trade(other)
    return (
        one.brand[:-1] == other.brand
        and len(trade) > 0
        and _trade(one) == trade[1:]
        and one.works == other.works
        and one.seam[0] in other.seam[1:]
    )


def _near_brand(one: NameParts, other: NameParts) -> Decision | None:
    if one.sound == other.sound:
        return SAME_SOUND
    if len(one.brand) == len(other.brand) >= LONG_BRAND and (
        sorted(one.brand) == sorted(other.brand) or _distance(one.brand, other.brand) == 1
    ):
        return ONE_CHARACTER
    return None


def _abbreviation(one: NameParts, other: NameParts) -> Decision:
    """The shorter one as people say it: the beginning of the brand, or characters of it."""
    short, long = (one, other) if len(one.brand) < len(other.brand) else (other, one)
    size = len(short.brand)
    if not _is_abbreviated(short) or size < TELLING_BRAND:
        return OTHER_BRAND
    short_trade = _trade(short)
    if short_trade and not _is_within(short_trade, _trade(long)):
        return OTHER_BRAND
    if long.brand[:size] == short.brand:
        return SHORTENED_BRAND if short_trade else _agreed(one, other)
    return SHORTENED_BRAND if _is_within(short.brand, long.brand) else OTHER_BRAND


def _without_repeats(brand: Numbers) -> Numbers:
    return tuple([number for place, number in enumerate(brand) if place == 0 or brand[place - 1] != number])


def _distance(one: Numbers, other: Numbers) -> int:
    numbers: dict[int, str] = {}
    for number in one + other:
        numbers.setdefault(number, chr(len(numbers)))
    return OSA.distance("".join([numbers[n] for n in one]), "".join([numbers[n] for n in other]), score_cutoff=1)
