"""Which rules fire: every test, both meanings of unknown, every fact; and the Daxing rules on whole records."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.protocol import rules
from matcher.protocol.agreement.model import Condition, Field, Flow, Rule
from matcher.protocol.errors import VerificationError
from matcher.protocol.outcomes import UNKNOWN, Outcome
from matcher.protocol.vector import VectorLayout
from tests import daxing

FLAGS = Field("f", "flags", ("first", "second", "third"))


def holds(outcome: Outcome, **condition: Any) -> bool:
    return rules.condition_holds(Condition("f", **condition), FLAGS, outcome)


def test_each_test() -> None:
    assert holds(Outcome("different"), test="is", values=("different", "review"))
    assert not holds(Outcome("same"), test="is", values=("different", "review"))
    assert holds(Outcome("value", -12), test="below", bound=-11)
    assert not holds(Outcome("value", -11), test="below", bound=-11)
    assert holds(Outcome("value", 31), test="above", bound=30)
    assert not holds(Outcome("value", 30), test="above", bound=30)
    assert holds(Outcome("value", codes=0b100), test="has", values=("first", "third"))
    assert not holds(Outcome("value", codes=0b010), test="has", values=("first", "third"))
    with pytest.raises(VerificationError):
        holds(Outcome("same"), test="like")


@pytest.mark.parametrize("unknown", [True, False])
def test_unknown_does_what_the_condition_says(unknown: bool) -> None:
    conditions: list[dict[str, Any]] = [
        {"test": "is", "values": ("same",)}, {"test": "below", "bound": 1}, {"test": "above", "bound": -1},
        {"test": "has", "values": ("first",)},
    ]  # fmt: skip
    for condition in conditions:
        assert holds(UNKNOWN, **condition, unknown=unknown) is unknown


def flow(*found: Rule) -> Flow:
    fields = (Field("a", "exact"), Field("b", "days"))
    return Flow("flow", "account", "x", ("y",), 1, fields, found)


def test_conditions_are_all_needed_and_codes_are_sorted_and_single() -> None:
    different = Condition("a", "is", ("different",))
    late = Condition("b", "above", bound=3)
    made = flow(
        Rule("z-both", "matched", (different, late), {}),
        Rule("a-late", "matched", (late,), {}),
        Rule("a-late", "matched", (different,), {}),
        Rule("missing", "unmatched", (), {}),
        Rule("twice", "duplicate", (), {}),
    )
    pair = (Outcome("different"), Outcome("value", 4))
    assert rules.evaluate(made, pair, "matched") == ("a-late", "z-both")
    assert rules.evaluate(made, (Outcome("same"), Outcome("value", 4)), "matched") == ("a-late",)
    assert rules.evaluate(made, (Outcome("same"), Outcome("value", 3)), "matched") == ()
    assert rules.evaluate(made, (), "unmatched") == ("missing",)
    assert rules.evaluate(made, (), "duplicate") == ("twice",)
    assert rules.evaluate(flow(), (), "unreadable") == ("unreadable",)


@pytest.mark.parametrize(("count", "fact"), [(1, "matched"), (3, "matched"), (0, "matched"), (2, "unmatched")])
def test_outcomes_that_do_not_fit_are_refused(count: int, fact: str) -> None:
    with pytest.raises(VerificationError, match=f"{count} outcomes"):
        rules.evaluate(flow(), (Outcome("same"),) * count, fact)


# holder, code, kind, wages, deposit, deposit_date, flags
CODE, OTHER_CODE = "91110000MA00000000", "91110000MA11111111"
NAME, OTHER_NAME = "北京建工第三建筑工程有限公司", "上海隧道股份有限公司"
CASES: list[tuple[str, tuple[Any, ...], tuple[Any, ...], tuple[str, ...]]] = [
    ("compliant wage account", (NAME, CODE, "wage", 100_000, None, None, None),
     (NAME, CODE, "wage", 100_000, None, None, 0), ()),
    ("compliant deposit", (NAME, CODE, "deposit", None, 500_000, 19000, None),
     (NAME, CODE, "deposit", None, 500_000, 19030, 0), ()),
    ("renamed, same code", (NAME, CODE, "wage", None, None, None, None),
     (OTHER_NAME, CODE, "wage", None, None, None, 0), ("name-disagrees",)),
    ("another code", (NAME, CODE, "wage", None, None, None, None),
     (NAME, OTHER_CODE, "wage", None, None, None, 0), ("holder-mismatch",)),
    ("no code, another name", (NAME, None, "wage", None, None, None, None),
     (OTHER_NAME, OTHER_CODE, "wage", None, None, None, 0), ("holder-mismatch",)),
    ("no code, no name", (NAME, None, "wage", None, None, None, None),
     (None, None, "wage", None, None, None, 0), ("holder-unclear",)),
    ("paid exactly nine tenths", (NAME, CODE, "wage", 100_000, None, None, None),
     (NAME, CODE, "wage", 90_000, None, None, 0), ()),
    ("paid too little", (NAME, CODE, "wage", 100_000, None, None, None),
     (NAME, CODE, "wage", 88_000, None, None, 0), ("wages-short",)),
    ("paid nothing", (NAME, CODE, "wage", 100_000, None, None, None),
     (NAME, CODE, "wage", 0, None, None, 0), ("wages-short",)),
    ("nothing due, nothing paid", (NAME, CODE, "wage", 0, None, None, None),
     (NAME, CODE, "wage", 0, None, None, 0), ()),
    ("deposit short and late", (NAME, CODE, "deposit", None, 500_000, 19000, None),
     (NAME, CODE, "deposit", None, 400_000, 19031, 0), ("deposit-late", "deposit-short")),
    ("wrong kind, frozen, outflow", (NAME, CODE, "wage", 1, None, None, None),
     (NAME, CODE, "other", None, None, None, 0b01001),
     ("abnormal-outflow", "account-frozen", "wrong-account-kind")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "asking", "answering", "codes"), CASES, ids=[case[0] for case in CASES])
def test_the_daxing_rules(
    name: str, asking: tuple[Any, ...], answering: tuple[Any, ...], codes: tuple[str, ...]
) -> None:
    daxing_flow = daxing.agreement().flow(daxing.FLOW)
    layout = VectorLayout(daxing_flow.fields)
    encode = layout.encode
    key = b"c" * 32
    plain = layout.outcomes_plain(asking, answering)
    assert rules.evaluate(daxing_flow, plain, "matched") == codes
    assert layout.outcomes(encode(key, asking), encode(key, answering)) == plain


def test_an_account_nobody_has() -> None:
    assert rules.evaluate(daxing.agreement().flow(daxing.FLOW), (), "unmatched") == ("account-not-found",)
