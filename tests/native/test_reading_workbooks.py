"""Workbooks by columns: what the crate reads of a sheet's XML is what expat's reader makes of it, row by row."""

from __future__ import annotations

import datetime
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from keys import native
from matcher.agency.files import xlsx_cells, xlsx_rows
from matcher.agency.files.headers import HEAD_ROWS
from matcher.agency.files.registry import open_rows
from matcher.agency.files.xlsx_parts import Strings
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError
from tests.agency.workbook_files import raw_xlsx
from tests.native import reading
from tests.native.dirty_tables import ANSWERING, ANSWERING_CELLS, ASKING, ASKING_CELLS, NEEDED

crate = native.module() or pytest.skip(
    "the native crate is not installed: `make setup` builds it where cargo is", allow_module_level=True
)
slow = settings(
    max_examples=150, deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)  # fmt: skip


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


# What people's workbooks hold beside texts: numbers of every kind, days, errors, formulas that nobody calculated.
others = st.one_of(
    st.none(), st.integers(0, 10**17), st.floats(0, 1e12), st.integers(0, 10**9).map(lambda fen: fen / 100),
    st.floats(allow_nan=False, allow_infinity=False), st.dates(datetime.date(1950, 1, 1), datetime.date(2090, 1, 1)),
    st.booleans(), st.sampled_from(("=1+1", "#N/A", "_x000D_a", "a\nb", 44_712, 0.1 + 0.2, 20220531)),
    st.just(CellRichText("华泰", TextBlock(InlineFont(b=True), "公司"))),
)  # fmt: skip
formats = st.sampled_from(("General", "General", "General", "0.00", "#,##0.00", "yyyy-mm-dd", "000000", "@"))


def _cell(good: st.SearchStrategy[str], bad: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    clean = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=3)
    return st.one_of(good, good, good, good, bad.map(_written), others, clean)


def _written(text: str) -> str:
    """What openpyxl takes."""
    return "".join(letter for letter in text if letter in "\t\n" or letter >= " ").encode(errors="replace").decode()


@pytest.mark.parametrize("side", ["asking", "answering"])
@slow
@given(data=st.data())
def test_a_workbook_reads_the_same(place: Path, side: Any, data: st.DataObject) -> None:
    headers, cells = (ASKING, ASKING_CELLS) if side == "asking" else (ANSWERING, ANSWERING_CELLS)
    order = data.draw(st.permutations(range(data.draw(st.integers(NEEDED, len(headers))))))
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for title in data.draw(st.sampled_from(([], ["表"], ["表", ""]))):
        sheet.append([title])
    header = [headers[position] for position in order]
    sheet.append(header)
    for _row in range(data.draw(st.integers(0, 8))):
        row = [data.draw(_cell(*cells[position])) for position in order]
        match data.draw(st.sampled_from(("",) * 6 + ("header", "total", "hidden", "empty", "beside"))):
            case "header":
                row = list(header)
            case "total":
                row = ["合计", *[None] * (len(row) - 1)]
            case "empty":
                row = [None] * len(row)
            case "beside":
                row = [*[None] * len(row), 5]
            case "hidden":
                sheet.row_dimensions[sheet.max_row + 1].hidden = True
        sheet.append(row)
        for column in range(1, len(row) + 1):
            sheet.cell(sheet.max_row, column).number_format = data.draw(formats)
    path = place / "book.xlsx"
    book.save(path)
    setup = reading.setup(side)
    try:
        expected = reading.by_rows(path, setup)
    except reading.Refused:
        return
    assert reading.in_blocks(path, setup, crate) == expected


NAMES = (Column("account", ("A",), "account", link=True), Column("name", ("B",), "company"),
         Column("paid", ("C",), "amount"), Column("day", ("D",), "date"))  # fmt: skip
