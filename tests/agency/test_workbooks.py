"""Workbooks: sheets, headers in two rows, merged and hidden rows, numbers and dates, and what other programs write."""

from __future__ import annotations

import datetime
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from matcher.agency.files import xlsx_book
from matcher.agency.files.batches import Reading, RowSource
from matcher.agency.files.registry import open_rows
from matcher.agency.files.xlsx_book import PART_LIMIT
from matcher.agency.records.faults import mark
from matcher.agency.records.rejects import Reject
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError
from tests.agency.workbook_files import MAIN, locked_xls, locked_xlsx, raw_xlsx, workbook_part, xlsx

COLUMNS = (
    Column("account", ("账号", "account no"), "account", required=True, link=True, row_id=True),
    Column("holder", ("开户单位", "account holder"), "company", feeds="holder", required=True),
    Column("wages_paid", ("实发工资(元)", "实发工资", "wages paid"), "amount", feeds="wages"),
    Column("last_deposit", ("最近存入日期",), "date", feeds="deposit_date"),
)
HEADER = ("账号", "开户单位", "实发工资(元)", "最近存入日期")
ROW = ("6222020001", "大兴建筑有限公司", 100.5, datetime.date(2022, 5, 31))
CELLS = ("6222020001", "大兴建筑有限公司", "100.5", "2022-05-31")


def rows_of(path: Path, reading: Reading | None = None) -> tuple[list[tuple[int, tuple[str, ...]]], list[Reject]]:
    return drained(open_rows(path, COLUMNS, reading))


def drained(source: RowSource) -> tuple[list[tuple[int, tuple[str, ...]]], list[Reject]]:
    rows: list[tuple[int, tuple[str, ...]]] = []
    rejects: list[Reject] = []
    for batch in source.batches:
        rows += zip(batch.lines, batch.rows, strict=True)
        rejects += batch.rejects
    return rows, rejects


def sheet_of(*rows: str, tail: str = "", prefix: str = "") -> str:
    names = f'xmlns{":" + prefix if prefix else ""}="{MAIN}"'
    start = f"{prefix}:" if prefix else ""
    body = "".join(rows)
    return f"<{start}worksheet {names}><{start}sheetData>{body}</{start}sheetData>{tail}</{start}worksheet>"


def inline(*cells: str) -> str:
    return "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)


def test_text_numbers_and_dates_come_as_a_person_would_write_them(tmp_path: Path) -> None:
    source = open_rows(xlsx(tmp_path / "a.xlsx", {"S": [HEADER, ROW, ROW]}), COLUMNS)
    assert drained(source) == ([(2, CELLS), (3, CELLS)], [])
    assert (source.about.sheet, source.about.line, source.total) == ("S", 1, 2)


@pytest.mark.parametrize("prefix", ["", "x"])
def test_what_other_programs_write_is_read(tmp_path: Path, prefix: str) -> None:
    """Prefixed names, cells without addresses, inline text in runs, phonetic runs, ISO dates, escapes."""
    p = f"{prefix}:" if prefix else ""
    text = '<{p}c t="inlineStr"><{p}is>{runs}</{p}is></{p}c>'
    runs = f"<{p}r><{p}t>大兴建筑</{p}t></{p}r><{p}rPh><{p}t>noise</{p}t></{p}rPh><{p}r><{p}t>有限公司</{p}t></{p}r>"
    header = "".join(text.format(p=p, runs=f"<{p}t>{cell}</{p}t>") for cell in HEADER)
    row = (
        text.format(p=p, runs=f"<{p}t>6222_x000D_020001</{p}t>") + text.format(p=p, runs=runs) + f"<{p}c><{p}v>100.5"
        f'</{p}v></{p}c><{p}c t="d"><{p}v>2022-05-31T00:00:00</{p}v></{p}c>'
    )
    path = raw_xlsx(
        tmp_path / "a.xlsx", sheet_of(f"<{p}row>{header}</{p}row>", f'<{p}row r="7">{row}</{p}row>', prefix=prefix)
    )
    assert rows_of(path) == ([(7, ("6222\r020001", *CELLS[1:]))], [])


