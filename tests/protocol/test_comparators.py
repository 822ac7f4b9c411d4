"""Blinded comparison equals plain comparison, for every comparator and every value; encodings have one form."""

from __future__ import annotations

import hmac
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from matcher.protocol import normalise
from matcher.protocol.comparators import COMPARATORS
from matcher.protocol.comparators.days import MAX_DAYS
from matcher.protocol.comparators.ratio import INFINITE, MAX_AMOUNT, SCALE, above_bound, below_bound, level
from matcher.protocol.errors import InputError, VerificationError
from matcher.protocol.keyed_hash import hmac_sha256
from matcher.protocol.outcomes import UNKNOWN, Comparator, Outcome

EXACT, RATIO, DAYS, FLAGS = (COMPARATORS[name] for name in ("exact", "ratio", "days", "flags"))


def normalised(text: str) -> str | None:
    """A name as records hold it."""
    try:
        return normalise.company_name(text)
    except InputError:
        return None


keys = st.binary(min_size=32, max_size=32)
amounts = st.one_of(st.integers(-MAX_AMOUNT, MAX_AMOUNT), st.integers(-3, 300), st.integers(10**6, 10**9))
names = ("北京建工集团有限公司", "北京建工集团有限责任公司", "北京建工（集团）第三分公司", "上海隧道股份有限公司", "")
values: dict[str, st.SearchStrategy[Any]] = {
    "company-name": st.one_of(st.sampled_from(names), st.text(max_size=40).map(normalised)),
    "exact": st.one_of(st.text(max_size=40), st.sampled_from(("wage", "deposit"))),
    "ratio": amounts,
    "days": st.one_of(st.integers(-MAX_DAYS, MAX_DAYS), st.integers(19000, 19400)),
    "flags": st.integers(0, 2**64 - 1),
}


def blinded(comparator: Comparator, key: bytes, asking: Any, answering: Any) -> Outcome:
    """The outcome as the service gets it."""
    return comparator.compare(comparator.encode(key, asking), comparator.encode(key, answering))


@pytest.mark.parametrize("name", values)
@given(data=st.data())
def test_blinded_equals_plain(name: str, data: st.DataObject) -> None:
    comparator = COMPARATORS[name]
    key = data.draw(keys)
    asking, answering = (data.draw(st.none() | values[name]) for _ in range(2))
    outcome = comparator.compare_plain(asking, answering)
    assert blinded(comparator, key, asking, answering) == outcome
    assert outcome.kind in comparator.kinds | {"value"}


@pytest.mark.parametrize("name", values)
@given(data=st.data())
def test_every_encoding_has_the_same_width(name: str, data: st.DataObject) -> None:
    comparator = COMPARATORS[name]
    assert len(comparator.encode(data.draw(keys), data.draw(st.none() | values[name]))) == comparator.width


def test_widths_are_the_suite_s() -> None:
    assert [item.width for item in (EXACT, RATIO, DAYS, FLAGS)] == [9, 9, 5, 9]


@given(key=keys, other=keys, value=st.text(max_size=20))
def test_a_value_looks_different_in_every_record(key: bytes, other: bytes, value: str) -> None:
    same = EXACT.encode(key, value) == EXACT.encode(other, value)
    assert same == (key == other)


@pytest.mark.parametrize("name", values)
def test_malformed_encodings_are_refused(name: str) -> None:
    comparator = COMPARATORS[name]
    good = comparator.encode(bytes(32), None)
    bad = [good[:-1], good + b"\0", good[:-1] + b"\1", bytes((9,)) + good[1:], b""]
    if name != "ratio":
        bad.append(bytes((2,)) + good[1:])
    for encoding in bad:
        with pytest.raises(VerificationError):
            comparator.compare(good, encoding)
        with pytest.raises(VerificationError):
            comparator.compare(encoding, good)


def test_values_beyond_the_range_are_refused_not_wrapped() -> None:
    beyond: list[tuple[Comparator, int]] = [
        (RATIO, MAX_AMOUNT + 1), (RATIO, -MAX_AMOUNT - 1), (DAYS, MAX_DAYS + 1), (DAYS, -MAX_DAYS - 1),
        (FLAGS, 2**64), (FLAGS, -1),
    ]  # fmt: skip
    for comparator, value in beyond:
        with pytest.raises(InputError):
            comparator.encode(bytes(32), value)
        with pytest.raises(InputError):
            comparator.compare_plain(1, value)


