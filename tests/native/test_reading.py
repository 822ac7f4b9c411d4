"""Text files read by the native crate give, bit for bit, what Python's reader gives: records, rejects, warnings."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keys import native
from matcher.agency.blind.context import Setup
from matcher.agency.files import encoding
from matcher.agency.files.blocks import text_blocks
from matcher.agency.files.registry import open_rows
from matcher.protocol.errors import InputError
from tests import daxing
from tests.native import reading
from tests.native.dirty_tables import ANSWERING, ANSWERING_CELLS, ASKING, ASKING_CELLS, tables

crate = native.module() or pytest.skip(
    "the native crate is not installed: `make setup` builds it where cargo is", allow_module_level=True
)
SMALL = 300


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


def compared(place: Path, content: bytes, given: Setup, sizes: Sequence[int] = (SMALL, 1 << 20)) -> reading.Result:
    path = place / "file.csv"
    path.write_bytes(content)
    expected = reading.by_rows(path, given)
    for size in sizes:
        assert reading.in_blocks(path, given, crate, size) == expected
    return expected


encodings = st.sampled_from(("utf-8", "utf-8-sig", "gb18030", "utf-16"))
slow = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@slow
@given(text=tables(ASKING, ASKING_CELLS), encoding=encodings, data=st.data())
def test_an_asking_side_reads_the_same(place: Path, text: str, encoding: str, data: st.DataObject) -> None:
    _same(place, text, encoding, data, reading.setup("asking"))


@slow
@given(text=tables(ANSWERING, ANSWERING_CELLS), encoding=encodings, data=st.data())
def test_an_answering_side_reads_the_same(place: Path, text: str, encoding: str, data: st.DataObject) -> None:
    _same(place, text, encoding, data, reading.setup("answering"))


def _same(place: Path, text: str, encoding: str, data: st.DataObject, given: Setup) -> None:
    content = text.encode(encoding, "surrogatepass" if encoding.startswith("utf-16") else "replace")
    if data.draw(st.integers(0, 9)) == 7:  # bytes that do not decode
        at = data.draw(st.integers(min(len(content), 200), len(content)))
        content = content[:at] + data.draw(st.sampled_from((b"\xff", b"\x81", b"\xe5\x8c"))) + content[at:]
    with suppress(reading.Refused):
        compared(place, content, given)


@pytest.mark.parametrize(
    ("side", "name", "written"), [("asking", "projects.csv", "gb18030"), ("answering", "accounts.csv", "utf-8-sig")]
)
@pytest.mark.parametrize("form", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_example_reads_the_same(place: Path, side: Any, name: str, written: str, form: str) -> None:
    text = (daxing.EXAMPLE / name).read_bytes().decode(written, "surrogateescape")
    result = compared(place, text.encode(form, "surrogateescape"), reading.setup(side), (200, 5000, 1 << 20))
    assert len(result.records) > 150


def test_blocks_may_end_anywhere(place: Path) -> None:
    rows = [
        'P1,"a\nb",华泰,,6200000001,"125,000.00"', 'P2,"a\r\n""b""",华泰,,6200000002,5', '"P3,x,华泰,,6200000003,5',
        'P4"x,y,华泰,,6200000004,"5"', "", ",,,,,", 'P5,"x"y,华泰,,6200000005,5', "P6,z,华泰,,6200000006,7",
    ]  # fmt: skip
    header = "项目编号,项目名称,总包单位,统一社会信用代码,工资专用账户,应发工资(元)"
    for end in ("\n", "\r\n", "\r"):
        content = end.join([header, *rows, "P7,z,华泰,,6200000007,7"]).encode()
        result = compared(place, content, reading.setup("asking"), range(1, len(content) + 2))
        assert [record.row_id for record in result.records[:2]] == [b"P1", b"P2"]


def test_a_cell_beyond_the_limit_of_the_csv_module_costs_its_line(place: Path) -> None:
    header = "账号,开户单位,账户性质"
    good = "{},华泰公司,一般账户"
    for start in ('"', ""):
        for size in (131_071, 131_072, 131_073, 140_000):
            long = f"6200000001,{start}{'公' * size}\n司,一般账户"
            content = "\n".join([header, good.format(6200000000), long, good.format(6200000002), ""]).encode()
            compared(place, content, reading.setup("answering"), (SMALL, 1 << 20))


