"""Rules over an account's months: what came in for labour cost, what was paid as wages, what else went out.

Pure. Months are numbered year * 12 + month - 1. A month without a row moved no money: banks list months with movement
only. An account is looked at from its first month in the file on, so a new one is not blamed for the time before it.
Which articles the rules rest on: docs/rules.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from matcher.agency.local.settings import LocalRules


class Month(NamedTuple):
    """Money of one account in one month, in fen: in for labour cost, out as wages by payroll, out to anyone else."""

    labour_in: int
    wages_out: int
    other_out: int


_NOTHING = Month(0, 0, 0)


def flow_codes(months: Mapping[int, Month], last: int, rules: LocalRules) -> frozenset[str]:
    """Codes of the enabled rules that fire for one account. ``last`` is the last month looked at.

    Empty for an account without a month in the window: nothing is known of it.
    """
    start = last - rules.window_months + 1
    known = [month for month in months if month <= last]
    if not any(month >= start for month in known):
        return frozenset()
    window = [months.get(month, _NOTHING) for month in range(max(start, min(known)), last + 1)]
    fired = (
        ("no-labour-deposit", _longest_without(window) > rules.most_empty_months),
        ("wages-below-inflow", _is_behind(window, rules)),
        ("abnormal-outflow", any(month.other_out > rules.most_in_a_month for month in window)),
    )
    return frozenset(code for code, holds in fired if holds and code in rules.enabled)


def _longest_without(window: list[Month]) -> int:
    """How many months in a row, at most, brought no labour cost in."""
    longest = run = 0
    for month in window:
        run = 0 if month.labour_in > 0 else run + 1
        longest = max(longest, run)
    return longest


def _is_behind(window: list[Month], rules: LocalRules) -> bool:
    """Whether less than the share was paid of what came in long enough ago."""
    due = sum(month.labour_in for month in window[: len(window) - rules.lag_months])
    paid = sum(month.wages_out for month in window)
    return paid * rules.least_share.denominator < due * rules.least_share.numerator
