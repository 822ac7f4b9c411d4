"""Named classes of faults in office files: what is done to a good table, where it can occur, what the user is told.

Every class but those of whole files starts from the same good table of bank accounts, or of projects. ``Told`` is a row
that is named with column and reason; a class without one is a fault that costs nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.agency.daxing_terms import BUREAU, REGULATOR
from tests.agency.table_files import ALL, GRIDS, SHEETS, TEXT, Formula, SheetError, Table

ACCOUNTS = (
    "账号",
    "开户单位",
    "统一社会信用代码",
    "账户性质",
    "实发工资(元)",
    "保证金余额(元)",
    "最近存入日期",
    "异常标记",
)
ACCOUNT, HOLDER, CODE, KIND, WAGES, DEPOSIT, DATE, FLAGS = range(8)
ACCOUNT_NAMES = {"account": 0, "holder": 1, "credit_code": 2, "account_kind": 3, "wages_paid": 4, "deposit_held": 5,
                 "last_deposit": 6, "flags": 7}  # fmt: skip
PROJECTS = ("项目编号", "项目名称", "总包单位", "统一社会信用代码", "工资专用账户", "保证金账户", "应发工资(元)",
            "保证金应存金额(元)", "保证金存入期限")  # fmt: skip
PROJECT_NAMES = {"project_id": 0, "project_name": 1, "general_contractor": 2, "credit_code": 3, "wage_account": 4,
                 "deposit_account": 5, "wages_due": 6, "deposit_required": 7, "deposit_due": 8}  # fmt: skip
GOOD_CODE = "91110115MA0000001H"
ROW = 4  # the row that is spoilt, of rows 2 to 6


class Told(NamedTuple):
    """A reject: row number in the table, column (empty: the row), reason code."""

    row: int
    column: str
    code: str


@dataclass(frozen=True, slots=True)
class Fault:
    """``spoil`` changes a good table; ``good`` records are still accepted. ``warned`` are credit codes, ``repeated``
    records that were there before, ``hidden`` rows read though hidden."""

    name: str
    forms: tuple[str, ...]
    spoil: Callable[[Table], None]
    told: tuple[Told, ...] = ()
    good: int = 4
    party: str = REGULATOR
    warned: int = 0
    repeated: int = 0
    hidden: int = 0
    sheet: str = ""


def accounts() -> Table:
    """Five good accounts in rows 2 to 6."""
    day = datetime.date(2022, 5, 31)
    return Table(
        [
            list(ACCOUNTS),
            ["6222020000000000001", "大兴建筑有限公司", GOOD_CODE, "工资专户", 1000.5, None, None, None],
            ["6222020000000000002", "北京甲建设集团有限公司", GOOD_CODE, "保证金账户", None, 20000, day, "冻结"],
            ["6222020000000000003", "北京乙市政工程有限公司", GOOD_CODE, "工资专户", 3000.25, None, None, None],
            ["6222020000000000004", "北京丙装饰有限公司", None, "保证金账户", None, 40000, day, None],
            ["6222020000000000005", "北京丁劳务有限公司", None, "一般账户", None, None, None, None],
        ]
    )


def projects() -> Table:
    """Five good projects in rows 2 to 6, with nine accounts."""
    day = datetime.date(2022, 3, 31)
    rows = [
        [f"DX-{number}", f"{number}号楼", "大兴建筑有限公司", GOOD_CODE, f"622202000000000001{number}",
         f"622202000000000002{number}" if number < 5 else None, 1000 * number, 500 * number, day]
        for number in range(1, 6)
    ]  # fmt: skip
    return Table([list(PROJECTS), *rows])


def put(column: int, value: Any, row: int = ROW) -> Callable[[Table], None]:
    """Puts ``value`` into one cell."""

    def spoil(table: Table) -> None:
        table.rows[row - 1][column] = value

    return spoil


def cell(name: str, column: int, value: Any, code: str, forms: tuple[str, ...] = ALL, *, row: int = ROW) -> Fault:
    """A fault of one cell, which costs the one record of its row."""
    told = Told(row, next(key for key, position in ACCOUNT_NAMES.items() if position == column), code)
    return Fault(name, forms, put(column, value, row), (told,))


def _all(*steps: Callable[[Table], None]) -> Callable[[Table], None]:
    def spoil(table: Table) -> None:
        for step in steps:
            step(table)

    return spoil


def _insert(row: int, *rows: Sequence[Any]) -> Callable[[Table], None]:
    def spoil(table: Table) -> None:
        table.rows[row - 1 : row - 1] = [list(item) for item in rows]
        table.header += len(rows) if row <= table.header else 0

    return spoil


def _set(**changes: Any) -> Callable[[Table], None]:
    def spoil(table: Table) -> None:
        for name, value in changes.items():
            setattr(table, name, value)

    return spoil


def _numbers(table: Table) -> None:
    """Account numbers as numbers, one of them too long for that."""
    for row, number in enumerate((62220001, 62220002, 6222020200011223344.0, 62220004, 62220005), 1):
        table.rows[row][ACCOUNT] = number


def _two_rows(table: Table) -> None:
    table.rows[0:1] = [
        ["账户信息", None, "统一社会信用代码", "账户性质", "实发工资(元)", "保证金", None, "异常标记"],
        ["账号", "开户单位", None, None, None, "余额(元)", "最近存入日期", None],
    ]
    table.header = 2
    table.merged = [(1, 1, 0, 1), (1, 1, 5, 6)]


def _ten_thousands(table: Table) -> None:
    table.rows[0][WAGES] = "实发工资(万元)"


def _break_bytes(data: bytes, encoding: str) -> bytes:
    """Spoils one character of the third account's holder."""
    good = "乙市".encode(encoding.removesuffix("-sig").replace("utf-16", "utf-16-le"))
    bad = b"\x00\xd8" + good[2:] if encoding == "utf-16" else good[:1] + b"\xff" + good[2:]
    return data.replace(good, bad)


