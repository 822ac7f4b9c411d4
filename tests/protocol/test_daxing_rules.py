"""Every rule of the example agreement, just inside and just outside, decided blinded and on plaintext alike.

What the bank's own rules find is in tests/agency/local; here their codes travel as flags. For ratios the table holds
the bounds that docs/agreement.md promises: never from the threshold on, always below the threshold divided by 1.0201.
"""

from __future__ import annotations

from typing import Any

import pytest

from matcher.protocol import rules
from matcher.protocol.agreement.model import Flow
from matcher.protocol.normalise import date_days
from matcher.protocol.vector import VectorLayout
from tests import daxing

FLOW: Flow = daxing.agreement().flow(daxing.FLOW)
LAYOUT = VectorLayout(FLOW.fields)
NAMES = [field.name for field in FLOW.fields]
FLAG_CODES = FLOW.field("flags").codes
KEY = bytes(range(32))
CODE, OTHER_CODE = "91110115MA0000001A", "91110115MA0000002B"
DUE = date_days("2022-02-16")


def found(asking: dict[str, Any], answering: dict[str, Any]) -> set[str]:
    """Codes of one pair, the same on both paths."""
    sides = [[side.get(name) for name in NAMES] for side in (asking, answering)]
    plain = LAYOUT.outcomes_plain(*sides)
    blinded = LAYOUT.outcomes(*(LAYOUT.encode(KEY, side) for side in sides))
    codes = rules.evaluate(FLOW, plain, rules.MATCHED)
    assert rules.evaluate(FLOW, blinded, rules.MATCHED) == codes
    return set(codes)


FIRM = "四川瑞衡第一建筑工程有限公司"
# (field, bureau, bank, code, whether it is found)
TABLE = [
    ("code", CODE, CODE, "holder-mismatch", False),
    ("code", CODE, OTHER_CODE, "holder-mismatch", True),
    ("holder", FIRM, "四川省瑞衡第1建筑工程有限责任公司", "holder-mismatch", False),
    ("holder", FIRM, "四川瑞衡第二建筑工程有限公司", "holder-mismatch", True),
    ("holder", FIRM, None, "holder-mismatch", False),
    ("holder", FIRM, "瑞衡第一建筑工程有限公司", "holder-unclear", False),
    ("holder", "四川瑞衡建筑工程有限公司", "四川锐恒建筑工程有限公司", "holder-unclear", True),
    ("holder", FIRM, None, "holder-unclear", True),
    ("kind", "wage", "wage", "wrong-account-kind", False),
    ("kind", "wage", "other", "wrong-account-kind", True),
    ("kind", "wage", None, "wrong-account-kind", False),
    ("wages", 10_000_000_00, 9_000_000_00, "wages-short", False),
    ("wages", 1_000_00, 900_00, "wages-short", False),  # where the scale puts nine tenths lowest
    ("wages", 10_000_000_00, 8_822_600_00, "wages-short", True),
    ("wages", 10_000_000_00, 12_000_000_00, "wages-short", False),
    ("wages", 0, 0, "wages-short", False),
    ("wages", 1, 0, "wages-short", True),
    ("wages", None, 1, "wages-short", False),
    ("wages", 1, None, "wages-short", False),
    ("deposit", 1_000_000_00, 950_000_00, "deposit-short", False),
    ("deposit", 1_000_00, 950_00, "deposit-short", False),
    ("deposit", 1_000_000_00, 931_200_00, "deposit-short", True),
    ("deposit", 1_000_000_00, 0, "deposit-short", True),
    ("deposit", 0, 0, "deposit-short", False),  # nothing is required
    ("deposit", None, 0, "deposit-short", False),
    ("deposit_date", DUE, DUE + 30, "deposit-late", False),
    ("deposit_date", DUE, DUE + 31, "deposit-late", True),
    ("deposit_date", DUE, DUE - 100, "deposit-late", False),
    ("deposit_date", DUE, None, "deposit-late", False),
    ("deposit_date", None, DUE, "deposit-late", False),
]


@pytest.mark.parametrize(("field", "asking", "answering", "code", "fires"), TABLE)
def test_a_rule_just_inside_and_just_outside(field: str, asking: Any, answering: Any, code: str, fires: bool) -> None:
    assert (code in found({field: asking}, {field: answering})) is fires


@pytest.mark.parametrize("code", FLAG_CODES)
def test_a_code_of_the_banks_travels_alone(code: str) -> None:
    compliant = {"code": CODE, "holder": FIRM, "kind": "wage"}
    bit = 1 << FLAG_CODES.index(code)
    assert found(compliant, {**compliant, "flags": bit}) == {code}
    assert found(compliant, {**compliant, "flags": 0}) == set()
    assert found(compliant, compliant) == set()
    # The asking side's flags count for nothing.
    assert found({**compliant, "flags": bit}, {**compliant, "flags": 0}) == set()


def test_an_account_nobody_answers_for() -> None:
    assert rules.evaluate(FLOW, (), rules.UNMATCHED) == ("account-not-found",)


def test_every_comparing_rule_stands_in_the_table_both_ways() -> None:
    flagged = set(FLAG_CODES)
    comparing = {rule.code for rule in FLOW.rules if rule.fact == rules.MATCHED} - flagged
    both = {code for _field, _asking, _answering, code, fires in TABLE if fires}
    both &= {code for _field, _asking, _answering, code, fires in TABLE if not fires}
    # The rule on names under equal codes has a table of its own, beside the names.
    assert comparing - {"name-disagrees"} <= both
