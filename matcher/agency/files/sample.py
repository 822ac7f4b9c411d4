"""A workbook for a clerk to fill in: the agreement's columns of one side, in Chinese or English.

The first sheet has the headers, two invented records, and cells that keep what is typed: text where digits matter,
dates as dates, a list to choose from. The second one explains every column. `concordat check` reads it as it is.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

from matcher.protocol.agreement.model import Column
from matcher.text import _

PREPARED_ROWS = 1000
_TEXT = "@"
_FORMATS = {"amount": "#,##0.00", "date": "yyyy-mm-dd"}
_LIST_LIMIT = 255  # a list in a cell's validation has no more characters
_WIDTHS = {"A": 26, "B": 10, "C": 80, "D": 60}
# Invented, and their check characters hold.
_CODES = ("91110115MA0000001H", "91110115MA0000002L")


def header_of(column: Column, language: str) -> str:
    """The first of the column's headers in ``language`` (zh or en)."""
    chinese = [text for text in column.headers if not text.isascii()]
    english = [text for text in column.headers if text.isascii()]
    return (chinese or english)[0] if language == "zh" else (english or [column.name])[0]


def workbook(columns: Sequence[Column], codes: Sequence[str], language: str) -> bytes:
    """The XLSX file. ``codes`` are what a column of flags may hold."""
    from openpyxl import Workbook  # slow to load, and only this and exports need it

    shown = [column for column in columns if column.headers]
    book = Workbook()
    for sheet in book.worksheets:
        book.remove(sheet)
    _fill_records(book.create_sheet(_("Table")), shown, language)
    _fill_notes(book.create_sheet(_("Notes")), shown, codes, language)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _fill_records(sheet: Any, columns: Sequence[Column], language: str) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    sheet.freeze_panes = "A2"
    sheet.append([header_of(column, language) for column in columns])
    for number in range(2):
        sheet.append([_example(column, number, language) for column in columns])
    for position, column in enumerate(columns, 1):
        letter = get_column_letter(position)
        sheet.column_dimensions[letter].width = _WIDTHS["A"]
        sheet.cell(1, position).font = Font(bold=True)
        for row in range(2, PREPARED_ROWS + 2):
            sheet.cell(row, position).number_format = _FORMATS.get(column.type, _TEXT)
        choices = ",".join(_words(column, language))
        if column.type == "choice" and 0 < len(choices) <= _LIST_LIMIT:
            validation = DataValidation(type="list", formula1=f'"{choices}"', allow_blank=not column.required)
            validation.add(f"{letter}2:{letter}{PREPARED_ROWS + 1}")
            sheet.add_data_validation(validation)


def _fill_notes(sheet: Any, columns: Sequence[Column], codes: Sequence[str], language: str) -> None:
    from openpyxl.styles import Font

    sheet.append([_("Column"), _("Required"), _("What belongs there"), _("Also accepted as header")])
    for column in columns:
        sheet.append(
            [
                header_of(column, language), _("yes") if column.required else _("no"),
                _meaning(column, codes, language), ", ".join((*column.headers, column.name)),
            ]
        )  # fmt: skip
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for letter, width in _WIDTHS.items():
        sheet.column_dimensions[letter].width = width


def _words(column: Column, language: str) -> list[str]:
    """One spelling for each choice: the first in ``language``, or the value itself."""
    words: dict[str, str] = {}
    for spelling, value in (column.choices or {}).items():
        if spelling.isascii() != (language == "zh"):
            words.setdefault(value, spelling)
    for value in (column.choices or {}).values():
        words.setdefault(value, value)
    return list(words.values())


def _example(column: Column, number: int, language: str) -> Any:
    if column.type == "choice":
        words = _words(column, language)
        return words[min(number, len(words) - 1)] if words else None
    if column.type == "account":
        return f"62220000{2 * number + column.name.startswith('d'):08d}"
    return {
        "company": _("Example Construction Company {n}", n=number + 1),
        "credit-code": _CODES[number],
        "amount": 100_000 * (number + 1),
        "date": date(2022, 5, 31),
        "text": _("example-{n}", n=number + 1),
    }.get(column.type)


def _meaning(column: Column, codes: Sequence[str], language: str) -> str:
    if column.type == "choice":
        return _("One of: {words}", words=", ".join(_words(column, language)))
    if column.type == "flags":
        words = {**dict.fromkeys(codes), **dict.fromkeys((column.choices or {}).values())}
        return _("Any of these, separated by a semicolon, or nothing: {words}", words=", ".join(words))
    meanings = {
        "account": _("6 to 32 digits as text; spaces, hyphens and full-width digits are accepted"),
        "company": _("The name as on the business licence"),
        "credit-code": _("The 18 characters of the unified social credit code; empty if unknown"),
        "amount": _("An amount with at most two decimals, in yuan unless the header says (万元)"),
        "date": _("A date such as 2022-05-31"),
        "text": _("Text of at most 64 characters, each once") if column.row_id else _("Text"),
    }
    return meanings[column.type]