def test_names_of_parts_do_not_depend_on_case_or_kind_of_slash(tmp_path: Path) -> None:
    path = tmp_path / "b.xlsx"
    strings = f'<sst xmlns="{MAIN}"><si><t>大兴建筑</t></si></sst>'
    row = f'<row>{inline("62220001")}<c t="s"><v>0</v></c></row>'
    plain = raw_xlsx(tmp_path / "a.xlsx", sheet_of(f"<row>{inline(*HEADER[:2])}</row>", row), strings=strings)
    with zipfile.ZipFile(plain) as good, zipfile.ZipFile(path, "w") as other:
        for name in good.namelist():
            other.writestr(name.replace("/", "\\").replace("sharedStrings", "SharedStrings"), good.read(name))
    assert rows_of(path)[0] == [(2, ("62220001", "大兴建筑"))]


def test_an_inline_text_with_a_value_beside_is_the_text(tmp_path: Path) -> None:
    row = f'<row>{inline("62220001")}<c t="inlineStr"><is><t>甲</t></is><v>1</v></c></row>'
    assert rows_of(raw_xlsx(tmp_path / "a.xlsx", sheet_of(f"<row>{inline(*HEADER[:2])}</row>", row)))[0] == [
        (2, ("62220001", "甲"))
    ]


def test_shared_texts_with_runs_are_read_and_bad_numbers_are_damage(tmp_path: Path) -> None:
    strings = f'<sst xmlns="{MAIN}">' + "".join(f"<si><t>{cell}</t></si>" for cell in HEADER[:2])
    strings += "<si><r><t>大兴</t></r><rPh><t>noise</t></rPh><r><t>建筑</t></r></si></sst>"
    head = '<row r="1"><c t="s"><v>0</v></c><c t="s"><v>1</v></c></row>'
    row = '<row r="2"><c><v>62220001</v></c><c t="s"><v>{}</v></c></row>'
    path = raw_xlsx(tmp_path / "a.xlsx", sheet_of(head, row.format(2)), strings=strings)
    assert rows_of(path)[0] == [(2, ("62220001", "大兴建筑"))]
    for number in (3, -1):
        late = row.format(number).replace('r="2"', 'r="40"')
        path = raw_xlsx(tmp_path / "a.xlsx", sheet_of(head, row.format(2), late), strings=strings)
        with pytest.raises(InputError, match="the workbook is damaged"):
            rows_of(path)


NUMBERS = [
    ("62220001", "General", "62220001"),
    ("62220001", "00000000000", "00062220001"),
    ("6222020200011223344", "General", mark("excel-float")),
    ("6.2220202000112233E+18", "0", mark("excel-float")),
    ("999999999999999", "General", "999999999999999"),
    ("1E+15", "General", mark("excel-float")),
    ("62220001.5", "General", mark("excel-float")),
    ("44712", "yyyy-mm-dd", mark("cell-is-date")),
]


@pytest.mark.parametrize(("number", "code", "expected"), NUMBERS)
def test_an_account_number_stored_as_a_number_is_exact_or_refused(
    tmp_path: Path, number: str, code: str, expected: str
) -> None:
    styles = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="170" formatCode="{code}"/></numFmts>'
        '<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="170"/></cellXfs>'
        "</styleSheet>"
    )
    row = f'<row><c s="1"><v>{number}</v></c>{inline("甲")}</row>'
    path = raw_xlsx(tmp_path / "a.xlsx", sheet_of(f"<row>{inline(*HEADER[:2])}</row>", row), styles=styles)
    assert rows_of(path)[0] == [(2, (expected, "甲"))]


DATES = [
    ("44712", 0, False, "2022-05-31"),
    ("44712.75", 14, False, "2022-05-31"),
    ("43250", 14, True, "2022-05-31"),
    ("20220531", 0, False, "20220531"),
    ("61", 14, False, "1900-03-01"),
    ("-1", 14, False, mark("date-impossible")),
    ("9E+9", 14, False, mark("date-impossible")),
    ("44712", 57, False, "2022-05-31"),
    ("5", 0, False, "5"),
]