STYLES = (
    '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="0000000000"/></numFmts><cellXfs><xf numFmtId="0"/>'
    '<xf numFmtId="14"/><xf numFmtId="164"/></cellXfs></styleSheet>'
)
STRINGS = "<sst><si><t>甲&amp;乙</t></si><si><r><t>a</t></r><r><t>b</t></r></si><si><t>_x0041_</t></si></sst>"
# fmt: off
texts = st.sampled_from(
    (
        "", "0", "1", "2", "120000", "1234.5600000000001", "44712", "44712.5", "1E5", "-7", " 5", "a", "甲", "a&amp;b",
        "&lt;", "&#65;", "&#x4E59;", "a\r\nb", "a\rb", "]]&gt;", "_x000D_", "_x00", "\ufffd", "２", "2022-05-31T00:00",
        "1234567890123456", "0.0", "x" * 300, "公" * 5000,
    ) * 8
    + ("3", "5", "1_0", "&no;", "&amp", "]]>", "<!-- -->", "<![CDATA[x]]>", "\uffff")
)
values = st.sampled_from(
    (
        "<v>{}</v>", "<v>{}</v>", "<is><t xml:space='preserve'>{}</t></is>", "<f>1</f><v>{}</v>", "",
        "<is><r><t>{}</t></r><rPh sb='0'><t>p</t></rPh><r><t>b</t></r></is>", '<f t="shared" si="0"/><v>{}</v>',
        "<f>1</f>", "<v/>", "<v>1</v><v>2</v>", "<is/>",
    ) * 5
    + ("<c><v>1</v></c>", "<v>1</t>", "<v>1")
)
attributes = st.sampled_from(
    (
        "", "", "", ' t="str"', ' t="inlineStr"', ' t="n"', ' t="b"', ' t="e"', ' t="d"', ' s="1"', ' s="2"', ' s="0"',
        ' t="str" s="1"', ' t = "str" ', ' u="&amp;"', ' u="a>b"', ' t="inlineStr"\n',
    ) * 5
    + (' t="x"', ' s="9"', " s=''", ' t="n" t="n"', ' u="<"', " u")
)
references = st.sampled_from(
    (' r="{0}{1}"',) * 30 + ("", "", " r='{0}{1}'", ' r="{0}"', ' r="a{1}"', ' r=""', ' r="XFD{1}"')
)
row_attributes = st.sampled_from(
    (' r="{}"',) * 20 + ("", "", ' r="{}" hidden="1"', ' r="{}" hidden="1"', ' r="{}" hidden="on"', ' r=" {}"')
)
between_rows = st.sampled_from(
    ("",) * 30 + ("\r\n", "x", "&amp;", "<extLst><e/></extLst>", "<!-- -->", "<?pi?>")
)
# fmt: on


@st.composite
def sheet_rows(draw: st.DrawFn) -> str:
    """Rows as programs write them, some with what few programs write."""
    written, number = [], HEAD_ROWS
    for _row in range(draw(st.integers(0, 5))):
        number += draw(st.sampled_from((1,) * 30 + (2, 2, 0, 1_048_577)))
        cells = []
        for column in draw(st.sampled_from(("ABCD", "ABCD", "ACB", "AZC", "", "AAB"))):
            if draw(st.integers(0, 3)):
                inner = f"{draw(attributes)}>{draw(values).format(draw(texts))}"
            else:
                inner = f' t="s"><v>{draw(st.integers(0, 2))}</v>'
            cells.append(f"<c{draw(references).format(column, number)}{inner}</c>")
        written.append(f"<row{draw(row_attributes).format(number)}>{''.join(cells)}</row>{draw(between_rows)}")
    return "".join(written)


def _read(path: Path, kind: str) -> tuple[list[tuple[int, tuple[str, ...]]], int, str]:
    """(rows, hidden rows, refusal) by one way of reading."""
    found: list[tuple[int, tuple[str, ...]]] = []
    try:
        source = open_rows(path, NAMES)
        assert source.cells is not None
        if kind == "rows":
            for batch in source.batches:
                found += zip(batch.lines, batch.rows, strict=True)
                found += ((reject.line, (reject.code,)) for reject in batch.rejects)
        else:
            for block in source.cells.blocks():
                lines = memoryview(block.lines).cast("I")
                for batch in source.cells.table.batches((line, block.row(at)) for at, line in enumerate(lines)):
                    found += zip(batch.lines, batch.rows, strict=True)
                    found += ((reject.line, (reject.code,)) for reject in batch.rejects)
    except InputError as error:
        return [], 0, error.code
    return sorted(found), source.about.hidden, ""


def _sheet(rows: str) -> str:
    """A sheet of ``rows``, which begin behind row HEAD_ROWS."""
    header = '<row r="1">' + "".join(f'<c r="{name}1" t="str"><v>{name}</v></c>' for name in "ABCD") + "</row>"
    # As many rows as are looked at before any is read, so that what is odd is met by both readers themselves.
    header += "".join(f'<row r="{row}"><c r="A{row}"><v>{row}</v></c></row>' for row in range(2, HEAD_ROWS + 1))
    return f'<worksheet xmlns:x="u"><dimension/><sheetData>{header}{rows}</sheetData><a/></worksheet>'


@settings(parent=slow, max_examples=400)
@given(rows=sheet_rows(), data=st.data())
def test_xml_reads_the_same_however_it_is_cut(place: Path, rows: str, data: st.DataObject) -> None:
    prefix = data.draw(st.sampled_from(("", "", "x:")))
    head = data.draw(st.sampled_from(("", '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n', "\ufeff")))
    end = data.draw(st.sampled_from(("",) * 20 + ("<!-- -->", "\n", "x", "</worksheet>")))
    cut = data.draw(st.sampled_from((0,) * 9 + (1, 30)))
    sheet = head + _sheet(rows) + end
    sheet = sheet[: len(sheet) - cut]
    if prefix:
        sheet = sheet.replace("</", "</" + prefix).replace("<", "<" + prefix).replace(f"<{prefix}/", "</")
        sheet = sheet.replace(f"<{prefix}?", "<?").replace(f"<{prefix}!", "<!")
    strings = data.draw(st.sampled_from((STRINGS, STRINGS, STRINGS.replace("<si>", "<!-- --><si>"), "<sst><si>")))
    path = raw_xlsx(place / "raw.xlsx", sheet, strings=strings, styles=STYLES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xlsx_rows, "_PIECE", data.draw(st.sampled_from((1, 7, 90, 150, 250))))
        patch.setattr(xlsx_cells, "_BLOCK_ROWS", 2)
        assert _read(path, "blocks") == _read(path, "rows")


