"""Tables for people: CSV with a BOM (so office programs read Chinese), XLSX, or JSON; written whole or not at all.

A cell is text, never a formula: what another party wrote into its records must not run in a clerk's spreadsheet.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from keys import files
from matcher.protocol.errors import InputError

FORMATS = ("table", "csv", "xlsx", "json")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def to_csv(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """UTF-8 with BOM; a text that a spreadsheet would take for a formula gets a leading apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(headings)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def harmless(cell: object) -> object:
    """``cell`` as no spreadsheet takes it for a formula."""
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS):
        return f"'{cell}"
    return cell


def to_xlsx(headings: Sequence[str], rows: Iterable[Sequence[object]], title: str) -> bytes:
    """A workbook of one sheet; every text is stored as text."""
    from openpyxl import Workbook  # slow to load, and only this needs it

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for row in (headings, *rows):
        sheet.append([_cell(sheet, cell) for cell in row])
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _cell(sheet: Any, value: Any) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value)
    if isinstance(value, str):
        cell.data_type = "s"
    return cell


def write(path: Path | None, kind: str, headings: Sequence[str], rows: Sequence[Sequence[object]], value: Any) -> bytes:
    """The table as ``kind`` (csv, xlsx or json; ``value`` is what JSON shows), written to ``path`` if given.

    Raises InputError for a workbook without a file to write it to.
    """
    if kind == "csv":
        data = to_csv(headings, rows)
    elif kind == "json":
        data = json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"
    else:
        if path is None:
            raise InputError("a workbook needs a file", remedy="Give --out FILE.xlsx.")
        data = to_xlsx(headings, rows, path.stem)
    if path is not None:
        files.write(path, data, replace=True)
    return data