@pytest.mark.parametrize(("number", "number_format", "from_1904", "expected"), DATES)
def test_day_numbers_follow_the_workbooks_calendar(
    tmp_path: Path, number: str, number_format: int, from_1904: bool, expected: str
) -> None:
    formats = f'<cellXfs><xf numFmtId="0"/><xf numFmtId="{number_format}"/></cellXfs>'
    styles = f'<styleSheet xmlns="{MAIN}">{formats}</styleSheet>'
    workbook = workbook_part(f'<workbookPr date1904="{int(from_1904)}"/>')
    row = f'<row>{inline("62220001", "甲")}<c s="1"><v>{number}</v></c></row>'
    head = f"<row>{inline('账号', '开户单位', '最近存入日期')}</row>"
    path = raw_xlsx(tmp_path / "a.xlsx", sheet_of(head, row), styles=styles, workbook=workbook)
    assert rows_of(path)[0] == [(2, ("62220001", "甲", expected))]


def test_an_amount_is_taken_at_the_digits_a_spreadsheet_shows(tmp_path: Path) -> None:
    numbers = {"0.30000000000000004": "0.3", "1234567890.1000001": "1234567890.1", "1E+16": "10000000000000000"}
    rows = [f"<row>{inline('62220001', '甲')}<c><v>{number}</v></c></row>" for number in numbers]
    found, _rejects = rows_of(raw_xlsx(tmp_path / "a.xlsx", sheet_of(f"<row>{inline(*HEADER[:3])}</row>", *rows)))
    assert [cells[2] for _line, cells in found] == list(numbers.values())


def test_formulas_count_by_their_stored_result(tmp_path: Path) -> None:
    head = f"<row>{inline(*HEADER[:3])}</row>"
    cases = {
        "<f>A1</f><v>1</v>": "1",
        "<f>A1</f><v></v>": mark("formula-empty"),
        "<f>A1</f>": mark("formula-empty"),
        '" t="str"><f>A1</f><v></v>': "",
        '" t="str"><f>A1</f><v>12</v>': "12",
        '" t="e"><f>A1</f><v>#N/A</v>': mark("formula-error"),
        '" t="b"><v>1</v>': mark("cell-type"),
    }
    rows = []
    for number, content in enumerate(cases, 2):
        cell = f'<c r="C{number}{content if content.startswith(chr(34)) else chr(34) + ">" + content}</c>'
        rows.append(f'<row r="{number}">{inline("62220001", "甲")}{cell}</row>')
    found, _rejects = rows_of(raw_xlsx(tmp_path / "a.xlsx", sheet_of(head, *rows)))
    assert [cells[2] for _line, cells in found] == list(cases.values())


def test_prepared_rows_whose_formulas_show_nothing_are_passed_over(tmp_path: Path) -> None:
    head = f"<row>{inline(*HEADER[:2], '序号')}</row>"
    empty = '<row><c t="str"><f>X</f><v></v></c><c/><c t="str"><f>X</f><v></v></c></row>'
    assert rows_of(raw_xlsx(tmp_path / "a.xlsx", sheet_of(head, empty, empty))) == ([], [])


def test_titles_unit_and_two_header_rows(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["大兴区农民工工资专用账户明细表"],
        ["填表单位：某行", None, "单位：万元"],
        ["账户", None, "实发工资", "最近存入日期"],
        ["账号", "开户单位", None, None],
        ["62220001", "甲", 1.5, None],
    ]
    source = open_rows(xlsx(tmp_path / "a.xlsx", {"S": rows}), COLUMNS)
    assert source.about.line == 4
    assert source.units[2] == "万元"
    assert drained(source) == ([(5, ("62220001", "甲", "1.5", ""))], [])


