"""Codes decide over names in the example agreement, and a name that contradicts an equal code is a finding of its own.

The rules as signed, over the blinded and the plain path; all firms are invented.
"""

from __future__ import annotations

import pytest

from matcher.protocol import rules
from matcher.protocol.vector import VectorLayout
from tests import daxing

FLOW = daxing.agreement().flow(daxing.FLOW)
LAYOUT = VectorLayout(FLOW.fields)
FIELDS = [field.name for field in FLOW.fields]
KEY = bytes(range(32))
CODE, OTHER_CODE = "91110115MA0000001A", "91110115MA0000002B"
FIRM = "四川瑞衡第一建筑工程有限公司"
PROJECT = FIRM + "云溪小区项目部农民工工资专用账户"
SISTER = "四川瑞衡第二建筑工程有限公司"
SAME_SOUND = "四川锐恒第一建筑工程有限公司"


@pytest.mark.parametrize(
    ("code", "holder", "expected"),
    [
        (CODE, FIRM, set()),
        (CODE, PROJECT, set()),
        (CODE, SAME_SOUND, set()),  # a slip of the pen: the code has decided
        (CODE, SISTER, {"name-disagrees"}),
        (CODE, "湖南天岳劳务有限公司", {"name-disagrees"}),
        (CODE, None, set()),
        (OTHER_CODE, FIRM, {"holder-mismatch"}),
        (OTHER_CODE, SISTER, {"holder-mismatch"}),
        (OTHER_CODE, SAME_SOUND, {"holder-mismatch"}),
        (OTHER_CODE, None, {"holder-mismatch"}),
        (None, FIRM, set()),
        (None, PROJECT, set()),
        (None, SISTER, {"holder-mismatch"}),
        (None, SAME_SOUND, {"holder-unclear"}),
        (None, None, {"holder-unclear"}),
    ],
)
def test_a_code_decides_and_a_name_may_contradict_it(code: str | None, holder: str | None, expected: set[str]) -> None:
    bureau = {"code": CODE, "holder": FIRM, "kind": "wage"}
    bank = {"code": code, "holder": holder, "kind": "wage"}
    sides = [[side.get(name) for name in FIELDS] for side in (bureau, bank)]
    plain = rules.evaluate(FLOW, LAYOUT.outcomes_plain(*sides), rules.MATCHED)
    blinded = rules.evaluate(FLOW, LAYOUT.outcomes(*(LAYOUT.encode(KEY, side) for side in sides)), rules.MATCHED)
    assert set(plain) == set(blinded) == expected
