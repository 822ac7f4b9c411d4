"""Rules over an account's name, state, freeze and deposit, each just inside and just outside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from matcher.agency.local.accounts import DEPOSIT, WAGE, Account, account_codes, unknown_states
from matcher.agency.local.settings import STATE_CODES, local_rules

RULES = local_rules(None)
HOLDER = "大兴岫桓建设有限公司"
MARK = "农民工工资专用账户"


def fired(**cells: str) -> set[str]:
    return set(account_codes(Account(**{"kind": WAGE, "holder": HOLDER, **cells}), RULES))


@pytest.mark.parametrize(
    ("name", "fires"),
    [
        (f"{HOLDER}黄村镇中学1号工程{MARK}", False),
        (f"{HOLDER}（黄村镇中学1号工程）{MARK}", False),  # brackets do not matter
        (f"{HOLDER} 黄村镇中学1号工程 {MARK}", False),  # spaces do not matter
        (f"{HOLDER}黄{MARK}", False),  # one letter is a project
        (f"{HOLDER}{MARK}", True),  # no project
        (f"{HOLDER}（）{MARK}", True),
        (HOLDER, True),
        (f"{HOLDER}黄村镇中学1号工程", True),  # no mark
        (f"{HOLDER}黄村镇中学1号工程农民工工资专户", True),  # not the mark prescribed
        (f"{HOLDER}黄村镇中学1号工程{MARK}二", True),  # something behind it
        (f"黄村镇中学1号工程{MARK}", True),  # no contractor
        (f"西安曜辰商贸有限公司黄村镇中学1号工程{MARK}", True),  # not the holder's name
        (f"大兴岫桓建设有限责任公司黄村镇中学1号工程{MARK}", False),  # the same firm, spelled otherwise
        (f"大兴岫桓建设有限公司第二分公司{MARK}", False),  # more than the holder stands there: a person will see
        (f"岫桓建设{MARK}", True),  # shortened, and no project
        ("", False),  # the file does not say
    ],
)
def test_the_name_reads_contractor_project_mark(name: str, fires: bool) -> None:
    assert ("name-marking" in fired(name=name)) is fires


@pytest.mark.parametrize(
    "holder", ["岫桓（湖南）建设公司", "岫桓(湖南省)建设有限责任公司", "湖南岫桓建设有限公司第二分公司"]
)
def test_however_a_list_spells_the_holder(holder: str) -> None:
    name = f"岫桓（湖南）建设有限公司黄村镇中学1号工程{MARK}"
    assert fired(name=name, holder=holder) == set()
    assert fired(name=name, holder="岫桓（湖北）建设有限公司") == {"name-marking"}


@pytest.mark.parametrize(
    ("holder", "name", "fires"),
    [
        ("湖南岫桓建设", "湖南岫桓建设有限公司", True),  # a shortened holder: what follows is no project
        ("湖南岫桓建设", "湖南岫桓建设有限公司黄村镇中学1号工程", False),
        ("湖南岫桓建设有限公司", "湖南岫桓建设有限公司某某石油北京分公司", False),  # a project may be a company's
        ("湖南省岫桓设计院", "湖南省岫桓设计院黄村镇中学1号工程", False),  # no company at all
        ("湖南省岫桓设计院", "湖南省岫桓设计院", True),
    ],
)
def test_where_the_contractor_ends_and_the_project_begins(holder: str, name: str, fires: bool) -> None:
    assert ("name-marking" in fired(name=name + MARK, holder=holder)) is fires


def test_a_list_that_has_the_account_name_for_its_holder() -> None:
    whole = f"{HOLDER}（黄村镇中学1号工程）{MARK}"
    assert fired(name=whole, holder=f"{HOLDER}（黄村镇中学1号工程）") == set()
    assert fired(name=whole, holder=whole) == set()
    assert fired(name=f"{HOLDER}{MARK}", holder=f"{HOLDER}{MARK}") == {"name-marking"}


def test_only_a_wage_account_of_a_known_holder_must_be_marked() -> None:
    assert fired(name="别的名称", kind=DEPOSIT) == set()
    assert fired(name="别的名称", kind="other") == set()
    assert fired(name="别的名称", holder="") == set()


def test_a_wrong_marking_is_no_wrong_holder() -> None:
    assert fired(name="别的名称") == {"name-marking"}


@pytest.mark.parametrize(
    ("state", "reason", "codes"),
    [
        ("", "", set()),
        ("正常", "", set()),
        ("销户", "", {"account-closed"}),
        ("已销户", "", {"account-closed"}),
        ("久悬", "", {"account-dormant"}),
        ("ＤＯＲＭＡＮＴ", "", {"account-dormant"}),
        ("冻结", "", {"account-frozen"}),  # the reason is not given: somebody has to find out
        ("冻结", "本项目农民工工资", set()),
        ("冻结", " 本项目 农民工工资 ", set()),
        ("冻结", "法律另有规定", set()),
        ("冻结", "本项目工程款", {"barred-freeze"}),
        ("冻结", "其他项目农民工工资", {"barred-freeze"}),
        ("查封", "债务纠纷", {"barred-freeze"}),
        ("划拨", "", {"account-frozen"}),
        ("划拨", "本项目农民工工资", set()),
        ("划拨", "债务纠纷", {"barred-transfer"}),
        ("冻结；划拨", "债务纠纷", {"barred-freeze", "barred-transfer"}),
        ("冻结、久悬", "本项目农民工工资", {"account-dormant"}),
        ("", "债务纠纷", set()),  # a reason for nothing
        ("只收不付", "债务纠纷", set()),  # a word no list has: told, not judged
    ],
)
@pytest.mark.parametrize("kind", [WAGE, DEPOSIT])
def test_states_and_reasons(kind: str, state: str, reason: str, codes: set[str]) -> None:
    assert fired(kind=kind, state=state, reason=reason) == codes


@pytest.mark.parametrize("kind", ["other", ""])
def test_an_account_of_another_kind_is_not_looked_at(kind: str) -> None:
    assert fired(kind=kind, state="冻结；销户", reason="债务纠纷") == set()


@pytest.mark.parametrize(
    ("state", "unknown"), [("", False), ("正常", False), ("冻结；久悬", False), ("只收不付", True), ("冻结、x", True)]
)
def test_words_that_no_list_has_are_told(state: str, unknown: bool) -> None:
    assert unknown_states(Account(WAGE, state=state), RULES) is unknown


@pytest.mark.parametrize(
    ("held", "last", "fires"),
    [
        ("0", "", True),
        ("0.00", "", True),
        ("０元", "", True),
        ("0.01", "", False),
        ("0", "2022-05-01", False),  # there was one
        ("", "", False),  # the file does not say
        ("x", "", False),  # a problem of its own column
    ],
)
def test_no_deposit_was_ever_made(held: str, last: str, fires: bool) -> None:
    assert ("no-deposit" in fired(kind=DEPOSIT, deposit_held=held, last_deposit=last)) is fires
    assert "no-deposit" not in fired(kind=WAGE, deposit_held=held, last_deposit=last)


@pytest.mark.parametrize("code", [*STATE_CODES, "name-marking", "no-deposit"])
def test_a_rule_that_is_switched_off_is_silent(code: str) -> None:
    rules = replace(RULES, enabled=RULES.enabled - {code})
    cells = {"name": "x", "deposit_held": "0", "holder": HOLDER}
    found: set[str] = set()
    for kind in (WAGE, DEPOSIT):
        for state, reason in (("销户;久悬;冻结", ""), ("冻结;划拨", "债务纠纷")):
            found |= account_codes(Account(kind=kind, state=state, reason=reason, **cells), rules)
    assert found == {*STATE_CODES, "name-marking", "no-deposit"} - {code}
