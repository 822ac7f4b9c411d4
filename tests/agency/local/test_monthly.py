"""Rules over months, each just inside and just outside, in fen."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.agency.local.monthly import Month, flow_codes
from matcher.agency.local.settings import FLOW_CODES, local_rules

RULES = local_rules(None)
LAST = 2022 * 12 + 4  # May 2022
FULL = Month(100_00, 100_00, 0)
NONE = Month(0, 0, 0)


def months(*amounts: Month | None, last: int = LAST) -> dict[int, Month]:
    """Amounts of consecutive months, the last of them ``last``; None for a month without a row."""
    first = last - len(amounts) + 1
    return {first + place: month for place, month in enumerate(amounts) if month is not None}


def fired(*amounts: Month | None, last: int = LAST) -> set[str]:
    return set(flow_codes(months(*amounts), last, RULES))


@pytest.mark.parametrize(
    ("amounts", "fires"),
    [
        ([FULL] * 12, False),
        ([FULL, NONE, FULL], False),  # one empty month may be one day's delay
        ([FULL, NONE, NONE, FULL], True),
        ([FULL, None, FULL], False),  # a month without a row is empty
        ([FULL, None, None, FULL], True),
        ([FULL, NONE], False),  # at the end
        ([FULL, NONE, NONE], True),
        ([NONE, FULL], False),  # at the beginning
        ([NONE, NONE, FULL], True),
        ([FULL, NONE, FULL, NONE, FULL], False),  # two empty months, not in a row
        ([FULL, Month(1, 0, 0), NONE, FULL], False),  # one fen is a deposit
        ([FULL, Month(-1, 0, 0), NONE, FULL], True),  # a reversal is none
    ],
)
def test_no_labour_cost_for_more_than_a_month(amounts: list[Month | None], fires: bool) -> None:
    assert ("no-labour-deposit" in fired(*amounts)) is fires


@pytest.mark.parametrize(
    ("amounts", "fires"),
    [
        ([Month(100_00, 0, 0), Month(0, 90_00, 0)], False),  # nine tenths, a month later
        ([Month(100_00, 0, 0), Month(0, 89_99, 0)], True),  # one fen less
        ([Month(100_00, 90_00, 0), Month(100_00, 0, 0)], False),  # this month's money is not due yet
        ([Month(100_00, 90_00, 0), Month(100_00, 0, 0), NONE], True),
        ([Month(0, 0, 0), Month(100_00, 0, 0)], False),
        ([Month(100_00, 0, 0)], False),  # the first month of all
        ([Month(100_00, 45_00, 0), Month(100_00, 135_00, 0), NONE], False),  # made up for later
        ([NONE, NONE, NONE], False),  # nothing in, nothing due
    ],
)
def test_wages_paid_below_what_came_in_for_wages(amounts: list[Month], fires: bool) -> None:
    assert ("wages-below-inflow" in fired(*amounts)) is fires


@pytest.mark.parametrize(
    ("amounts", "most", "fires"),
    [
        ([FULL, FULL], 0, False),
        ([FULL, Month(100_00, 100_00, 1)], 0, True),  # one fen
        ([Month(100_00, 100_00, 1), FULL], 0, True),  # in any month
        ([FULL, Month(100_00, 100_00, 10_00)], 10_00, False),
        ([FULL, Month(100_00, 100_00, 10_01)], 10_00, True),
        ([Month(100_00, 100_00, 6_00), Month(100_00, 100_00, 6_00)], 10_00, False),  # by month, not together
        ([FULL, Month(100_00, 100_00, -1)], 0, False),  # a reversal
    ],
)
def test_money_out_to_anyone_but_payroll(amounts: list[Month], most: int, fires: bool) -> None:
    rules = replace(RULES, most_in_a_month=most)
    assert ("abnormal-outflow" in flow_codes(months(*amounts), LAST, rules)) is fires


def test_only_the_window_is_looked_at() -> None:
    leak = Month(100_00, 100_00, 1)
    assert fired(leak, *[FULL] * 11) == {"abnormal-outflow"}  # the first of twelve months
    assert fired(leak, *[FULL] * 12) == set()  # the thirteenth
    assert flow_codes(months(FULL, leak), LAST - 1, RULES) == set()  # after the last month


def test_an_account_is_not_blamed_for_the_time_before_its_first_month() -> None:
    assert fired(FULL, FULL) == set()


def test_an_account_whose_months_all_lie_outside_is_not_judged() -> None:
    assert flow_codes(months(FULL, last=LAST - 12), LAST, RULES) == set()
    assert flow_codes(months(NONE, last=LAST + 1), LAST, RULES) == set()
    assert flow_codes({}, LAST, RULES) == set()


def test_an_account_that_fell_silent_before_the_end_is() -> None:
    assert "no-labour-deposit" in flow_codes(months(FULL, last=LAST - 2), LAST, RULES)
    assert "no-labour-deposit" not in flow_codes(months(FULL, last=LAST - 1), LAST, RULES)


@pytest.mark.parametrize("code", FLOW_CODES)
def test_a_rule_that_is_switched_off_is_silent(code: str) -> None:
    bad = [Month(100_00, 0, 1), NONE, NONE]
    assert fired(*bad) == set(FLOW_CODES)
    rules = replace(RULES, enabled=RULES.enabled - {code})
    assert flow_codes(months(*bad), LAST, rules) == set(FLOW_CODES) - {code}


AMOUNT = st.integers(0, 10**12)
MONTHS = st.lists(st.builds(Month, AMOUNT, AMOUNT, AMOUNT), min_size=1, max_size=15)


@given(MONTHS)
def test_the_share_is_exact(amounts: list[Month]) -> None:
    window = amounts[-12:]
    due = sum(month.labour_in for month in window[:-1])
    paid = sum(month.wages_out for month in window)
    assert ("wages-below-inflow" in fired(*amounts)) is (Fraction(paid) < Fraction(9, 10) * due)
