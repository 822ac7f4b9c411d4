"""Codes in the rows of accounts: through `concordat check`'s own function, and in a submission's vault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from matcher.agency.check.checking import check
from matcher.agency.check.terms import of_directory
from matcher.agency.files.batches import Reading
from matcher.agency.files.registry import open_rows
from matcher.agency.local.applying import Applying
from matcher.agency.local.session import LAST_OF_THE_FILE, local_side
from matcher.agency.local.settings import CODES, local_rules
from matcher.agency.submit.flow import RowsRejectedError, submit
from matcher.agency.submit.job import make_job
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError
from tests import daxing
from tests.agency.daxing_terms import REGULATOR, write_agreement
from tests.agency.submission_world import ANSWERING, ASKING, FLOW, PERIOD, World, silent

MAY = 2022 * 12 + 4
AGREEMENT = daxing.agreement()
COLUMNS = AGREEMENT.flow_terms(daxing.FLOW).answering_columns
FLAG_CODES = AGREEMENT.flow(daxing.FLOW).field("flags").codes
FIRM = "大兴岫桓建设有限公司"
HEAD = "账号,开户单位,账户性质,账户全称,账户状态,冻结原因,保证金余额(元),最近存入日期,异常标记"
FLOWS = "账号,月份,转入人工费(元),代发工资(元),其他转出(元)\n"


def amended(tmp_path: Path, *rows: str, head: str = HEAD) -> tuple[list[set[str]], Applying]:
    path = tmp_path / "accounts.csv"
    path.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    applying = Applying(local_rules(None), COLUMNS, FLAG_CODES, None)
    source = applying.source(open_rows(path, COLUMNS))
    place = [column.name for column in source.columns].index("flags")
    cells = [row[place] for batch in source.batches for row in batch.rows]
    return [{word for word in cell.split(";") if word} for cell in cells], applying


@pytest.mark.parametrize(
    ("row", "flags"),
    [
        (f"62220001,{FIRM},工资专户,{FIRM}一号工程农民工工资专用账户,正常,,,,", set()),
        (f"62220001,{FIRM},工资专户,{FIRM},正常,,,,", {"name-marking"}),
        (f"62220001,{FIRM},工资专户,{FIRM},冻结,债务纠纷,,,", {"name-marking", "barred-freeze"}),
        (f"62220001,{FIRM},工资专户,,冻结,,,,账户冻结", {"账户冻结"}),  # stands there already
        (f"62220001,{FIRM},工资专户,,冻结,,,,无", {"account-frozen"}),
        (f"62220001,{FIRM},工资专户,,冻结,,,,账户久悬", {"账户久悬", "account-frozen"}),
        (f"62220001,{FIRM},工资专户,,冻结,,,,不详", {"不详"}),  # a cell nobody can read stays for its own problem
        (f"62220001,{FIRM},保证金账户,,,,0,,", {"no-deposit"}),
        (f"62220001,{FIRM},一般账户,,冻结,债务纠纷,,,", set()),
        (f"62220001,{FIRM},不详,,冻结,债务纠纷,,,", set()),
    ],
)
def test_codes_join_the_flags_that_stand_there(tmp_path: Path, row: str, flags: set[str]) -> None:
    assert amended(tmp_path, row)[0] == [flags]


def test_a_file_without_a_column_of_flags_gets_one(tmp_path: Path) -> None:
    found, applying = amended(
        tmp_path, f"62220001,{FIRM},工资专户,销户", f"62220002,{FIRM},工资专户,只收不付",
        head="账号,开户单位,账户性质,账户状态",
    )  # fmt: skip
    assert found == [{"account-closed"}, set()]
    assert applying.counts == {"account-closed": 1}
    assert applying.warnings == {"unknown-state": 1}
    assert applying.left_out == ()


def test_a_code_the_agreement_does_not_name_stays_at_home(tmp_path: Path) -> None:
    path = tmp_path / "accounts.csv"
    path.write_text(f"账号,开户单位,账户性质,账户状态\n62220001,{FIRM},工资专户,销户;久悬\n", encoding="utf-8")
    applying = Applying(local_rules(None), COLUMNS, ("account-frozen", "account-closed"), None)
    (batch,) = applying.source(open_rows(path, COLUMNS)).batches
    assert batch.rows[0][-1] == "account-closed"
    assert set(applying.left_out) == set(CODES) - {"account-frozen", "account-closed"}


def checked(
    tmp_path: Path, accounts: str, flows: str, rules: str = "", last_month: int = MAY
) -> dict[str, Any]:  # fmt: skip
    terms = of_directory(write_agreement(tmp_path / "agreement"), REGULATOR, daxing.FLOW)
    paths = [tmp_path / "accounts.csv", tmp_path / "flows.csv"]
    for path, text in zip(paths, (accounts, flows), strict=True):
        path.write_text(text, encoding="utf-8")
    own = None
    if rules:
        own = tmp_path / "rules.toml"
        own.write_text('format = "concordat-local-rules-v1"\n' + rules, encoding="utf-8")
    local = local_side(
        tmp_path, terms.side, terms.flow, terms.layout.fields, terms.columns, last_month, (paths[1],), own
    )  # fmt: skip
    summary = check(terms, paths[:1], Reading(), tmp_path / "rejects.csv", silent, None, local).summary
    found: dict[str, Any] = summary["local_rules"]
    return {**found, "reasons": summary["reasons"], "rejected": summary["rejected"]}


ACCOUNTS = f"账号,开户单位,账户性质\n6222 0001,{FIRM},工资专户\n62220002,{FIRM},保证金账户\n62220003,{FIRM},工资专户\n"


def test_flows_are_of_wage_accounts(tmp_path: Path) -> None:
    flows = FLOWS + "62220001,2022-05,1,1,1\n62220002,2022-05,1,1,1\n62220009,2022-05,1,1,1\n"
    found = checked(tmp_path, ACCOUNTS, flows)
    assert found["codes"] == {"abnormal-outflow": 1}
    assert found["warnings"] == {"without-flows": 1}
    assert found["flows"] == {
        "rows": 3, "rejected": 0, "last_month": "2022-05", "rules": list(CODES[:3]), "accounts": 3, "unasked": 2,
        "incomplete": 0,
    }  # fmt: skip


def test_a_rule_whose_column_the_flows_lack_is_silent(tmp_path: Path) -> None:
    found = checked(tmp_path, ACCOUNTS, "账号,月份,其他转出\n62220001,2022-05,0\n62220001,2022-01,0\n")
    assert found["codes"] == {}
    assert found["flows"]["rules"] == ["abnormal-outflow"]


def test_flows_that_end_before_the_period_are_judged_up_to_their_end(tmp_path: Path) -> None:
    found = checked(tmp_path, ACCOUNTS, FLOWS + "62220001,2022-02,1,1,0\n62220001,2022-03,1,1,0\n")
    assert found["codes"] == {}
    assert found["flows"]["last_month"] == "2022-03"


def test_a_row_of_flows_that_is_rejected_spares_its_account(tmp_path: Path) -> None:
    flows = FLOWS + "62220001,2022-05,1,1,1\n62220001,2022-04,x,1,1\n62220003,2022-05,1,1,1\n"
    found = checked(tmp_path, ACCOUNTS, flows)
    assert found["codes"] == {"abnormal-outflow": 1}
    assert found["warnings"] == {"incomplete-flows": 1}
    assert found["reasons"] == {"amount-malformed": 1}
    lines = (tmp_path / "rejects.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[1].startswith("flows.csv,3,转入人工费(元),")


def test_a_bank_that_allows_for_charges(tmp_path: Path) -> None:
    flows = FLOWS + "62220001,2022-05,1,1,10.00\n62220003,2022-05,1,1,10.01\n"
    assert checked(tmp_path, ACCOUNTS, flows)["codes"] == {"abnormal-outflow": 2}
    rules = '[abnormal-outflow]\nmost_in_a_month = "10.00"\n'
    assert checked(tmp_path, ACCOUNTS, flows, rules)["codes"] == {"abnormal-outflow": 1}


@pytest.mark.parametrize("months", ["", "62220001,2021-05,1,1,0\n", "62220001,2022-06,1,1,0\n"])
def test_flows_of_another_time_are_refused(tmp_path: Path, months: str) -> None:
    with pytest.raises(InputError) as caught:
        checked(tmp_path, ACCOUNTS, FLOWS + months)
    assert caught.value.code == "flows-months"
    assert "2022-05" in str(caught.value)


def test_a_check_without_period_goes_as_far_as_the_flows(tmp_path: Path) -> None:
    found = checked(tmp_path, ACCOUNTS, FLOWS + "62220001,2019-05,1,1,1\n", last_month=LAST_OF_THE_FILE)
    assert found["codes"] == {"abnormal-outflow": 1}
    assert found["flows"]["last_month"] == "2019-05"
    with pytest.raises(InputError, match="no row that can be read"):
        checked(tmp_path, ACCOUNTS, FLOWS, last_month=LAST_OF_THE_FILE)


def test_a_submission_carries_the_codes_that_are_agreed(submission: Callable[..., World]) -> None:
    world = submission("hmac")
    terms = world.agreement.terms[FLOW]
    state = Column("account_state", ("账户状态",), "text")
    terms = replace(terms, answering_columns=(*terms.answering_columns, state))
    world.agreement = replace(world.agreement, terms={FLOW: terms})
    accounts = world.file(
        "accounts.csv", f"账号,开户单位,账户性质,账户状态\n62220001,{FIRM},工资专户,销户\n62220002,{FIRM},工资专户,\n"
    )
    flows = world.file("flows.csv", FLOWS + "62220001,2022-05,1,1,1\n")
    job = make_job(world.homes[ANSWERING], FLOW, PERIOD, [accounts], flows=[flows])
    result = submit(job, world.path / "rejects.csv", silent)
    # The world's agreement has no code for an outflow, so that stays at home, and is told.
    assert result["local_rules"]["codes"] == {"account-closed": 1}
    assert "abnormal-outflow" in result["local_rules"]["left_out"]
    assert result["local_rules"]["flows"]["accounts"] == 1
    assert not list(world.homes[ANSWERING].spool_path.rglob("flows.db"))


def test_other_flows_are_another_submission(submission: Callable[..., World]) -> None:
    world = submission("hmac")
    home = world.homes[ANSWERING]
    accounts = world.file("accounts.csv", f"账号,开户单位\n62220001,{FIRM}\n")
    flows = world.file("flows.csv", FLOWS + "62220001,2022-05,1,1,1\n")
    digests = {make_job(home, FLOW, PERIOD, [accounts]).inputs_digest()}
    digests.add(make_job(home, FLOW, PERIOD, [accounts], flows=[flows]).inputs_digest())
    again = make_job(home, FLOW, PERIOD, [accounts], flows=[flows])
    assert again.inputs_digest() in digests
    world.file("flows.csv", FLOWS + "62220001,2022-05,1,1,2\n")
    digests.add(again.inputs_digest())
    (home.path / "local-rules.toml").write_text(
        'format = "concordat-local-rules-v1"\nwindow_months = 6\n', encoding="utf-8"
    )
    digests.add(make_job(home, FLOW, PERIOD, [accounts], flows=[flows]).inputs_digest())
    assert len(digests) == 4


def test_strict_holds_for_flows_as_well(submission: Callable[..., World]) -> None:
    world = submission("hmac")
    accounts = world.file("accounts.csv", f"账号,开户单位\n62220001,{FIRM}\n")
    flows = world.file("flows.csv", FLOWS + "62220001,2022-05,1,1,1\n62220001,2022-04,x,1,1\n")
    job = make_job(world.homes[ANSWERING], FLOW, PERIOD, [accounts], flows=[flows], strict=True)
    with pytest.raises(RowsRejectedError):
        submit(job, world.path / "rejects.csv", silent)
    assert not world.service.sealed


def test_an_asking_side_has_no_flows(submission: Callable[..., World]) -> None:
    world = submission("hmac")
    projects = world.file("projects.csv", f"项目编号,总包单位,工资专用账户\nP1,{FIRM},62220001\n")
    flows = world.file("flows.csv", FLOWS)
    with pytest.raises(InputError, match="answering side"):
        make_job(world.homes[ASKING], FLOW, PERIOD, [projects], flows=[flows])