@given(key=keys, message=st.binary(max_size=200))
def test_keyed_hash_is_hmac_sha256(key: bytes, message: bytes) -> None:
    assert hmac_sha256(key, message) == hmac.digest(key, message, "sha256")


def level_by_the_formula(amount: int) -> int:
    """Design section 4, as it stands: the number of i >= 0 with ceil(101^i / 100^i) <= amount."""
    count, numerator, denominator = 0, 1, 1
    while -(-numerator // denominator) <= amount:
        count, numerator, denominator = count + 1, numerator * 101, denominator * 100
    return count


def test_every_level_is_the_design_s_in_whole_numbers() -> None:
    expected = [-(-(101**step) // 100**step) for step in range(len(SCALE) + 1)]
    assert list(SCALE) == expected[:-1]
    assert expected[-2] <= MAX_AMOUNT < expected[-1]


@settings(deadline=None)
@given(amount=st.integers(1, 10**6))
@example(1)
@example(2)
@example(MAX_AMOUNT)
def test_levels_are_the_design_s(amount: int) -> None:
    assert level(amount) == level_by_the_formula(amount)


thresholds = st.builds(Fraction, st.integers(100, 1_000_000), st.just(10_000))


@given(threshold=thresholds)
@example(Fraction(1))
@example(Fraction(101, 100))
@example(Fraction(9, 10))
def test_bounds_are_floor_and_ceiling_of_the_logarithm(threshold: Fraction) -> None:
    step = Fraction(101, 100)
    below, above = below_bound(threshold), above_bound(threshold)
    assert step**below <= threshold < step ** (below + 1)
    assert step ** (above - 1) < threshold <= step**above


@given(
    asking=st.integers(1, MAX_AMOUNT), share=st.integers(1, 30_000), threshold=st.integers(1000, 20_000),
    jitter=st.integers(-2, 2),
)  # fmt: skip
def test_a_pair_on_the_right_side_of_its_threshold_is_never_found(
    asking: int, share: int, threshold: int, jitter: int
) -> None:
    answering = min(max(asking * share // 10_000 + jitter, 1), MAX_AMOUNT)
    limit, ratio = Fraction(threshold, 10_000), Fraction(answering, asking)
    difference = RATIO.compare_plain(asking, answering).number
    if ratio >= limit:
        assert not difference < below_bound(limit)
    if ratio <= limit:
        assert not difference > above_bound(limit)
    # and 2 % beyond it is always found
    if ratio * Fraction(10201, 10000) <= limit:
        assert difference < below_bound(limit)
    if ratio >= limit * Fraction(10201, 10000):
        assert difference > above_bound(limit)


@pytest.mark.parametrize(
    ("asking", "answering", "outcome"),
    [
        (100, 0, Outcome("zero", -INFINITE)),
        (100, -5, Outcome("negative", -INFINITE)),
        (0, 5, Outcome("value", INFINITE)),
        (0, 0, Outcome("zero", 0)),
        (0, -5, Outcome("negative", -INFINITE)),
        (-5, 5, Outcome("value", INFINITE)),
        (-5, 0, Outcome("zero", INFINITE)),
        (-5, -5, UNKNOWN),
        (None, 5, UNKNOWN),
        (5, None, UNKNOWN),
        (100, 100, Outcome("value", 0)),
    ],
)
def test_amounts_without_a_level(asking: int | None, answering: int | None, outcome: Outcome) -> None:
    assert RATIO.compare_plain(asking, answering) == outcome
    assert blinded(RATIO, b"k" * 32, asking, answering) == outcome


def test_days_are_answering_minus_asking() -> None:
    assert DAYS.compare_plain(19000, 19031) == Outcome("value", 31)
    assert blinded(DAYS, b"k" * 32, MAX_DAYS, -MAX_DAYS) == Outcome("value", -2 * MAX_DAYS)


def test_flags_are_the_answering_side_s_alone() -> None:
    assert FLAGS.compare_plain(0b111, 0b010) == Outcome("value", codes=0b010)
    assert FLAGS.compare_plain(0b111, None) == UNKNOWN
    assert blinded(FLAGS, b"k" * 32, None, 0b010) == Outcome("value", codes=0b010)
