"""Monthly flows: headers, months, rows that cannot be read, and what is kept of an account."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.agency.files.batches import Reading
from matcher.agency.local import flows
from matcher.agency.local.settings import FLOW_CODES, local_rules
from matcher.agency.local.store import INCOMPLETE, UNREADABLE, FlowRow, FlowStore
from matcher.agency.records.rejects import Reject
from matcher.protocol.errors import InputError

MAY = 2022 * 12 + 4
HEAD = "账号,月份,转入人工费(元),代发工资(元),其他转出(元)"
ACCOUNT = "6222000000000001"


def tag(account: str) -> bytes:
    return flows.account_tag(b"k" * 32, account)


def read(tmp_path: Path, text: str) -> tuple[list[FlowRow], list[Reject]]:
    path = tmp_path / "flows.csv"
    path.write_text(text, encoding="utf-8")
    rows: list[FlowRow] = []
    rejects: list[Reject] = []
    for _file, some, bad in flows.read_rows(flows.open_flows([path], Reading()), tag):
        rows += some
        rejects += bad
    return rows, rejects


@pytest.mark.parametrize(
    "cell", ["2022-05", "2022/5", "2022/05", "2022.05", "2022年5月", "2022年05月份", "202205", "2022-05-31", "20220501",
             "２０２２年５月"]
)  # fmt: skip
def test_a_month_in_any_usual_spelling(cell: str) -> None:
    assert flows.month_number(cell) == MAY
    assert flows.month_text(MAY) == "2022-05"


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", "empty"),
        ("May", "month-malformed"),
        ("2022.1", "month-malformed"),  # a spreadsheet's 2022.10
        ("5", "month-malformed"),
        ("2022-13", "date-impossible"),
        ("2022-00", "date-impossible"),
        ("202213", "date-impossible"),
        ("1022-05", "date-impossible"),
        ("2022-05-32", "date-impossible"),
    ],
)
def test_a_cell_that_is_no_month_is_refused_by_name(cell: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        flows.month_number(cell)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "head",
    [HEAD, "account,month,labour_in,wages_out,other_out", "account number,MONTH,labour cost in,wages out,other out"],
)
def test_chinese_and_english_headers(tmp_path: Path, head: str) -> None:
    rows, rejects = read(tmp_path, f'{head}\n6222-0000 0000 0001,2022年5月,"1,000.50",900,\n')
    assert rows == [FlowRow(tag(ACCOUNT), MAY, 100_050, 90_000, 0, 0, 2)]
    assert rejects == []


def test_a_unit_in_the_header_counts(tmp_path: Path) -> None:
    rows, _rejects = read(tmp_path, f"账号,月份,转入人工费(万元)\n{ACCOUNT},2022-05,1.5\n")
    assert rows == [FlowRow(tag(ACCOUNT), MAY, 1_500_000, 0, 0, 0, 2)]


@pytest.mark.parametrize(
    ("row", "reject", "known"),
    [
        (f"{ACCOUNT},2022-05,x,1,1", Reject(2, "labour_in", "amount-malformed"), True),
        (f"{ACCOUNT},2022-05,1,1.001,1", Reject(2, "wages_out", "amount-precise"), True),
        (f"{ACCOUNT},2022-05,1,1,1E+9", Reject(2, "other_out", "excel-float"), True),
        (f"{ACCOUNT},May,1,1,1", Reject(2, "month", "month-malformed"), True),
        (f"{ACCOUNT},,1,1,1", Reject(2, "month", "empty"), True),
        (",2022-05,1,1,1", Reject(2, "account", "empty"), False),
        ("6.222E+15,2022-05,1,1,1", Reject(2, "account", "excel-float"), False),
        (f"{ACCOUNT},2022-05,1,1", Reject(2, "", "cell-count"), False),
        (f"{ACCOUNT},2022-05,#N/A,1,1", Reject(2, "labour_in", "formula-error"), True),
        (f"{ACCOUNT},######,1,1,1", Reject(2, "month", "too-narrow"), True),
    ],
)
def test_a_row_that_cannot_be_read_is_told_and_leaves_its_account_incomplete(
    tmp_path: Path, row: str, reject: Reject, known: bool
) -> None:
    rows, rejects = read(tmp_path, f"{HEAD}\n{row}\n")
    assert rejects == [reject]
    assert [(item.tag, item.month) for item in rows] == ([(tag(ACCOUNT), UNREADABLE)] if known else [])


@pytest.mark.parametrize(
    ("head", "code", "named"),
    [
        ("账号,月份", "header-missing", "labour_in"),
        ("账号,转入人工费", "header-missing", "month"),
        ("月份,转入人工费", "header-missing", "account"),
        ("a,b", "header-unknown", "账号"),
    ],
)
def test_a_file_without_what_is_needed_is_refused(tmp_path: Path, head: str, code: str, named: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, head + "\n")
    assert caught.value.code == code
    assert named in f"{caught.value} {caught.value.remedy}"


def store_of(tmp_path: Path, *rows: FlowRow) -> FlowStore:
    store = FlowStore(tmp_path / "flows.db")
    store.add(rows)
    return store


def month(account: str, number: int, labour_in: int, wages_out: int, other_out: int, line: int = 2) -> FlowRow:
    return FlowRow(tag(account), number, labour_in, wages_out, other_out, 0, line)


def test_what_is_kept_of_an_account_is_which_rules_fire(tmp_path: Path) -> None:
    store = store_of(
        tmp_path,
        month("good", MAY, 100, 100, 0),
        month("leaky", MAY, 100, 100, 1),
        month("behind", MAY, 0, 0, 0),
        month("behind", MAY - 1, 100, 0, 0),
        month("gone", MAY - 20, 100, 100, 100),
    )
    assert store.last_month(MAY) == MAY
    assert list(store.evaluate(MAY, local_rules(None))) == []
    bit = {code: 1 << place for place, code in enumerate(FLOW_CODES)}
    names = ("good", "leaky", "behind", "gone", "absent")
    found = store.found([tag(name) for name in names])
    assert {name: found.get(tag(name)) for name in names} == {
        "good": 0,
        "leaky": bit["abnormal-outflow"],
        "behind": bit["wages-below-inflow"],
        "gone": 0,
        "absent": None,
    }
    assert store.counts() == (4, 0, 0)
    assert oct((tmp_path / "flows.db").stat().st_mode & 0o777) == "0o600"


def test_a_month_twice_is_told_when_its_amounts_differ(tmp_path: Path) -> None:
    store = store_of(
        tmp_path,
        month("same", MAY, 0, 0, 9, line=2),
        month("same", MAY, 0, 0, 9, line=7),
        month("other", MAY, 0, 0, 9, line=3),
        month("other", MAY, 0, 0, 8, line=5),
        month("bad", UNREADABLE, 0, 0, 0, line=4),
        month("bad", MAY, 0, 0, 9, line=6),
    )
    assert list(store.evaluate(MAY, local_rules(None))) == [(0, 5)]
    found = store.found([tag("same"), tag("other"), tag("bad")])
    assert found[tag("same")] == 1 << FLOW_CODES.index("abnormal-outflow")
    assert found[tag("other")] == found[tag("bad")] == INCOMPLETE
    assert store.counts() == (3, 0, 2)


def test_months_after_the_period_are_not_looked_at(tmp_path: Path) -> None:
    store = store_of(tmp_path, month("a", MAY + 1, 0, 0, 9), month("a", MAY - 2, 100, 100, 0))
    assert store.last_month(MAY) == MAY - 2
    assert store.last_month(MAY - 3) is None


def test_accounts_that_no_row_asked_for_are_counted(tmp_path: Path) -> None:
    store = store_of(tmp_path, month("a", MAY, 1, 1, 0), month("b", MAY, 1, 1, 0))
    list(store.evaluate(MAY, local_rules(None)))
    store.found([tag("a"), tag("x")])
    assert store.counts() == (2, 1, 0)


def test_no_account_number_stands_in_the_store(tmp_path: Path) -> None:
    path = tmp_path / "flows.csv"
    path.write_text(f"{HEAD}\n{ACCOUNT},2022-05,1,1,1\n", encoding="utf-8")
    store = FlowStore(tmp_path / "flows.db")
    for _file, rows, _bad in flows.read_rows(flows.open_flows([path], Reading()), tag):
        store.add(rows)
    store.close()
    assert ACCOUNT.encode() not in (tmp_path / "flows.db").read_bytes()