@given(
    st.lists(st.sampled_from((b"\n", b"=", b'"', "公".encode(), b"a" * 5, b"\xe5", b"\x85\xac", b"\xff")), max_size=9)
)
def test_a_survey_by_the_crate_says_the_same(pieces: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        path = Path(directory) / "file.csv"
        path.write_bytes(b"x" + b"".join(pieces))
        patch.setattr(encoding, "_BLOCK", 4)
        found = encoding.survey(path), encoding._count(path)
        patch.setattr(native, "module", lambda: None)
        assert (encoding.survey(path), encoding._count(path)) == found


@pytest.mark.parametrize(
    "row",
    [
        '6200000001,华泰公司,"一般账户',  # never closed, and as many cells as the header
        ' ="6200000001" ,="华泰公司",一般账户',
        '6200000001, ="华泰公司",一般账户',
        '="6200000001"x,华泰公司,一般账户',
        '="620000,0001",华泰公司,一般账户',
        '"=""6200000001""",华泰公司,一般账户',
        '6200000001,"华泰""公司",一般账户',
        '6200000001,华泰"公司,一般账户',
        '6200000001,"华泰公司"" ",一般账户',
    ],
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r"])
def test_odd_quotation_marks_read_the_same(place: Path, row: str, end: str) -> None:
    content = f"账号,开户单位,账户性质\n6200000000,华泰公司,一般账户\n{row}{end}".encode()
    compared(place, content, reading.setup("answering"), (SMALL, 1 << 20))


def test_rows_that_no_rule_can_change_are_not_handed_back(place: Path) -> None:
    path = place / "states.csv"
    header = "账号,开户单位,账户性质,账户状态,保证金余额(元),最近存入日期,账户全称"
    rows = [
        "6200000001,华泰公司,工资专户,正常,,,",
        "6200000002,华泰公司,一般账户,冻结,5.00,,华泰公司",
        "6200000003,华泰公司,工资保证金账户,normal,5.00,2022-05-31,",
        "6200000004,华泰公司,工资专户,冻结,,,",
        "6200000005,华泰公司,工资保证金账户,正 常,5.00,2022-05-31,",
        "6200000006,华泰公司,工资保证金账户,,5.00,,",
        "6200000007,华泰公司,工资专户,正常,,,华泰公司",
    ]
    for count in range(len(rows) + 1):
        path.write_text("\n".join([header, *rows[:count], ""]), encoding="utf-8")
        assert reading.left_over(path, reading.setup("answering"), crate) == max(0, count - 3)
    compared(place, path.read_bytes(), reading.setup("answering"))


def test_due_dates_are_filled_in_where_the_other_date_can_be_read(place: Path) -> None:
    header = "项目编号,项目名称,总包单位,统一社会信用代码,工资专用账户,保证金账户,保证金存入期限,施工许可日期"
    row = "P{0},楼,华泰公司,,62000000{0},63000000{0},{1},{2}"
    dates = [
        ("", "2022-05-05"), (" ", "2022/5/5"), ("2022-06-01", "2022-05-05"), ("", ""), ("x", "2022-05-05"), ("", "x"),
        ("", "2099-12-31"), ("", "#N/A"),
    ]  # fmt: skip
    path = place / "due.csv"
    lines = [row.format(10 + number, *pair) for number, pair in enumerate(dates)]
    for count, left in ((4, 0), (8, 4)):
        path.write_text("\n".join([header, *lines[:count], ""]), encoding="utf-8")
        assert reading.left_over(path, reading.setup("asking"), crate) == left
    result = compared(place, path.read_bytes(), reading.setup("asking"))
    assert sum(b"2022-06-01" in record.content for record in result.records) == 3
    without = "\n".join(line.rsplit(",", 2)[0] + "," + line.rsplit(",", 1)[1] for line in (header, *lines))
    compared(place, without.encode(), reading.setup("asking"))


def test_plain_rows_are_not_handed_back(place: Path) -> None:
    header = ",".join(ANSWERING[:8])
    rows = [
        f'62{number:014},北京（华泰）建设有限公司,,农民工工资专用账户,"120,000.00",,,{"冻结" * (number % 2)}'
        for number in range(50)
    ]
    path = place / "plain.csv"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    assert reading.left_over(path, reading.setup("answering"), crate) == 0
    rows[7] += ",x"
    path.write_text("\n".join([header, *rows, ""]), encoding="utf-8")
    assert reading.left_over(path, reading.setup("answering"), crate) == 1


def test_a_file_that_changes_while_it_is_read_is_refused(place: Path) -> None:
    path = place / "changing.csv"
    path.write_text(",".join(ANSWERING) + "\n" + "62000000001,a,,一般账户,,,,,,,\n" * 50, encoding="utf-8")
    table = open_rows(path, reading.setup("answering").columns).text
    assert table is not None
    blocks = text_blocks(path, table, crate.whole_rows, SMALL)
    next(blocks)
    with path.open("a", encoding="utf-8") as stream:
        stream.write("x")
    with pytest.raises(InputError, match="changed"):
        list(blocks)
