"""Whole columns compare as each pair alone, malformed encodings included; and rules fire on them as on each alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.protocol import comparing, rule_columns, rules
from matcher.protocol.agreement.model import Condition, Field, Flow, Rule
from matcher.protocol.comparators import COMPARATORS
from matcher.protocol.comparators.ratio import MAX_AMOUNT
from matcher.protocol.errors import VerificationError
from matcher.protocol.outcomes import UNKNOWN_KIND, Outcome
from matcher.protocol.vector import VectorLayout

FIELDS = (
    Field("kind", "exact"), Field("paid", "ratio"), Field("day", "days"), Field("marks", "flags", ("a", "b", "c")),
    Field("holder", "company-name"),
)  # fmt: skip
LAYOUT = VectorLayout(FIELDS)
_names = st.sampled_from(
    (None, "四川瑞衡建筑有限公司", "四川瑞衡建筑有限公司云溪分公司", "北京华泰建设工程有限公司", "瑞衡")
)
_amounts = st.none() | st.sampled_from((0, -1, 1, 100, 101, 89, MAX_AMOUNT)) | st.integers(-9, 10**12)
records = st.tuples(
    st.none() | st.sampled_from(("x", "y")), _amounts, st.none() | st.integers(-(2**30) + 1, 2**30 - 1),
    st.none() | st.integers(0, 7) | st.just(2**64 - 1), _names,
)  # fmt: skip
_spoiled = st.none() | st.tuples(
    st.sampled_from(FIELDS), st.sampled_from((0, 1, 2, -1)), st.sampled_from((0, 1, 2, 3, 4, 255))
)  # fmt: skip
pairs = st.lists(st.tuples(st.binary(min_size=32, max_size=32), records, records, _spoiled, _spoiled), max_size=8)
Pairs = list[tuple[bytes, Any, Any, Any, Any]]


def _matrix(vectors: list[bytes]) -> comparing.Matrix:
    return np.frombuffer(b"".join(vectors), np.uint8).reshape(len(vectors), LAYOUT.width)


def _spoil(vector: bytes, how: tuple[Field, int, int] | None) -> bytes:
    """The vector with one byte of one field set: its state, its first value byte, its last one."""
    if how is None:
        return vector
    field, place, value = how
    start = sum(COMPARATORS[item.comparator].width for item in FIELDS[: FIELDS.index(field)])
    changed = bytearray(vector)
    changed[start + place % COMPARATORS[field.comparator].width] = value
    return bytes(changed)


def _sides(drawn: Pairs) -> tuple[list[bytes], list[bytes]]:
    return (
        [_spoil(LAYOUT.encode(key, one), how) for key, one, _other, how, _how in drawn],
        [_spoil(LAYOUT.encode(key, other), how) for key, _one, other, _how, how in drawn],
    )


def _alone(field: Field, left: bytes, right: bytes) -> Outcome | None:
    start = sum(COMPARATORS[item.comparator].width for item in FIELDS[: FIELDS.index(field)])
    place = slice(start, start + COMPARATORS[field.comparator].width)
    try:
        return COMPARATORS[field.comparator].compare(left[place], right[place])
    except VerificationError:
        return None


@settings(max_examples=300)
@given(pairs)
def test_columns_compare_as_each_pair_alone(drawn: Pairs) -> None:
    left, right = _sides(drawn)
    columns = comparing.outcome_columns(FIELDS, _matrix(left), _matrix(right))
    for field, column in zip(FIELDS, columns, strict=True):
        expected = [_alone(field, one, other) for one, other in zip(left, right, strict=True)]
        assert [column.one(row) for row in range(len(drawn))] == expected
        assert COMPARATORS[field.comparator].kinds <= set(column.words)


def test_vectors_of_another_width_are_refused() -> None:
    good = np.zeros((2, LAYOUT.width), np.uint8)
    for left, right in ((good[:, :-1], good), (good, good[:, :-1]), (good[:, :-1], good[:, :-1]), (good, good[:1])):
        with pytest.raises(VerificationError, match="width"):
            comparing.outcome_columns(FIELDS, left, right)


def _condition(field: str, test: str, **values: Any) -> Condition:
    return Condition(field=field, test=test, **values)


CONDITIONS = (
    _condition("kind", "is", values=("different",)), _condition("kind", "is", values=("same",), unknown=True),
    _condition("kind", "is", values=(UNKNOWN_KIND,), unknown=True),
    _condition("paid", "below", bound=-10), _condition("paid", "above", bound=3, unknown=True),
    _condition("paid", "is", values=("zero", "negative")), _condition("day", "above", bound=30),
    _condition("day", "below", bound=-(2**70)), _condition("day", "above", bound=2**70, unknown=True),
    _condition("marks", "has", values=("a", "c")), _condition("marks", "has", values=("b",), unknown=True),
    _condition("holder", "is", values=("different", "review")), _condition("holder", "is", values=("branch",)),
)  # fmt: skip
_rules = st.lists(
    st.tuples(
        st.sampled_from(("z", "a", "m", "dup")), st.sampled_from((rules.MATCHED,) * 4 + (rules.DUPLICATE,)),
        st.lists(st.sampled_from(CONDITIONS), max_size=3),
    ),
    max_size=5,
)  # fmt: skip


@settings(max_examples=300)
@given(drawn=pairs, made=_rules, data=st.data())
def test_rules_fire_on_columns_as_on_each_pair(
    drawn: Pairs, made: list[tuple[str, str, Any]], data: st.DataObject
) -> None:
    flow = Flow(
        "check", "account", "bureau", ("bank",), 1, FIELDS,
        tuple(Rule(code, fact, tuple(found if fact == rules.MATCHED else ()), {}) for code, fact, found in made),
    )  # fmt: skip
    flags = st.lists(st.booleans(), min_size=len(drawn), max_size=len(drawn))
    is_duplicate, is_open = data.draw(flags), data.draw(flags)
    left, right = _sides(drawn)
    columns = comparing.outcome_columns(FIELDS, _matrix(left), _matrix(right))
    numbers, combinations = rule_columns.evaluate(flow, columns, np.array(is_duplicate, bool), np.array(is_open, bool))
    expected = []
    for row in range(len(drawn)):
        outcomes = [_alone(field, left[row], right[row]) for field in FIELDS]
        if not is_open[row] or None in outcomes:
            expected.append(rules.evaluate(flow, (), rules.UNREADABLE))
            continue
        codes = set(rules.evaluate(flow, [it for it in outcomes if it], rules.MATCHED))
        if is_duplicate[row]:
            codes |= set(rules.evaluate(flow, (), rules.DUPLICATE))
        expected.append(tuple(sorted(codes)))
    assert [combinations[number] for number in numbers] == expected


def test_a_test_that_is_none_is_refused() -> None:
    column = comparing.OutcomeColumn(("value", UNKNOWN_KIND), np.zeros(1, np.int8), np.zeros(1, np.int64))
    with pytest.raises(VerificationError, match="not known"):
        rule_columns.condition_column(_condition("day", "near"), FIELDS[2], column)
