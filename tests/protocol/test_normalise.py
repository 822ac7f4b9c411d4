"""Normalisation: every packaged vector, the published credit codes, exact amounts, refusals that tell no value."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.protocol import normalise
from matcher.protocol.errors import InputError

KINDS: dict[str, Callable[[str], Any]] = {
    "account": normalise.account_number,
    "company": normalise.company_name,
    "credit-code": normalise.credit_code,
    "amount": normalise.amount_fen,
    "date": normalise.date_days,
}
VECTORS = [line.split("\t") for line in normalise.vectors().decode().splitlines() if not line.startswith("#")]


@pytest.mark.parametrize(("cell", "kind", "expected"), VECTORS)
def test_every_vector(cell: str, kind: str, expected: str) -> None:
    value = json.loads(cell)
    if expected.startswith("!"):
        with pytest.raises(InputError) as caught:
            KINDS[kind](value)
        assert caught.value.code == expected[1:]
        message, remedy = normalise.REASONS[caught.value.code]
        assert (str(caught.value), caught.value.remedy) == (message, remedy)
    else:
        assert KINDS[kind](value) == json.loads(expected)


def test_vectors_cover_every_kind_and_every_reason_and_are_what_is_pinned() -> None:
    assert {kind for _, kind, _ in VECTORS} == set(KINDS)
    seen = {expected[1:] for _, _, expected in VECTORS if expected.startswith("!")}
    assert seen == set(normalise.REASONS) - {"choice-unknown"}
    assert normalise.vectors_digest() == hashlib.sha256(normalise.vectors()).digest()


def test_published_credit_codes(shared_vectors: Callable[[str], Path]) -> None:
    lines = shared_vectors("gb32100/examples.tsv").read_text().splitlines()[1:]
    counts = {"valid": 0, "not": 0}
    for code, expected, _ in (line.split("\t") for line in lines):
        if expected.startswith("valid"):
            assert normalise.credit_code(code) is not None, expected
            counts["valid"] += 1
        else:
            assert normalise.credit_code(code) is None, expected
            counts["not"] += 1
    assert min(counts.values()) >= 10


@given(st.integers(min_value=-(10**16), max_value=10**16))
def test_amounts_are_exact(fen: int) -> None:
    sign, size = ("-" if fen < 0 else ""), abs(fen)
    assert normalise.amount_fen(f"{sign}{size // 100}.{size % 100:02}") == fen
    assert normalise.amount_fen(f"{sign}{size // 100:,}.{size % 100:02}元") == fen
    assert normalise.amount_fen(f"{sign}{size // 10**6}.{size % 10**6:06}", "万元") == fen
    assert normalise.amount_fen(f"{sign}{size}", "分") == fen


@given(st.dates(min_value=date(1950, 1, 1), max_value=date(2099, 12, 31)))
def test_dates_count_days(day: date) -> None:
    days = (day - date(1970, 1, 1)) // timedelta(days=1)
    for text in (day.isoformat(), f"{day.year}年{day.month}月{day.day}日", day.strftime("%Y%m%d"), f"{day} 00:00:00"):
        assert normalise.date_days(text) == days


@given(st.text(max_size=60))
def test_normalising_twice_changes_nothing(cell: str) -> None:
    for kind in ("account", "company", "credit-code"):
        try:
            once = KINDS[kind](cell)
        except InputError:
            continue
        assert once is None or KINDS[kind](once) == once


@given(st.sampled_from(sorted(KINDS)), st.text(max_size=60))
def test_a_refusal_never_tells_the_value(kind: str, cell: str) -> None:
    try:
        KINDS[kind](cell)
    except InputError as refused:
        said = (str(refused), refused.remedy)
    else:
        return
    assert said in normalise.REASONS.values()


def test_digits_of_other_scripts_are_no_digits() -> None:
    for kind, cell in (("account", "٣٣٣٣٣٣٣٣"), ("amount", "٣٣"), ("date", "٢٠٢٢-٠٥-٣١")):
        with pytest.raises(InputError):
            KINDS[kind](cell)


def test_a_very_long_amount_is_refused_quickly() -> None:
    with pytest.raises(InputError) as caught:
        normalise.amount_fen("9" * 10_000)
    assert caught.value.code == "amount-malformed"


def test_choice() -> None:
    choices = {"农民工工资专用账户": "wage", "Wage Account": "wage", "其他": "other"}
    assert normalise.choice("农民工工资专用账户", choices) == "wage"
    assert normalise.choice(" 农民工 工资专用账户　", choices) == "wage"
    assert normalise.choice("WAGE ACCOUNT", choices) == "wage"
    assert normalise.choice("other", choices) == "other"
    with pytest.raises(InputError) as caught:
        normalise.choice("deposit", choices)
    assert caught.value.code == "choice-unknown"


def test_flags() -> None:
    codes = ("account-frozen", "account-closed", "abnormal-outflow")
    choices = {"冻结": "account-frozen", "销户": "account-closed"}
    assert normalise.flags("", codes) == normalise.flags("无", codes) == normalise.flags(" - ", codes) == 0
    assert normalise.flags("冻结；abnormal-outflow", codes, choices) == 0b101
    assert normalise.flags("销户、冻结,冻结;", codes, choices) == 0b011
    with pytest.raises(InputError) as caught:
        normalise.flags("冻结;something", codes, choices)
    assert caught.value.code == "choice-unknown"
