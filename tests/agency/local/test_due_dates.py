"""Due dates counted by the calendar, and deposits that need no comparison, on the example's columns."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.agency.calendar.due_dates import with_due_dates
from matcher.agency.calendar.workdays import packaged
from matcher.agency.files.registry import open_rows
from matcher.agency.records.plan import Layout, plain_columns
from matcher.agency.records.records import SPARED, RecordReader, Records
from matcher.agency.records.rejects import Reject
from matcher.protocol.normalise import date_days
from tests import daxing

AGREEMENT = daxing.agreement()
COLUMNS = plain_columns(AGREEMENT.flow_terms(daxing.FLOW).asking_columns)
FIELDS = AGREEMENT.flow(daxing.FLOW).fields
DUE = [field.name for field in FIELDS].index("deposit_date")
HEAD = "项目编号,总包单位,工资专用账户,保证金账户,施工许可日期,保证金方式"
WAGES, DEPOSIT = "6222000000000001", "6222000000000002"


def read(tmp_path: Path, head: str, *rows: str) -> Records:
    path = tmp_path / "projects.csv"
    path.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    source = with_due_dates(open_rows(path, COLUMNS), COLUMNS, packaged())
    present = [[column.name for column in COLUMNS].index(column.name) for column in source.columns]
    reader = RecordReader(Layout(COLUMNS, FIELDS, "account-number"), present, source.units)
    result = Records()
    for batch in source.batches:
        found = reader.read(batch.lines, batch.rows)
        result.groups += found.groups
        result.rejects += batch.rejects + found.rejects
        result.rejected += found.rejected
        result.warnings += found.warnings
    return result


def due_dates(records: Records) -> list[int | None]:
    import json

    return [json.loads(content)[0][DUE] for group in records.groups for content in group.contents]


def accounts(records: Records) -> list[str]:
    return [value for group in records.groups for value in group.link_values]


@pytest.mark.parametrize(
    ("permit", "due"),
    [
        ("2022-01-14", "2022-02-16"),  # across the Spring Festival, two make-up days counted
        ("2022年1月14日", "2022-02-16"),
        ("2022-06-01", "2022-06-30"),  # the Dragon Boat Festival lies between
        ("", None),
    ],
)
def test_an_empty_due_date_is_counted_from_the_permit(tmp_path: Path, permit: str, due: str | None) -> None:
    found = read(tmp_path, HEAD, f"P1,甲公司,,{DEPOSIT},{permit},")
    assert due_dates(found) == [None if due is None else date_days(due)]
    with_column = read(tmp_path, HEAD + ",保证金存入期限", f"P1,甲公司,,{DEPOSIT},{permit},,")
    assert due_dates(with_column) == due_dates(found)


def test_a_due_date_that_is_given_stands(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + ",保证金存入期限", f"P1,甲公司,,{DEPOSIT},2022-01-14,,2022-05-02")
    assert due_dates(found) == [date_days("2022-05-02")]


def test_a_year_without_notice_rejects_the_deposit_and_not_the_wages(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD, f"P1,甲公司,{WAGES},{DEPOSIT},2026-12-28,")
    assert accounts(found) == [WAGES]
    assert found.rejects == [Reject(2, "deposit_due", "calendar-year")]


def test_a_permit_date_that_is_none_rejects_the_deposit_and_not_the_wages(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD, f"P1,甲公司,{WAGES},{DEPOSIT},2022-13-01,")
    assert accounts(found) == [WAGES]
    assert found.rejects == [Reject(2, "permit_date", "date-impossible")]


@pytest.mark.parametrize(
    ("form", "compared"),
    [
        ("", True),
        ("存储", True),
        ("现金", True),
        ("保函", False),
        ("银行保函", False),
        ("免存", False),
        ("exempt", False),
    ],
)
def test_a_guarantee_or_an_exemption_needs_no_deposit_account(tmp_path: Path, form: str, compared: bool) -> None:
    found = read(tmp_path, HEAD, f"P1,甲公司,{WAGES},{DEPOSIT},2022-01-14,{form}")
    assert accounts(found) == ([WAGES, DEPOSIT] if compared else [WAGES])
    assert (found.rejects, found.rejected) == ([], 0)
    assert found.warnings == ({} if compared else {SPARED: 1})


def test_what_a_guarantee_leaves_in_the_deposit_cells_is_no_fault(tmp_path: Path) -> None:
    """The cell may hold the guarantee's number, the permit may be of a year to come: nothing of it is compared."""
    found = read(tmp_path, HEAD, f"P1,甲公司,{WAGES},保函BH-2022/7,2026-12-28,保函", "P2,乙公司,,保函,,保函")
    assert accounts(found) == [WAGES]
    assert (found.rejects, found.rejected) == ([], 0)


def test_a_form_that_is_no_word_of_the_list_rejects_the_deposit_alone(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD, f"P1,甲公司,{WAGES},{DEPOSIT},2022-01-14,不详")
    assert accounts(found) == [WAGES]
    assert found.rejects == [Reject(2, "deposit_form", "choice-unknown")]


def test_a_row_that_names_nothing_is_told_unless_it_needs_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD, "P1,甲公司,,,,", "P2,乙公司,,,,免存")
    assert found.rejected == len(found.rejects) == 1
    assert (found.rejects[0].line, found.rejects[0].code) == (2, "no-link")