def test_a_group_header_is_read_with_what_stands_under_it(tmp_path: Path) -> None:
    columns = (
        Column("wage_account", ("工资专用账户",), "account", link=True),
        Column("deposit_account", ("保证金账户",), "account", link=True),
        Column("deposit_required", ("保证金应存金额",), "amount"),
    )
    rows = [["工资专用", "保证金", None], ["账户", "账户", "应存金额(万元)"], ["1", "2", "3"]]
    source = open_rows(xlsx(tmp_path / "a.xlsx", {"S": rows}), columns)
    assert [column.name for column in source.columns] == [column.name for column in columns]
    assert source.units[2] == "万元"


def test_the_sheet_whose_header_fits_is_read(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", {"说明": [["请填写"]], "明细": [HEADER, ROW], "旧": [["账号"], ["1"]]})
    source = open_rows(path, COLUMNS)
    assert source.about.sheet == "明细"
    assert drained(source)[0] == [(2, CELLS)]


def test_two_fitting_sheets_are_ambiguous_until_one_is_named(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", {"一月": [HEADER, ROW], "二月": [HEADER, ROW, ROW]})
    with pytest.raises(InputError, match="2 sheets have a header that fits: 一月, 二月") as caught:
        open_rows(path, COLUMNS)
    assert caught.value.remedy == "Say which one to read: --sheet NAME."
    assert len(rows_of(path, Reading(sheet="二月"))[0]) == 2
    assert len(rows_of(path, Reading(sheet="1"))[0]) == 1
    with pytest.raises(InputError, match="there is no sheet 三月") as caught:
        open_rows(path, COLUMNS, Reading(sheet="三月"))
    assert caught.value.remedy == "The sheets are: 一月, 二月."


def test_hidden_rows_are_read_and_counted_and_a_hidden_sheet_comes_last(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    path = xlsx(tmp_path / "a.xlsx", {"旧": [HEADER, ROW], "新": [HEADER, ROW, ROW, ROW]})
    book = load_workbook(path)
    book["旧"].sheet_state = "hidden"
    book["新"].row_dimensions[3].hidden = True
    book.save(path)
    source = open_rows(path, COLUMNS)
    assert source.about.sheet == "新"
    assert len(drained(source)[0]) == 3
    assert source.about.hidden == 1


def test_a_merged_cell_speaks_for_all_its_rows_but_no_amount_is_divided(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    rows = [HEADER, ("62220001", "甲", 1, None), ("62220002", None, 2, None), ("62220003", None, None, None), ROW]
    path = xlsx(tmp_path / "a.xlsx", {"S": rows})
    book = load_workbook(path)
    book["S"].merge_cells("B2:B4")
    book["S"].merge_cells("C3:C4")
    book["S"].merge_cells("A1:A1")
    book.save(path)
    found, _rejects = rows_of(path)
    assert [cells[1] for _line, cells in found] == ["甲", "甲", "甲", CELLS[1]]
    assert [cells[2] for _line, cells in found] == ["1", mark("merged-cell"), mark("merged-cell"), "100.5"]


def test_totals_and_repeated_headers_are_named(tmp_path: Path) -> None:
    rows = [HEADER, ROW, HEADER, ("合 计", None, 5, None), (None, None, None, None), ROW]
    found, rejects = rows_of(xlsx(tmp_path / "a.xlsx", {"S": rows}))
    assert [line for line, _cells in found] == [2, 6]
    assert rejects == [Reject(3, "", "header-again"), Reject(4, "", "total-row")]


def test_locked_workbooks_are_refused_by_name(tmp_path: Path) -> None:
    import xlwt

    plain = xlsx(tmp_path / "plain.xlsx", {"S": [HEADER, ROW]})
    old = xlwt.Workbook()
    old.add_sheet("S").write(0, 0, "账号")
    old.save(str(tmp_path / "plain.xls"))
    for path in (
        locked_xlsx(tmp_path / "a.xlsx", plain),
        locked_xls(tmp_path / "b.xls", tmp_path / "plain.xls"),
    ):
        with pytest.raises(InputError, match=f"{path.name}: the workbook is protected by a password") as caught:
            open_rows(path, COLUMNS)
        assert "remove the password" in caught.value.remedy


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_does(tmp_path: Path) -> None:
    bomb = sheet_of(f"<row>{inline(*HEADER)}</row>", " " * (PART_LIMIT + 1))
    path = raw_xlsx(tmp_path / "a.xlsx", bomb)
    assert path.stat().st_size < 100_000
    with pytest.raises(InputError, match="the workbook unpacks to 16 MiB") as caught:
        open_rows(path, COLUMNS)
    assert caught.value.code == "workbook-size"
    assert "CSV" in caught.value.remedy


def test_every_part_has_a_limit_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    strings = f'<sst xmlns="{MAIN}"><si><t>{"账" * 100}</t></si></sst>'
    cell = '<row><c t="s"><v>0</v></c></row>'
    path = raw_xlsx(tmp_path / "a.xlsx", sheet_of(f"<row>{inline(*HEADER)}</row>", cell), strings=strings)
    assert open_rows(path, COLUMNS).about.line == 1
    for limit in ("SHEET_LIMIT", "STRINGS_LIMIT"):
        with monkeypatch.context() as changed:
            changed.setattr(xlsx_book, limit, 100)
            with pytest.raises(InputError, match="which is more than is read"):
                open_rows(path, COLUMNS)


def test_entities_are_refused_before_they_expand(tmp_path: Path) -> None:
    declared = '<!DOCTYPE w [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    path = raw_xlsx(tmp_path / "a.xlsx", declared + sheet_of(f"<row>{inline('&b;')}</row>"))
    with pytest.raises(InputError, match="damaged"):
        open_rows(path, COLUMNS)


def test_damage_names_the_row_and_never_ends_in_another_error(tmp_path: Path) -> None:
    path = xlsx(tmp_path / "a.xlsx", {"S": [HEADER, *[ROW] * 300]})
    good = path.read_bytes()
    for cut in range(0, len(good), 97):
        path.write_bytes(good[:cut])
        with pytest.raises(InputError):
            rows_of(path)
    for place in range(0, len(good), 61):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0x55]) + good[place + 1 :])
        with suppress(InputError):
            rows_of(path)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.xls", b"<html><table><tr><td>1", "this is a web page"),
        ("a.xls", b'<?xml version="1.0"?><Workbook>', "this is an XML table"),
        ("a.csv", b"%PDF-1.7", "this is a PDF document"),
        ("a.xls", b"\x09\x04\x06\x00\x00\x00\x10\x00", "a workbook of Excel 4 or older"),
        ("a.csv", bytes(range(256)) * 40 + bytes(4000), "the file is not text"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "the workbook is damaged"),
    ],
)
def test_the_content_decides_what_a_file_is(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(InputError, match=message) as caught:
        open_rows(path, COLUMNS)
    assert caught.value.remedy


def test_a_file_with_another_types_ending_is_read_as_what_it_is(tmp_path: Path) -> None:
    text = "账号\t开户单位\n62220001\t甲\n"
    (tmp_path / "a.xls").write_text(text, encoding="gb18030")
    assert rows_of(tmp_path / "a.xls")[0] == [(2, ("62220001", "甲"))]
    xlsx(tmp_path / "b.xlsx", {"S": [HEADER, ROW]}).rename(tmp_path / "b.xls")
    assert rows_of(tmp_path / "b.xls")[0] == [(2, CELLS)]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}, "OpenDocument"),
        ({"word/document.xml": "x"}, "an archive or a document of another kind"),
    ],
)
def test_other_packages_are_named(tmp_path: Path, parts: dict[str, str], message: str) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    with pytest.raises(InputError, match=message):
        open_rows(path, COLUMNS)


def test_a_headers_own_unit_comes_before_the_tables(tmp_path: Path) -> None:
    title = ["单位：万元"]
    for header, unit in (("实发工资(元)", "元"), ("实发工资", "万元"), ("实发工资(千元)", "千元")):
        rows = [title, ["账号", "开户单位", header], ["62220001", "甲", 5]]
        source = open_rows(xlsx(tmp_path / "a.xlsx", {"S": rows}), COLUMNS)
        assert source.units[2] == unit
