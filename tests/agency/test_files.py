"""Reading CSV and Parquet: encodings, headers, damaged rows; every problem is named by line and column."""

from __future__ import annotations

import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from matcher.agency.files.headers import find_header
from matcher.agency.files.registry import open_rows
from matcher.agency.files.spellings import normal_header
from matcher.agency.records.faults import mark
from matcher.agency.records.rejects import REASONS, Reject, RejectsFile
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError

COLUMNS = (
    Column("account", ("账号", "account no"), "account", required=True, link=True, row_id=True),
    Column("holder", ("开户单位", "account holder"), "company", feeds="holder", required=True),
    Column("wages_paid", ("实发工资（元）", "wages paid"), "amount", feeds="wages"),
    Column("kind", (), "choice", feeds="kind"),
)
HEADER = "账号,开户单位,实发工资(元)\n"
ROW = "6222020001,大兴建筑有限公司,100.00\n"


def rows_of(path: Path) -> tuple[list[tuple[int, tuple[str, ...]]], list[Reject]]:
    rows: list[tuple[int, tuple[str, ...]]] = []
    rejects: list[Reject] = []
    for batch in open_rows(path, COLUMNS).batches:
        rows += zip(batch.lines, batch.rows, strict=True)
        rejects += batch.rejects
    return rows, rejects


def write(tmp_path: Path, data: bytes, name: str = "accounts.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings_and_line_ends_give_the_same_rows(tmp_path: Path, encoding: str, newline: str) -> None:
    text = (HEADER + ROW * 3).replace("\n", newline)
    rows, rejects = rows_of(write(tmp_path, text.encode(encoding)))
    assert rows == [(line, ("6222020001", "大兴建筑有限公司", "100.00")) for line in (2, 3, 4)]
    assert rejects == []


def test_a_utf8_file_with_one_broken_byte_loses_one_row_and_is_not_taken_for_gb18030(tmp_path: Path) -> None:
    data = (HEADER + ROW * 5).encode()
    lines = data.split(b"\n")
    lines[3] = lines[3].replace("建".encode(), b"\xe5\xff")
    rows, rejects = rows_of(write(tmp_path, b"\n".join(lines)))
    assert [line for line, _cells in rows] == [2, 3, 5, 6]
    assert rows[0][1][1] == "大兴建筑有限公司"
    assert rejects == [Reject(4, "holder", "undecodable")]


def test_a_gb18030_file_with_a_broken_byte_loses_one_row(tmp_path: Path) -> None:
    lines = (HEADER + ROW * 3).encode("gb18030").split(b"\n")
    lines[2] = lines[2][:-7] + b"\xff" + lines[2][-7:]
    rows, rejects = rows_of(write(tmp_path, b"\n".join(lines)))
    assert [line for line, _cells in rows] == [2, 4]
    assert rows[0][1][1] == "大兴建筑有限公司"
    assert rejects == [Reject(3, "holder", "undecodable")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_read_with_or_without_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    rows, rejects = rows_of(write(tmp_path, (HEADER + ROW * 3).encode(encoding)))
    assert rows == [(line, ("6222020001", "大兴建筑有限公司", "100.00")) for line in (2, 3, 4)]
    assert rejects == []


def test_empty_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"b\.csv: the file is empty"):
        open_rows(write(tmp_path, b"", "b.csv"), COLUMNS)


def test_quoted_cells_may_hold_commas_quotes_and_line_feeds(tmp_path: Path) -> None:
    text = HEADER + '1,"a ""b"", c\nd",2\n' + ROW
    rows, rejects = rows_of(write(tmp_path, text.encode()))
    assert rows == [(2, ("1", 'a "b", c\nd', "2")), (4, ("6222020001", "大兴建筑有限公司", "100.00"))]
    assert rejects == []


def test_a_broken_quotation_costs_its_row_only(tmp_path: Path) -> None:
    text = HEADER + '1,"a"b,2\n' + ROW + '2,"open\n'
    rows, rejects = rows_of(write(tmp_path, text.encode()))
    assert [line for line, _cells in rows] == [3]
    assert rejects == [Reject(2, "", "quoting"), Reject(4, "", "quoting")]


def test_ragged_rows_are_rejected_and_empty_ones_passed_over(tmp_path: Path) -> None:
    text = HEADER + "1,a\n" + ",,\n" + "\n" + ",,,,\n" + "1,a,2,x\n" + ROW
    rows, rejects = rows_of(write(tmp_path, text.encode()))
    assert [line for line, _cells in rows] == [7]
    assert rejects == [Reject(2, "", "cell-count"), Reject(6, "", "cell-count")]


def test_an_overlong_cell_is_rejected(tmp_path: Path) -> None:
    _rows, rejects = rows_of(write(tmp_path, (HEADER + "1," + "a" * 4097 + ",2\n").encode()))
    assert rejects == [Reject(2, "holder", "cell-too-long")]


def test_unknown_columns_are_not_read_and_order_is_free(tmp_path: Path) -> None:
    text = "secret,ACCOUNT Holder ,x,Account No\nS,a,,1\n"
    source = open_rows(write(tmp_path, text.encode()), COLUMNS)
    assert [column.name for column in source.columns] == ["account", "holder"]
    assert next(iter(source.batches)).rows == [("1", "a")]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("账号,实发工资", r"required columns are missing: 开户单位 \(holder\)"),
        ("账号,开户单位,account no", r"column account stands twice, as column 1 and 3"),
        ("1,2,3", "the first 20 lines have no header"),
    ],
)
def test_bad_headers_name_file_and_column(tmp_path: Path, header: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        open_rows(write(tmp_path, (header + "\n").encode()), COLUMNS)
    assert str(caught.value).startswith("accounts.csv: ")
    assert caught.value.remedy


def test_a_file_without_link_column_is_refused() -> None:
    columns = (Column("id", ("id",), "text", row_id=True), Column("account", ("account",), "account", link=True))
    with pytest.raises(InputError, match="none of the columns to compare by"):
        find_header("a.csv", [["id"]], columns)


def test_a_row_with_something_under_a_known_header_is_a_record() -> None:
    columns = (
        Column("name", ("名称",), "text"),
        Column("code", ("代码",), "text"),
        Column("account", ("账号",), "account", link=True),
        Column("kind", ("性质",), "text"),
    )
    header = ["名称", "代码", "X", "Y"]
    with pytest.raises(InputError, match="none of the columns to compare by"):
        find_header("a.csv", [header, ["", "A-1", "账号", "性质"]], columns)
    assert find_header("a.csv", [header, ["", "", "账号", "性质"]], columns).rows == 2


def test_headers_ignore_width_brackets_spaces_and_case() -> None:
    assert normal_header("\ufeff 实发工资 （元） ") == normal_header("实发工资【元】") == normal_header("实发工资(元)")
    assert normal_header("ＷＡＧＥＳ paid") == normal_header("Wages Paid")


def test_other_types_and_absent_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.doc: files of type \.doc"):
        open_rows(write(tmp_path, b"text", "a.doc"), COLUMNS)
    with pytest.raises(InputError, match=r"a\.csv: there is no such file"):
        open_rows(tmp_path / "a.csv", COLUMNS)


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, (HEADER + ROW * 5000).encode())
    batches = open_rows(path, COLUMNS).batches
    next(batches)
    with path.open("a") as stream:
        stream.write(ROW)
    with pytest.raises(InputError, match="changed while it was read"):
        list(batches)


