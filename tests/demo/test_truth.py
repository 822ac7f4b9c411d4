"""The planted truth is what the agreement's rules give on plaintext: for any seed, with none planted and with all."""

from __future__ import annotations

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from matcher.agency.calendar.workdays import packaged
from matcher.agency.local.accounts import Account, account_codes
from matcher.agency.local.flows import month_number
from matcher.agency.local.monthly import Month, flow_codes
from matcher.agency.local.settings import local_rules
from matcher.demo.generate import DataSet, generate
from matcher.protocol import normalise, rules
from matcher.protocol.agreement import render
from matcher.protocol.agreement.model import Flow
from matcher.protocol.agreement.parse import parse_matching
from matcher.protocol.errors import InputError
from matcher.protocol.vector import VectorLayout

MATCHING = Path(__file__).resolve().parents[2] / "examples" / "daxing" / "matching.toml"
KINDS = {"农民工工资专用账户": "wage", "工资保证金账户": "deposit", "一般账户": "other"}
MAY = 2022 * 12 + 4
RULES = local_rules(None)
CALENDAR = packaged()
WITHOUT_ACCOUNT = ("保函", "银行保函", "免存", "免于存储")
FLAGS = {
    "账户冻结": "account-frozen",
    "账户销户": "account-closed",
    "账户久悬": "account-dormant",
    "资金异常流出": "abnormal-outflow",
    "未存保证金": "no-deposit",
}
Record = dict[str, Any]


@pytest.fixture(scope="module")
def flow() -> Flow:
    values = {
        "data.normaliser_vectors": "0" * 64, "data.name_data": "0" * 64, "link.account.mode": "oprf",
    }  # fmt: skip
    # The base point: any valid element will do, since nothing is evaluated here.
    key = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
    filled = render.fill(MATCHING.read_bytes(), values, {"link.account.key": render.key_line("oprf", key)})
    return parse_matching(filled).flow("account-check")


def _rows(data: bytes, encoding: str) -> list[Record]:
    return list(csv.DictReader(io.StringIO(data.decode(encoding, "replace"), newline="")))


def _amount(text: str) -> int | None:
    return normalise.amount_fen(text, "元") if text else None


def _day(text: str) -> int | None:
    return normalise.date_days(text) if text else None


def _common(row: Record, name: str, kind: str) -> Record:
    code = row["统一社会信用代码"]
    return {"holder": row[name], "code": normalise.credit_code(code) if code else None, "kind": kind}


def _due(row: Record) -> int | None:
    """The due date given, or twenty working days after the permit."""
    if row["保证金存入期限"] or not row["施工许可日期"]:
        return _day(row["保证金存入期限"])
    permit = date(1970, 1, 1) + timedelta(days=normalise.date_days(row["施工许可日期"]))
    return normalise.date_days(CALENDAR.after(permit, 20).isoformat())


def _flows(data: DataSet) -> dict[str, dict[int, Month]]:
    found: dict[str, dict[int, Month]] = {}
    for row in _rows(data.flows_csv, "utf-8-sig"):
        money = (_amount(row[name]) or 0 for name in ("转入人工费(元)", "代发工资(元)", "其他转出(元)"))
        months = found.setdefault(normalise.account_number(row["账号"]), {})
        number = month_number(row["月份"])
        assert number not in months
        months[number] = Month(*money)
    return found


def _local_codes(row: Record, kind: str, months: dict[int, Month]) -> frozenset[str]:
    account = Account(
        kind, row["开户单位"], row["账户全称"], row["账户状态"], row["冻结原因"], row["保证金余额(元)"],
        row["最近存入日期"],
    )  # fmt: skip
    return account_codes(account, RULES) | (flow_codes(months, MAY, RULES) if kind == "wage" else frozenset())


def _accounts(data: DataSet, flow: Flow) -> dict[str, Record]:
    known = flow.field("flags").codes
    flows = _flows(data)
    accounts = {}
    for row in _rows(data.accounts_csv, "utf-8-sig"):
        try:
            number = normalise.account_number(row["账号"])
        except InputError:
            continue
        kind = KINDS[row["账户性质"]]
        flags = [FLAGS.get(item, item) for item in row["异常标记"].replace("；", ";").replace("、", ";").split(";")]
        accounts[number] = _common(row, "开户单位", kind) | {
            "wages": _amount(row["实发工资(元)"]) if kind == "wage" else None,
            "deposit": _amount(row["保证金余额(元)"]) if kind == "deposit" else None,
            "deposit_date": _day(row["最近存入日期"]) if kind == "deposit" else None,
            "flags": sum(
                1 << known.index(item)
                for item in {*filter(None, flags), *_local_codes(row, kind, flows.get(number, {}))}
            ),
        }
    return accounts


def _found(data: DataSet, flow: Flow) -> dict[str, set[str]]:
    layout = VectorLayout(flow.fields)
    names = [field.name for field in flow.fields]
    accounts = _accounts(data, flow)
    found: dict[str, set[str]] = {}
    for row in _rows(data.projects_csv, "gb18030"):
        wages = {"wages": _amount(row["应发工资(元)"])}
        deposit = {"deposit": _amount(row["保证金应存金额(元)"]), "deposit_date": _due(row)}
        for column, kind, own in (("工资专用账户", "wage", wages), ("保证金账户", "deposit", deposit)):
            if not row[column] or (kind == "deposit" and row["保证金方式"] in WITHOUT_ACCOUNT):
                continue
            asking = _common(row, "总包单位", kind) | own
            answering = accounts.get(normalise.account_number(row[column]))
            if answering is None:
                codes = rules.evaluate(flow, (), rules.UNMATCHED)
            else:
                outcomes = layout.outcomes_plain(
                    [asking.get(name) for name in names], [answering.get(name) for name in names]
                )
                codes = rules.evaluate(flow, outcomes, rules.MATCHED)
            if codes:
                found.setdefault(row["项目编号"], set()).update(codes)
    return found


@pytest.mark.parametrize(
    ("seed", "projects", "planted"),
    [
        (2022, 193, 54),
        (1, 193, 54),
        (2, 400, 0),
        (3, 300, 300),
        (4, 1500, 500),
        (5, 1, 1),
        (6, 50, 49),
        (101, 400, 230),
    ],
)
def test_rules_on_plaintext_find_exactly_what_was_planted(flow: Flow, seed: int, projects: int, planted: int) -> None:
    data = generate(seed, projects, planted, 200)
    planted_codes = {site.id: site.codes for site in data.sites if site.codes}
    assert _found(data, flow) == planted_codes
    assert len(planted_codes) == planted


def test_changing_one_row_changes_exactly_that_project(flow: Flow) -> None:
    data = generate(8, 60, 10, 200)
    before = _found(data, flow)
    site = next(site for site in data.sites if not site.codes and site.deposit is not None)
    lines = data.projects_csv.decode("gb18030").splitlines(keepends=True)
    line = next(line for line in lines if line.startswith(site.id))
    cells = next(csv.reader([line]))
    cells[4] = "9999999999999999"
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    changed = DataSet(
        "".join(text.getvalue() if item == line else item for item in lines).encode("gb18030"),
        data.accounts_csv, data.flows_csv, data.truth_csv, data.sites, data.accounts,
    )  # fmt: skip
    assert _found(changed, flow) == before | {site.id: {"account-not-found"}}