ODD = (
    '<c r="A21" t="n" t="n"><v>1</v></c>', '<c r="A21"u="1"><v>1</v></c>', '<c r="A21" u="<"><v>1</v></c>',
    '<c r="A21" u="&no;"><v>1</v></c>', '<c r="A21" u><v>1</v></c>', '<c r="A21" u=1><v>1</v></c>', '<c><v>1</t></c>',
    '<c r="A21"><v>1</v></row>', '<c r="A21"><v>]]></v></c>', '<c r="A21"><v><![CDATA[1]]></v></c>',
    '<c r="A21"><v><!-- -->1</v></c>', '<c r="A21"><?a?><v>1</v></c>', '<c r="A21" t="str"><v>&no;</v></c>',
    '<c r="A21" t="str"><v>\uffff</v></c>', '<c r="A21" t="str"><v>\x01</v></c>', '<c r="A21" t="str"><v>&#0;</v></c>',
    '<c r="A21" s="9"><v>1</v></c>', '<c r="A21" s="9"/>', '<c r="A21" t="s"><v>3</v></c>',
    '<c r="A21" t="s"><v>+1</v></c>', '<c r="A21" t="x"><v>1</v></c>', '<c r="a21"><v>1</v></c>',
    '<c r=""><v>1</v></c>', '<c r="XFD21"/><c><v>1</v></c>', '<c r="Z21"><f>1</f><v>1</v></c>',
    '<c r="Z21"><v>1</v></c>', '<c r="Z21"><f>1</f></c>', '<c r="A21"><f>1</f></c>', '<c r="A21"><f>1</f><v/></c>',
    '<c r="A21" t="str"><f>1</f><v/></c>', '<c r="A21"><v>1</v></c><c r="A21"><v/></c>',
    '<c r="A21" s="2"><v>7</v></c><c r="C21" s="2"><v>7</v></c><c r="D21" s="1"><v>44712</v></c>',
    '<c r="A21" t="inlineStr"><v>5</v><is><t>6</t></is></c>', '<c r="D21"><v>44712</v></c>',
    '<c r="D21"><v>044712</v></c>', '<c r="A21"><v>1</v></c></row><row r="21"><c r="A21"><v>1</v></c>',
    '<c r="A21"><v>1</v></c></row><row r="1048577">', '</row><row r="22" hidden="1"><c><v>1</v></c>',
    '</row><row r="22" hidden="on"><c><v>1</v></c>', '</row>x<row>',
    '</row><row><c><v>1</v></c></row></sheetData></worksheet>x<a><b><row>', '</row></a><row>', '</row><a><row>',
)  # fmt: skip


@pytest.mark.parametrize("odd", ODD)
def test_each_oddity_reads_the_same(place: Path, odd: str) -> None:
    path = raw_xlsx(place / "odd.xlsx", _sheet(f'<row r="21">{odd}</row>'), strings=STRINGS, styles=STYLES)
    for size in (7, 90, 250):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(xlsx_rows, "_PIECE", size)
            patch.setattr(xlsx_cells, "_BLOCK_ROWS", 2)
            assert _read(path, "blocks") == _read(path, "rows")


@settings(parent=slow, max_examples=200)
@given(
    pieces=st.lists(
        st.one_of(texts, st.sampled_from(("<si>", "</si>", "<r><t>", "</t></r>", "<rPh>", "</rPh>"))), max_size=12
    ),
    items=st.lists(texts, max_size=4),
    size=st.sampled_from((1, 7, 1 << 18)),
)
def test_shared_texts_are_the_same(pieces: list[str], items: list[str], size: int) -> None:
    rich = "<si><r><t>a</t></r><rPh><t>p</t></rPh><x:r><x:t>{}</x:t></x:r></si>"
    part = "<sst>" + "".join(pieces) + "".join(map(rich.format, items)) + "</sst>"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xlsx_rows, "_PIECE", size)
        found = xlsx_cells.shared_texts(crate, io.BytesIO(part.encode()))
    if found is not None:
        expected = Strings(io.BytesIO(part.encode()))
        assert [found[index] for index in range(len(found))] == [expected[index] for index in range(len(expected))]
        with pytest.raises(IndexError):
            found[len(found)]


def test_plain_sheets_are_read_by_the_crate_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["A", "B", "C", "D"])
    for row in range(300):
        sheet.append([str(6_200_000_000 + row), "华泰&公司", 1234.56 + row / 3, datetime.date(2022, 5, 1 + row % 30)])
    book.save(place / "plain.xlsx")
    expected = _read(place / "plain.xlsx", "rows")
    assert len(expected[0]) == 300

    source = open_rows(place / "plain.xlsx", NAMES)
    monkeypatch.setattr(xlsx_rows, "parser", None)
    assert source.cells is not None
    assert sum(len(block.lines) // 4 for block in source.cells.blocks()) == 300