def test_batches_are_bounded(tmp_path: Path) -> None:
    path = write(tmp_path, (HEADER + ROW * 9000).encode())
    assert [len(batch) for batch in open_rows(path, COLUMNS).batches] == [4096, 4096, 808]


def test_parquet_gives_text(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = arrow.table(
        {
            "账号": ["001", None, "003", "004"],
            "开户单位": ["甲", "乙", "丙", "丁" * 4097],
            "wages paid": arrow.array([Decimal("1.50"), None, Decimal("-3.00"), None], arrow.decimal128(12, 2)),
            "unknown": [1, 2, 3, 4],
        }
    )
    path = tmp_path / "a.parquet"
    parquet.write_table(table, path)
    rows, rejects = rows_of(path)
    assert rows == [(1, ("001", "甲", "1.50")), (2, ("", "乙", "")), (3, ("003", "丙", "-3.00"))]
    assert rejects == [Reject(4, "holder", "cell-too-long")]


def test_parquet_types_become_what_a_person_would_write(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = (
        Column("account", ("account",), "account", link=True),
        Column("paid", ("paid",), "amount"),
        Column("day", ("day",), "date"),
        Column("time", ("time",), "date"),
    )
    table = arrow.table(
        {
            "account": [7],
            "paid": [1e16],
            "day": [datetime.date(2022, 5, 1)],
            "time": [datetime.datetime(2022, 5, 1, 8, 0)],
        }
    )
    path = tmp_path / "a.parquet"
    parquet.write_table(table, path)
    assert next(iter(open_rows(path, columns).batches)).rows == [("7", "10000000000000000", "2022-05-01", "2022-05-01")]


def test_parquet_takes_times_as_days_in_china_and_nothing_for_not_a_number(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    columns = (Column("account", ("account",), "account", link=True), Column("day", ("day",), "date"),
               Column("paid", ("paid",), "amount"))  # fmt: skip
    late = datetime.datetime(2022, 5, 31, 17, 0, tzinfo=datetime.UTC)
    times = arrow.array([late], arrow.timestamp("us", tz="UTC"))
    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"account": ["1"], "day": times, "paid": [float("nan")]}), path)
    assert next(iter(open_rows(path, columns).batches)).rows == [("1", "2022-06-01", "")]


def test_parquet_refuses_link_values_that_lost_digits_and_damage(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "a.parquet"
    parquet.write_table(arrow.table({"账号": [6.222e18, 62220001.0, None], "开户单位": ["甲"] * 3}), path)
    rows, _rejects = rows_of(path)
    assert [cells[0] for _line, cells in rows] == [mark("excel-float"), "62220001", ""]
    parquet.write_table(arrow.table({"账号": [[1]], "开户单位": ["甲"]}), path)
    with pytest.raises(InputError, match="column account is of type list"):
        open_rows(path, COLUMNS)
    path.write_bytes(b"PAR1 nothing")
    with pytest.raises(InputError, match="not a readable Parquet file"):
        open_rows(path, COLUMNS)


def test_the_rejects_file_opens_in_a_spreadsheet_and_holds_no_content(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    with RejectsFile(path) as rejects:
        assert not path.exists()
        rejects.add("accounts.csv", [Reject(2, "holder", "missing"), Reject(9, "", "cell-count")])
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    lines = data.decode("utf-8-sig").split("\r\n")
    assert lines[1].startswith("accounts.csv,2,holder,")
    assert rejects.counts == {"missing": 1, "cell-count": 1}
    with RejectsFile(path) as rejects:
        assert not rejects.written
    assert not path.exists()


def test_every_reason_has_a_remedy() -> None:
    for code, (text, remedy) in REASONS.items():
        assert text, code
        assert remedy.endswith("."), code
