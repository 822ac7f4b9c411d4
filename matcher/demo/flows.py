"""Twelve months of an account's money, by the pattern that is planted in it: harmless, or just over a rule's bound.

What comes in for labour cost is about what is paid as wages; the last month's wages are what the list of accounts says.
Amounts are in fen. The bounds are those of the bank's own rules as they come with the program (docs/rules.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

YEAR, MONTHS = 2021, range(6, 18)  # June 2021 to May 2022
_LAST = len(MONTHS) - 1
_SHARE_TENTHS = 9
_YUAN = 100


@dataclass(slots=True)
class Money:
    """One month of one account."""

    labour_in: int = 0
    wages_out: int = 0
    other_out: int = 0


Year = list[Money]
Pattern = Callable[[Random, int, int], Year]


def _regular(random: Random, paid: int, usual: int) -> Year:
    year = []
    for _month in MONTHS:
        labour_in = int(usual * random.uniform(0.9, 1.1)) // _YUAN * _YUAN
        year.append(Money(labour_in, labour_in - int(labour_in * random.uniform(0, 0.03)) // _YUAN * _YUAN))
    year[_LAST].wages_out = paid
    return year


def _recent(random: Random, paid: int, usual: int) -> Year:
    """Opened two months before the end."""
    return [Money() for _month in range(_LAST - 1)] + _regular(random, paid, usual)[_LAST - 1 :]


def _one_empty(random: Random, paid: int, usual: int) -> Year:
    year = _regular(random, paid, usual)
    month = random.choice((2, 5, 8))
    year[month] = Money()
    return year


def _last_empty(random: Random, paid: int, usual: int) -> Year:
    year = _regular(random, paid, usual)
    year[_LAST].labour_in = 0
    return year


def _two_empty(random: Random, paid: int, usual: int) -> Year:
    year = _regular(random, paid, usual)
    month = random.choice((2, 5, 8))
    year[month], year[month + 1] = Money(), Money()
    return year


def _share(short: int) -> Pattern:
    """Nine tenths of what came in before the last month are paid, less ``short``."""

    def pattern(random: Random, paid: int, usual: int) -> Year:
        year = _regular(random, paid, usual)
        due = sum(month.labour_in for month in year[:_LAST])
        left = due * _SHARE_TENTHS // 10 - short - paid
        each, rest = divmod(left, _LAST)
        for month in year[:_LAST]:
            month.wages_out = each
        year[0].wages_out += rest
        return year

    return pattern


def _leak(random: Random, paid: int, usual: int) -> Year:
    year = _regular(random, paid, usual)
    random.choice(year).other_out = random.choice((1, 50_000 * _YUAN))
    return year


HARMLESS, SHARE_MET, ONE_EMPTY, LAST_EMPTY, RECENT = "harmless", "share-met", "one-empty", "last-empty", "recent"
TWO_EMPTY, SHARE_MISSED, LEAK = "two-empty", "share-missed", "leak"


def year_of(random: Random, pattern: str, paid: int, usual: int) -> list[tuple[str, Money]]:
    """(month as 2022-05, money) of the months that a bank lists, at least the last one.

    ``paid`` are the last month's wages, ``usual`` a usual month's. Months without movement may be left out.
    """
    patterns: dict[str, Pattern] = {
        HARMLESS: _regular, SHARE_MET: _share(0), ONE_EMPTY: _one_empty, LAST_EMPTY: _last_empty, RECENT: _recent,
        TWO_EMPTY: _two_empty, SHARE_MISSED: _share(1), LEAK: _leak,
    }  # fmt: skip
    year = patterns[pattern](random, paid, usual)
    listed = []
    opened = False
    for number, month in zip(MONTHS, year, strict=True):
        moved = month != Money()
        opened = opened or moved
        if moved or (opened and (number == MONTHS[-1] or random.random() < 0.5)):
            listed.append((f"{YEAR + (number - 1) // 12}-{(number - 1) % 12 + 1:02}", month))
    return listed
