"""A workbook of Excel 97 to 2003 (.xls, and .et of WPS) by xlrd. It ends at 65,536 rows, so it is read as a whole.

xlrd tells what other readers of this format do not: hidden rows, merged areas, error cells, number formats. It raises
whatever a damaged file leads it into, so here, and only here, every exception means damage. Left to others: choosing a
sheet (workbooks.py).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from itertools import islice
from pathlib import Path

import xlrd
from xlrd.biffh import XLRDError
from xlrd.compdoc import CompDoc
from xlrd.sheet import Sheet

from matcher.agency.files.addresses import Merge
from matcher.agency.files.columns import CellBlock
from matcher.agency.files.sheets import SheetRow, Slots, packed
from matcher.agency.files.typed import CERTAIN_DIGITS, PLAIN, Style, shown, style_of
from matcher.agency.files.xlsx_book import MEBIBYTE, locked
from matcher.agency.records.faults import mark
from matcher.protocol.errors import ConcordatError, InputError

SIZE_LIMIT = 64 * MEBIBYTE
_HEAD_COLUMNS = 256
_ENCRYPTED_PACKAGE = "EncryptedPackage"


@contextmanager
def damage(file: str) -> Iterator[None]:
    """Inside, whatever xlrd raises becomes an InputError that names ``file`` and nothing of its content."""
    try:
        yield
    except (ConcordatError, OSError):
        raise
    except Exception as error:
        raise InputError(
            f"{file}: the workbook is damaged",
            code="file-damaged",
            remedy="Open it in the spreadsheet program, save it as a new workbook, and submit that one.",
        ) from error


class XlsBook:
    """An open workbook."""

    def __init__(self, path: Path) -> None:
        if path.stat().st_size > SIZE_LIMIT:
            raise InputError(
                f"{path.name}: the workbook has {path.stat().st_size // MEBIBYTE:,} MiB, which is more than is read",
                code="workbook-size",
                remedy="Save the sheet as CSV, which has no such limit, and submit that file.",
            )
        data = path.read_bytes()
        container = CompDoc(data, logfile=io.StringIO())
        if container.get_named_stream(_ENCRYPTED_PACKAGE) is not None:
            raise locked(path.name)  # a newer workbook inside the old container
        if all(container.get_named_stream(name) is None for name in ("Workbook", "Book")):
            raise InputError(
                f"{path.name}: this is a document of another kind, not a workbook that is read",
                code="file-type",
                remedy="Open it in the spreadsheet program and save it as an Excel workbook (.xlsx).",
            )
        try:
            # What xlrd has to say about a file goes nowhere: it could hold content.
            self._book = xlrd.open_workbook(
                file_contents=data, formatting_info=True, on_demand=True, logfile=io.StringIO()
            )
        except XLRDError as error:
            if "encrypted" in str(error):
                raise locked(path.name) from error
            raise
        self.from_1904 = self._book.datemode == 1
        self.sheets = [XlsSheet(self._book, index, name) for index, name in enumerate(self._book.sheet_names())]

    def close(self) -> None:
        """Close the file."""
        self._book.release_resources()


class XlsSheet:
    """One sheet of ``book``."""

    def __init__(self, book: xlrd.Book, index: int, name: str) -> None:
        self._book = book
        self._index = index
        self.name = name
        self._styles: dict[int, Style] = {}

    @cached_property
    def _sheet(self) -> Sheet:
        return self._book.sheet_by_index(self._index)

    @property
    def hidden(self) -> bool:
        """Whether its tab is not shown."""
        return self._sheet.visibility != 0

    def head(self, count: int) -> list[tuple[int, list[str]]]:
        """The first ``count`` rows that hold something."""
        width = min(_HEAD_COLUMNS, self._sheet.ncols)
        everywhere = Slots({position: position for position in range(width)}, [shown] * width)
        rows = (row for row in self.rows(everywhere) if row.filled)
        return [(row.number, row.cells) for row in islice(rows, count)]

    def rows(self, slots: Slots) -> Iterator[SheetRow]:
        """All rows in order."""
        sheet = self._sheet
        for index in range(sheet.nrows):
            kinds, values = sheet.row_types(index), sheet.row_values(index)
            cells = [""] * len(slots.numbers)
            for position, slot in slots.by_position.items():
                if position < len(kinds) and kinds[position] not in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
                    cells[slot] = self._content(slots, slot, kinds[position], values[position], index, position)
            information = sheet.rowinfo_map.get(index)
            filled = any(kind not in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK) for kind in kinds)
            yield SheetRow(index + 1, bool(information and information.hidden), filled, cells)

    def blocks(self, slots: Slots, after: int) -> Iterator[tuple[CellBlock, int]]:
        """Rows that hold something, behind row ``after``, as columns."""
        return packed(self.rows(slots), after)

    def _content(self, slots: Slots, slot: int, kind: int, value: object, row: int, position: int) -> str:
        if isinstance(value, float):
            whole = value.is_integer() and abs(value) < 10**CERTAIN_DIGITS
            raw = str(int(value)) if whole else repr(value)
            return slots.numbers[slot](raw, self._style(self._sheet.cell_xf_index(row, position)))
        if kind == xlrd.XL_CELL_TEXT:
            return str(value)
        return mark("formula-error" if kind == xlrd.XL_CELL_ERROR else "cell-type")

    def _style(self, index: int) -> Style:
        style = self._styles.get(index)
        if style is None:
            key = self._book.xf_list[index].format_key
            known = self._book.format_map.get(key)
            style = style_of(key, known.format_str if known else "") if index else PLAIN
            self._styles[index] = style
        return style

    def merges(self) -> Iterator[Merge]:
        """The merged areas."""
        for first_row, after_row, first_column, after_column in self._sheet.merged_cells:
            yield Merge(first_row + 1, after_row, first_column, after_column - 1)

    def total(self) -> int:
        """The number of rows."""
        return self._sheet.nrows