def _replace(old: str, new: str) -> Callable[[bytes, str], bytes]:
    def edit(data: bytes, encoding: str) -> bytes:
        text = data.decode(encoding)
        assert old in text
        return text.replace(old, new).encode(encoding)

    return edit


def _lose_a_cell(table: Table) -> None:
    del table.rows[ROW - 1][CODE]


def _conflict(table: Table) -> None:
    table.rows[ROW - 1][ACCOUNT] = "6222 0200 0000 0000 002"


def _repeat(table: Table) -> None:
    table.rows.append(list(table.rows[ROW - 1]))


def _crowd(table: Table) -> None:
    for number in range(48):
        table.rows.append([f"DX-9{number}", None, "大兴建筑有限公司", None, "6222020000000000011", None, 1, None, None])
    table.rows[2][4] = table.rows[3][4] = "6222020000000000011"


CELLS = (
    cell("account-empty", ACCOUNT, None, "empty"),
    cell("account-blank", ACCOUNT, " \u3000", "empty"),
    cell("account-letters", ACCOUNT, "6222O20001", "not-digits"),
    cell("account-too-short", ACCOUNT, "12345", "account-size"),
    cell("account-too-long", ACCOUNT, "6" * 33, "account-size"),
    cell("account-scientific", ACCOUNT, "6.22202E+18", "excel-float"),
    cell("account-decimal", ACCOUNT, "6222020001.0", "excel-float"),
    Fault("account-number-too-long", (*SHEETS, "parquet"), _numbers, (Told(ROW, "account", "excel-float"),)),
    cell("account-is-date", ACCOUNT, datetime.date(2022, 5, 1), "cell-is-date", SHEETS),
    cell("account-is-boolean", ACCOUNT, True, "cell-type", SHEETS),
    cell("account-sheet-error", ACCOUNT, SheetError("#N/A"), "formula-error"),
    cell("account-formula-without-result", ACCOUNT, Formula(), "formula-empty", ("xlsx",)),
    cell("holder-empty", HOLDER, None, "empty"),
    cell("holder-sheet-error", HOLDER, SheetError("#REF!"), "formula-error"),
    cell("holder-too-long", HOLDER, "建" * 201, "too-long"),
    cell("holder-garbled-before", HOLDER, "北京\ufffd\ufffd有限公司", "undecodable"),
    cell("holder-formula-without-result", HOLDER, Formula(), "formula-empty", ("xlsx",)),
    cell("kind-empty", KIND, None, "empty"),
    cell("kind-unknown", KIND, "储蓄", "choice-unknown"),
    cell("code-number-too-long", CODE, 911101150000000010, "excel-float", SHEETS),
    cell("amount-words", WAGES, "约三千", "amount-malformed"),
    cell("amount-finer-than-fen", WAGES, "3000.005", "amount-precise"),
    cell("amount-too-large", WAGES, "9" * 17, "amount-size"),
    cell("amount-scientific", WAGES, "3.5E+03", "excel-float"),
    cell("amount-column-too-narrow", WAGES, "######", "too-narrow"),
    cell("amount-sheet-error", WAGES, SheetError("#VALUE!"), "formula-error"),
    cell("amount-is-date", WAGES, datetime.date(2022, 5, 1), "cell-is-date", SHEETS),
    cell("amount-formula-without-result", WAGES, Formula(), "formula-empty", ("xlsx",)),
    cell("date-words", DATE, "五月底", "date-malformed", row=3),
    cell("date-impossible", DATE, "2022-02-30", "date-impossible", row=3),
    cell("date-before-1950", DATE, datetime.date(1949, 9, 30), "date-impossible", row=3),
    cell("date-serial-as-text", DATE, "44712", "date-serial", row=3),
    cell("flag-unknown", FLAGS, "很可疑", "choice-unknown"),
)
ROWS = (
    Fault("cell-too-long", ALL, put(HOLDER, "建" * 4097), (Told(ROW, "holder", "cell-too-long"),)),
    Fault("bytes-broken", ("csv", "gb18030", "utf-16"), _set(edit=_break_bytes), (Told(ROW, "holder", "undecodable"),)),
    Fault("cells-beyond-the-header", TEXT, lambda table: table.rows[ROW - 1].append(""),
          (Told(ROW, "", "cell-count"),)),
    Fault("project-number-empty", ALL, put(0, None), (Told(ROW, "project_id", "empty"),), 7, BUREAU),
    Fault("project-number-sheet-error", ALL, put(0, SheetError("#N/A")), (Told(ROW, "project_id", "formula-error"),), 7,
          BUREAU),
    Fault("project-number-too-long", ALL, put(0, "P" * 65), (Told(ROW, "project_id", "row-number-too-long"),), 7,
          BUREAU),
    Fault("every-row-ends-with-a-separator", TEXT, lambda table: [row.append("") for row in table.rows[1:]],
          tuple(Told(row, "", "cell-count") for row in range(2, 7)), 0),
    Fault("cell-missing", TEXT, _lose_a_cell, (Told(ROW, "", "cell-count"),)),
    Fault("separator-in-a-cell", ("csv", "gb18030", "utf-16"), _set(edit=_replace("3000.25", "3,000.25")),
          (Told(ROW, "", "cell-count"),)),
    Fault("quotation-mark-lost", TEXT, _set(edit=_replace("北京乙", '"北京"乙')), (Told(ROW, "", "quoting"),)),
    Fault("total-below", GRIDS, _insert(7, ["合 计", None, None, None, 4000.75, 60000, None, None]),
          (Told(7, "", "total-row"),), 5),
    Fault("header-again", GRIDS, _insert(4, ACCOUNTS), (Told(4, "", "header-again"),), 5),
    Fault("amount-merged-over-rows", SHEETS,
          _all(put(WAGES, None, 5), put(KIND, "工资专户", 5), _set(merged=[(4, 5, WAGES, WAGES)])),
          (Told(4, "wages_paid", "merged-cell"), Told(5, "wages_paid", "merged-cell")), 3),
    Fault("account-twice-with-other-content", ALL, _conflict, (Told(ROW, "account", "duplicate-account"),)),
    Fault("row-without-account", ALL, _all(put(4, None), put(5, None)), (Told(ROW, "wage_account", "no-link"),), 7,
          BUREAU),
    Fault("project-twice-with-other-content", ALL, _all(put(0, "DX-1"), put(4, "6222020000000000011"), put(5, None)),
          (Told(ROW, "wage_account", "duplicate-row"),), 7, BUREAU),
    Fault("too-many-projects-on-one-account", ALL, _crowd,
          tuple(Told(row, "wage_account", "too-many-rows") for row in (2, 3, 4, *range(7, 55))), 6, BUREAU),
    Fault("several-faults-in-a-row", ALL, _all(put(ACCOUNT, "12"), put(KIND, "x"), put(FLAGS, "x")),
          (Told(ROW, "account", "account-size"), Told(ROW, "account_kind", "choice-unknown"),
           Told(ROW, "flags", "choice-unknown"))),
)  # fmt: skip
HARMLESS = (
    Fault("full-width-digits", ALL, put(ACCOUNT, "６２２２０２０００００００００００８"), good=5),
    Fault("spaces-and-hyphens", ALL, put(ACCOUNT, "6222-0200 0000—0000 008"), good=5),
    Fault("apostrophe-before-digits", ALL, put(ACCOUNT, "'6222020000000000008"), good=5),
    Fault("account-as-a-text-formula", TEXT, put(ACCOUNT, '="6222020000000000008"'), good=5),
    Fault("headers-of-a-form", ALL, _all(put(ACCOUNT, "*账号：", 1), put(HOLDER, "开户单位（必填）", 1)), good=5),
    Fault("invisible-characters", ALL, put(ACCOUNT, "\u200b6222020000000000008\xa0"), good=5),
    Fault("line-break-in-a-cell", ALL, put(HOLDER, "北京乙市政\n工程有限公司"), good=5),
    Fault("amount-as-accountants-write", ALL, put(WAGES, "¥3,000.25"), good=5),
    Fault("code-in-lower-case", ALL, put(CODE, GOOD_CODE.lower()), good=5),
    Fault("code-whose-check-fails", ALL, put(CODE, GOOD_CODE[:-1] + "X"), good=5, warned=1),
    Fault("code-of-fifteen-digits", ALL, put(CODE, "110115000000001"), good=5, warned=1),
    Fault("title-above", GRIDS, _insert(1, ["大兴区账户明细表"], ["2022年5月", None, "制表：某行"]), good=5),
    Fault("header-in-two-rows", GRIDS, _two_rows, good=5),
    Fault("unit-in-the-header", ALL, _ten_thousands, good=5),
    Fault("unit-above-the-header", GRIDS, _insert(1, [None, None, "单位：万元"]), good=5),
    Fault("headers-in-english", ALL, lambda table: table.rows[0].__setitem__(slice(None), list(ACCOUNT_NAMES)), good=5),
    Fault("headers-with-spaces-and-width", ALL, put(DEPOSIT, "保证金 余额（元）", 1), good=5),
    Fault("columns-nobody-agreed-on", ALL,
          lambda table: [row.insert(2, "机密" if number else "备注") for number, row in enumerate(table.rows)], good=5),
    Fault("empty-rows-between", ALL, _insert(4, [None] * 8, [None] * 8), good=5),
    Fault("hidden-rows", SHEETS, _set(hidden=[3, 4]), good=5, hidden=2),
    Fault("holder-merged-over-rows", SHEETS, _all(put(HOLDER, None, 5), _set(merged=[(4, 5, HOLDER, HOLDER)])), good=5),
    Fault("date-shown-as-number", SHEETS, put(DATE, 44712, 3), good=5),
    Fault("dates-from-1904", SHEETS, _set(from_1904=True), good=5),
    Fault("account-padded-by-its-format", SHEETS,
          _all(put(ACCOUNT, 62220008), _set(number_formats={(ROW, ACCOUNT): "0000000000000"})), good=5),
    Fault("other-sheets-beside", SHEETS, _set(sheets={"说明": [["填表说明"]], "汇总": [["合计", 5]]}), good=5),
    Fault("an-older-sheet-hidden", SHEETS,
          _set(sheets={"旧": [list(ACCOUNTS), ["62220009", "甲", None, "工资专户"]]}, hidden_sheets=("旧",)), good=5),
    Fault("a-sheet-named", SHEETS, _set(sheets={"四月": accounts().rows}), good=5, sheet="明细"),
    Fault("row-twice", ALL, _repeat, good=5, repeated=1),
    Fault("several-projects-on-one-account", ALL, put(4, "6222020000000000011"), good=9, party=BUREAU),
)  # fmt: skip
FAULTS = (*CELLS, *ROWS, *HARMLESS)
