"""Every class of fault that refuses a whole file, in every type of file it can occur in: code, name, remedy."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from matcher.agency.check.checking import check
from matcher.agency.check.terms import SideTerms, of_directory
from matcher.agency.files import xls_book
from matcher.agency.files.batches import Reading
from matcher.agency.files.mappings import Entry, SourceMapping
from matcher.agency.files.xlsx_book import PART_LIMIT
from matcher.protocol.errors import InputError
from tests.agency.daxing_terms import BUREAU, REGULATOR, write_agreement
from tests.agency.file_faults import ACCOUNT, ACCOUNTS, accounts, projects
from tests.agency.submission_world import silent
from tests.agency.table_files import ALL, ENDINGS, GRIDS, SHEETS, TEXT, Table, write
from tests.agency.workbook_files import locked_xls, locked_xlsx, raw_xlsx

Spoil = Callable[[Path, str], Path]


@dataclass(frozen=True, slots=True)
class Refused:
    """``make`` writes the file of a form at a path and returns where it is; the error has ``code`` and ``remedy``."""

    name: str
    forms: tuple[str, ...]
    make: Spoil
    code: str
    remedy: str
    party: str = REGULATOR
    reading: Reading | None = None


def table(spoil: Callable[[Table], object], party: str = REGULATOR) -> Spoil:
    """A spoilt good table."""

    def make(path: Path, form: str) -> Path:
        made = accounts() if party == REGULATOR else projects()
        spoil(made)
        return write(made, form, path)

    return make


def content(data: bytes | str, name: str = "") -> Spoil:
    """A file of this content, under ``name`` if one is given."""

    def make(path: Path, _form: str) -> Path:
        target = path.with_name(name) if name else path
        target.write_bytes(data.encode() if isinstance(data, str) else data)
        return target

    return make


def _cut(path: Path, form: str) -> Path:
    write(accounts(), form, path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    return path


def _locked(path: Path, form: str) -> Path:
    plain = write(accounts(), form, path.with_name(f"plain{path.suffix}"))
    return locked_xlsx(path, plain) if form == "xlsx" else locked_xls(path, plain)


def _package(*parts: str) -> Spoil:
    def make(path: Path, _form: str) -> Path:
        with zipfile.ZipFile(path, "w") as package:
            for part in parts:
                package.writestr(part, "x")
        return path

    return make


def _bomb(path: Path, _form: str) -> Path:
    return raw_xlsx(path, " " * (PART_LIMIT * 2))


def _sheetless(path: Path, _form: str) -> Path:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    book.create_chartsheet("图")
    book.save(path)
    return path


def _listed(path: Path, _form: str) -> Path:
    import pyarrow as arrow
    from pyarrow import parquet

    rows = {name: [["a"]] for name in ACCOUNTS}
    parquet.write_table(arrow.table(rows), path)
    return path


def _without(position: int) -> Callable[[Table], object]:
    return lambda made: [row.pop(position) for row in made.rows]


def _rename(position: int, name: str) -> Callable[[Table], object]:
    return lambda made: made.rows[0].__setitem__(position, name)


def _no_links(made: Table) -> None:
    for row in made.rows:
        del row[4:6]


def _second_sheet(made: Table) -> None:
    made.sheets["四月"] = accounts().rows


HTML = "<html><body><table><tr><td>账号</td></tr></table></body></html>"
XML = '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'
MAPPING = Reading(mappings=(SourceMapping("icbc", (Entry("卡号", "account"),)),))
FAULTS = (
    Refused("nothing-in-it", ALL, content(b""), "file-empty", "Export the file again."),
    Refused("not-there", ALL, lambda path, _form: path, "file-missing", "Check the path."),
    Refused("a-directory", ALL, lambda path, _form: (path.mkdir(), path)[1], "file-missing", "Check the path."),
    Refused("no-header", GRIDS, table(lambda made: made.rows.pop(0)), "header-unknown", "--map"),
    Refused("header-of-another-table", ALL, table(lambda made: made.rows[0].__setitem__(slice(None), list("ABCDEFGH"))),
            "header-unknown", "账号 (account)"),
    Refused("required-column-missing", ALL, table(_without(1)), "header-missing", "--map HEADER=COLUMN"),
    Refused("column-to-compare-by-missing", ALL, table(_no_links, BUREAU), "header-missing", "Add one of them", BUREAU),
    Refused("header-twice", ALL, table(_rename(7, "银行账号")), "header-twice", "Remove or rename"),
    Refused("mapping-of-another-source", ALL, table(lambda made: made), "mapping-unfit", "this file's source",
            reading=MAPPING),
    Refused("several-sheets-fit", SHEETS, table(_second_sheet), "sheet-ambiguous", "--sheet NAME"),
    Refused("sheet-not-there", SHEETS, table(lambda made: made), "sheet-missing", "The sheets are: 明细.",
            reading=Reading(sheet="五月")),
    Refused("no-sheet-with-cells", ("xlsx",), _sheetless, "sheet-missing", "Export the table again."),
    Refused("password", SHEETS, _locked, "workbook-locked", "remove the password"),
    Refused("cut", (*SHEETS, "parquet"), _cut, "file-damaged", "."),
    Refused("unpacks-to-too-much", ("xlsx",), _bomb, "workbook-size", "CSV"),
    Refused("web-page-named-xls", ("xls",), content(HTML), "file-type", "save it as an Excel workbook"),
    Refused("xml-table-named-xls", ("xls",), content(XML), "file-type", "save it as an Excel workbook"),
    Refused("workbook-of-excel-4", ("xls",), content(b"\x09\x04\x06\x00" + bytes(20)), "file-type", "(.xlsx)"),
    Refused("container-that-is-empty", ("xls",), content(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
            "file-damaged", "save it as a new workbook"),
    Refused("binary-workbook", ("xlsx",),
            lambda path, _form: raw_xlsx(path, "", extra={"_rels/.rels": '<Relationships><Relationship Id="r" '
                                         'Type="x/officeDocument" Target="xl/workbook.bin"/></Relationships>',
                                         "xl/workbook.bin": "x"}), "file-type", "(.xlsx)"),
    Refused("opendocument", ("xlsx",), _package("mimetype", "content.xml"), "file-type", "(.xlsx)"),
    Refused("archive", ("xlsx",), _package("a.csv"), "file-type", "(.xlsx)"),
    Refused("pdf", ALL, content(b"%PDF-1.7 ..."), "file-type", "XLSX, CSV or Parquet"),
    Refused("picture", ALL, content(b"\x89PNG\r\n\x1a\n"), "file-type", "XLSX, CSV or Parquet"),
    Refused("bytes-without-text", TEXT, content(bytes(range(256)) * 300), "file-type", "XLSX or Parquet"),
    Refused("ending-that-is-not-read", TEXT, content("text", "table.doc"), "file-type", "Submit one of"),
    Refused("text-named-parquet", ("parquet",), content("账号,开户单位\n"), "file-damaged", "Export it again."),
    Refused("encrypted-parquet", ("parquet",), content(b"PARE...."), "file-type", "Parquet"),
    Refused("column-of-lists", ("parquet",), _listed, "column-type", "Save this column as text."),
)  # fmt: skip


@pytest.fixture(scope="module")
def terms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SideTerms]:
    directory = write_agreement(tmp_path_factory.mktemp("agreement"))
    return {party: of_directory(directory, party, "") for party in (BUREAU, REGULATOR)}


CASES = [pytest.param(fault, form, id=f"{fault.name}-{form}") for fault in FAULTS for form in fault.forms]


@pytest.mark.parametrize(("fault", "form"), CASES)
def test_a_file_is_refused_by_name_with_a_way_out(
    tmp_path: Path, terms: dict[str, SideTerms], fault: Refused, form: str
) -> None:
    path = fault.make(tmp_path / f"table.{ENDINGS.get(form, 'csv')}", form)
    with pytest.raises(InputError) as caught:
        check(terms[fault.party], [path], fault.reading or Reading(), tmp_path / "rejects.csv", silent)
    assert caught.value.code == fault.code
    assert str(caught.value).startswith(path.name)
    assert fault.remedy in caught.value.remedy
    # None of the table's cells, only headers.
    assert "6222020" not in str(caught.value) + caught.value.remedy
    assert "建筑" not in str(caught.value) + caught.value.remedy


def test_an_old_workbook_has_a_size_limit_too(
    tmp_path: Path, terms: dict[str, SideTerms], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(accounts(), "xls", tmp_path / "a.xls")
    monkeypatch.setattr(xls_book, "SIZE_LIMIT", path.stat().st_size - 1)
    with pytest.raises(InputError, match="more than is read") as caught:
        check(terms[REGULATOR], [path], Reading(), tmp_path / "rejects.csv", silent)
    assert caught.value.code == "workbook-size"


def test_a_missing_column_names_the_places_that_were_not_known(tmp_path: Path, terms: dict[str, SideTerms]) -> None:
    made = accounts()
    made.rows[0][ACCOUNT] = "卡号"
    path = write(made, "csv", tmp_path / "a.csv")
    with pytest.raises(InputError, match=r"required columns are missing: 账号 \(account\) \(columns not known: 1\)"):
        check(terms[REGULATOR], [path], Reading(), tmp_path / "rejects.csv", silent)


@pytest.mark.parametrize("form", ALL)
def test_a_damaged_file_ends_in_no_other_error(tmp_path: Path, terms: dict[str, SideTerms], form: str) -> None:
    path = write(accounts(), form, tmp_path / f"table.{ENDINGS.get(form, 'csv')}")
    good = path.read_bytes()
    chance = random.Random(form)  # noqa: S311 - the same damage each time
    for _attempt in range(120):
        data = bytearray(good)
        for _place in range(chance.choice((1, 1, 4))):
            data[chance.randrange(len(data))] = chance.randrange(256)
        path.write_bytes(data)
        with suppress(InputError):
            check(terms[REGULATOR], [path], Reading(), tmp_path / "rejects.csv", silent)


def test_a_parquet_file_with_a_damaged_name_is_refused(tmp_path: Path, terms: dict[str, SideTerms]) -> None:
    path = write(accounts(), "parquet", tmp_path / "a.parquet")
    path.write_bytes(path.read_bytes().replace("开户单位".encode(), b"\xff" * 12))
    with pytest.raises(InputError, match="not a readable Parquet file"):
        check(terms[REGULATOR], [path], Reading(), tmp_path / "rejects.csv", silent)


@pytest.mark.parametrize("form", ALL)
def test_a_file_of_the_other_side_shows_nothing_of_its_rows(
    tmp_path: Path, terms: dict[str, SideTerms], form: str
) -> None:
    """What a cell of a record says may be a header's word elsewhere: 农民工工资专用账户 is a column of projects."""
    made = accounts()
    for row in made.rows[1:]:
        row[3:] = ["农民工工资专用账户", None, None, None, None]
    path = write(made, form, tmp_path / f"table.{ENDINGS.get(form, 'csv')}")
    with pytest.raises(InputError) as caught:
        check(terms[BUREAU], [path], Reading(), tmp_path / "rejects.csv", silent)
    assert caught.value.code == "header-missing"
    for row in made.rows[1:]:
        for cell in row:
            if cell is not None and cell != "农民工工资专用账户":
                assert str(cell) not in str(caught.value) + caught.value.remedy


def test_the_first_record_is_no_second_header_row(tmp_path: Path, terms: dict[str, SideTerms]) -> None:
    made = projects()
    made.rows[0][4] = "账户类型"
    for number, row in enumerate(made.rows[1:]):
        row[1:] = [None, "大兴建筑有限公司", None, "农民工工资专用账户", f"6222020000000{number:04d}", None, None, None]
    path = write(made, "csv", tmp_path / "a.csv")
    found = check(terms[BUREAU], [path], Reading(), tmp_path / "rejects.csv", silent).summary
    assert (found["rows"], found["accepted"]) == (5, 5)
    assert found["files"][0]["not_read"] == ["账户类型"]
