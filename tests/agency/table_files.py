"""One table written as every type of file that is read, so that a fault can be tried in each where it can occur."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

TEXT = ("csv", "gb18030", "utf-16", "tsv")
SHEETS = ("xlsx", "xls")
ALL = (*TEXT, *SHEETS, "parquet")
GRIDS = (*TEXT, *SHEETS)  # whatever has lines above and between its rows
ENDINGS = {"tsv": "tsv", "xlsx": "xlsx", "xls": "xls", "parquet": "parquet"}
_ENCODINGS = {"csv": "utf-8-sig", "gb18030": "gb18030", "utf-16": "utf-16", "tsv": "utf-8"}


class Formula(NamedTuple):
    """A formula whose result is not stored."""

    text: str = "=1+1"


class SheetError(NamedTuple):
    """A cell that shows an error; in a text file, its text."""

    text: str


@dataclass(slots=True)
class Table:
    """Rows of cells, the header in row number ``header`` (from 1). Rows and columns of ``merged`` and ``hidden`` count
    from 1 and 0; ``sheets`` come beside, under other names; ``edit`` changes the finished bytes of a text file."""

    rows: list[list[Any]]
    header: int = 1
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    sheets: dict[str, list[list[Any]]] = field(default_factory=dict)
    hidden_sheets: tuple[str, ...] = ()
    from_1904: bool = False
    number_formats: dict[tuple[int, int], str] = field(default_factory=dict)
    edit: Callable[[bytes, str], bytes] | None = None

    def line(self, row: int, form: str) -> int:
        """The line by which row number ``row`` is named: Parquet counts its rows without the header."""
        return row - self.header if form == "parquet" else row


def write(table: Table, form: str, path: Path) -> Path:
    """``table`` as a file of ``form``."""
    if form in TEXT:
        path.write_bytes(_text(table, form))
    else:
        {"xlsx": _xlsx, "xls": _xls, "parquet": _parquet}[form](table, path)
    return path


def _plain(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    return cell.text if isinstance(cell, SheetError) else str(cell)


def _text(table: Table, form: str) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter="\t" if form == "tsv" else ",")
    writer.writerows([_plain(cell) for cell in row] for row in table.rows)
    data = text.getvalue().encode(_ENCODINGS[form])
    return table.edit(data, _ENCODINGS[form]) if table.edit else data


def _xlsx(table: Table, path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    book = Workbook()
    if table.from_1904:
        book.epoch = CALENDAR_MAC_1904
    for worksheet in book.worksheets:
        book.remove(worksheet)
    for name, rows in {"明细": table.rows, **table.sheets}.items():
        sheet = book.create_sheet(name)
        for row_number, row in enumerate(rows, 1):
            for column, value in enumerate(row, 1):
                if value is not None:
                    cell = sheet.cell(row_number, column)
                    cell.value = value.text if isinstance(value, Formula | SheetError) else value
                    if isinstance(value, str):
                        cell.data_type = "s"
    sheet = book["明细"]
    for (row_number, position), code in table.number_formats.items():
        sheet.cell(row_number, position + 1).number_format = code
    for first, last, left, right in table.merged:
        sheet.merge_cells(start_row=first, end_row=last, start_column=left + 1, end_column=right + 1)
    for row_number in table.hidden:
        sheet.row_dimensions[row_number].hidden = True
    for name in table.hidden_sheets:
        book[name].sheet_state = "hidden"
    book.save(path)


def _xls(table: Table, path: Path) -> None:
    import xlwt

    book = xlwt.Workbook()
    book.dates_1904 = table.from_1904
    for name, rows in {"明细": table.rows, **table.sheets}.items():
        sheet = book.add_sheet(name)
        spans = {(first, left): (last, right) for first, last, left, right in table.merged} if name == "明细" else {}
        for row_number, row in enumerate(rows, 1):
            for column, value in enumerate(row):
                if value is None:
                    continue
                if isinstance(value, SheetError):
                    # xlwt spells this one with an exclamation mark
                    text = "#N/A!" if value.text == "#N/A" else value.text
                    sheet.row(row_number - 1).set_cell_error(column, text)
                    continue
                code = table.number_formats.get((row_number, column), "General")
                style = xlwt.easyxf(num_format_str="yyyy-mm-dd" if isinstance(value, datetime.date) else code)
                if (row_number, column) in spans:
                    last, right = spans[row_number, column]
                    sheet.write_merge(row_number - 1, last - 1, column, right, value, style)
                else:
                    sheet.write(row_number - 1, column, value, style)
        if name == "明细":
            for row_number in table.hidden:
                sheet.row(row_number - 1).hidden = True
        if name in table.hidden_sheets:
            sheet.visibility = 1
    book.save(str(path))


def _parquet(table: Table, path: Path) -> None:
    import pyarrow as arrow
    from pyarrow import parquet

    header, *rows = table.rows[table.header - 1 :]
    columns = []
    for position in range(len(header)):
        cells = [row[position] if position < len(row) else None for row in rows]
        filled = [cell for cell in cells if cell is not None]
        if filled and all(isinstance(cell, float | int) for cell in filled):
            columns.append(arrow.array([None if cell is None else float(cell) for cell in cells], arrow.float64()))
        elif filled and all(isinstance(cell, datetime.date) for cell in filled):
            columns.append(arrow.array(cells, arrow.date32()))
        else:
            columns.append(arrow.array([None if cell is None else _plain(cell) for cell in cells], arrow.string()))
    parquet.write_table(arrow.Table.from_arrays(columns, names=[_plain(cell) for cell in header]), path)


def labels(table: Table, form: str, names: Mapping[str, int]) -> dict[str, str]:
    """By column name (with its position): how a clerk is told of it in a file of ``form``."""
    header = table.rows[table.header - 1]
    return {
        name: f"{chr(ord('A') + position)} {header[position]}" if form in SHEETS else str(header[position])
        for name, position in names.items()
    }
