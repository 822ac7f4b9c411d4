"""Workbooks as rows of text: the sheet is chosen by its header, merged cells speak for all their rows.

A merged cell over several rows says the same of each, so each row gets its text; an amount it says of them together,
which nobody can divide, so those rows are rejected. Hidden rows are read and counted: a filter left on must not drop
records. Left to others: the two formats (xlsx_book.py, xls_book.py), numbers and dates (typed.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from matcher.agency.files import xlsx_book
from matcher.agency.files.batches import BATCH_ROWS, MAX_CELL, TOTALS, About, Batch, Reading, RowSource, source
from matcher.agency.files.headers import HEAD_ROWS, Header, Place, find_header, fits, named
from matcher.agency.files.mappings import SourceMapping
from matcher.agency.files.sheets import Book, Sheet, SheetRow, Slots
from matcher.agency.files.typed import number_reader, shown
from matcher.agency.records.faults import mark
from matcher.agency.records.rejects import Reject
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError

Damage = Callable[[str], AbstractContextManager[None]]
Choice = tuple[Sheet, list[tuple[int, list[str]]], tuple[SourceMapping, ...]]


def open_xlsx(path: Path, columns: Sequence[Column], reading: Reading) -> RowSource:
    """Open an XLSX workbook. Raises InputError when it, its sheets or its header cannot be read."""
    with xlsx_book.damage(path.name):
        return _open(path.name, xlsx_book.XlsxBook(path), "xlsx", xlsx_book.damage, columns, reading)


def open_xls(path: Path, columns: Sequence[Column], reading: Reading) -> RowSource:
    """Open an XLS workbook. Raises InputError when it, its sheets or its header cannot be read."""
    from matcher.agency.files import xls_book  # brings xlrd, which few need

    with xls_book.damage(path.name):
        return _open(path.name, xls_book.XlsBook(path), "xls", xls_book.damage, columns, reading)


def _open(
    file: str, book: Book, form: str, damage: Damage, columns: Sequence[Column], reading: Reading
) -> RowSource:  # fmt: skip
    try:
        sheet, head, mappings = _choose(file, book, columns, reading)
        where = file if len(book.sheets) == 1 else f"{file}, {sheet.name}"
        header = find_header(where, [cells for _number, cells in head], columns, mappings)
        about = About(form, header, head[header.last][0], sheet.name)
        return source(about, max(0, sheet.total() - about.line), _batches(file, book, sheet, about, damage))
    except BaseException:
        book.close()
        raise


def _choose(file: str, book: Book, columns: Sequence[Column], reading: Reading) -> Choice:
    """The sheet to read, its first rows, and the mappings that are for it."""
    if not book.sheets:
        raise InputError(
            f"{file}: the workbook has no sheet with cells", code="sheet-missing", remedy="Export the table again."
        )
    choices: list[Choice] = []
    for sheet in _asked(file, book, reading.sheet):
        mappings = tuple(mapping for mapping in reading.mappings if mapping.sheet in ("", sheet.name) or reading.sheet)
        if mappings or not reading.mappings:
            choices.append((sheet, sheet.head(HEAD_ROWS), mappings))
    if not choices:
        raise InputError(
            f"{file}: the workbook has no sheet of the name that the mapping gives",
            code="sheet-missing",
            remedy="Say which sheet to read: --sheet NAME.",
        )
    fitting = [choice for choice in choices if fits(_texts(choice), columns, choice[2])]
    shown_ones = [choice for choice in fitting if not choice[0].hidden]
    fitting = shown_ones or fitting
    if len(fitting) > 1:
        raise InputError(
            f"{file}: {len(fitting)} sheets have a header that fits: {', '.join(choice[0].name for choice in fitting)}",
            code="sheet-ambiguous",
            remedy="Say which one to read: --sheet NAME.",
        )
    return fitting[0] if fitting else max(choices, key=lambda item: named(_texts(item), columns, item[2]))


def _asked(file: str, book: Book, wanted: str) -> list[Sheet]:
    if not wanted:
        return list(book.sheets)
    chosen = [sheet for sheet in book.sheets if sheet.name == wanted or sheet.name.strip() == wanted.strip()]
    if not chosen and wanted.isdecimal() and 1 <= int(wanted) <= len(book.sheets):
        chosen = [book.sheets[int(wanted) - 1]]
    if not chosen:
        raise InputError(
            f"{file}: there is no sheet {wanted}",
            code="sheet-missing",
            remedy=f"The sheets are: {', '.join(sheet.name for sheet in book.sheets)}.",
        )
    return chosen[:1]


def _texts(choice: Choice) -> list[list[str]]:
    return [cells for _number, cells in choice[1]]


class _Spans:
    """Merged areas of several rows in one wanted column, in order; what their first cell says holds for all."""

    def __init__(self, place: Place, spans: list[tuple[int, int]]) -> None:
        self._is_amount = place.column.type == "amount"
        self._spans = sorted(spans, reverse=True)
        self._text = ""

    def text(self, number: int, own: str) -> str:
        """The text of row ``number``, which holds ``own`` itself. Rows come in ascending order."""
        while self._spans and self._spans[-1][1] < number:
            self._spans.pop()
        if not self._spans or number < self._spans[-1][0]:
            return own
        if number == self._spans[-1][0]:
            self._text = mark("merged-cell") if self._is_amount and own else own
        return self._text


def _batches(file: str, book: Book, sheet: Sheet, about: About, damage: Damage) -> Iterator[Batch]:
    places = about.header.places
    first = next(position for position, text in enumerate(about.header.texts) if text.strip())
    # The first cell of a row tells a total; it is read beside the columns, unless it is one of them.
    slots = Slots(
        {first: len(places), **{place.position: slot for slot, place in enumerate(places)}},
        [*(number_reader(place.column, from_1904=book.from_1904) for place in places), shown],
    )
    links = [slot for slot, place in enumerate(places) if place.column.link]
    own = next((slot for slot, place in enumerate(places) if place.position == first), len(places))
    batch = Batch()
    number = about.line
    try:
        with damage(file):
            spans = _merged(sheet, about)
            for row in sheet.rows(slots):
                number = row.number
                if number <= about.line or not row.filled:
                    continue
                for slot, span in spans.items():
                    row.cells[slot] = span.text(number, row.cells[slot])
                about.hidden += row.hidden
                _add(batch, row, about.header, links, row.cells[own])
                if len(batch) >= BATCH_ROWS:
                    yield batch
                    batch = Batch()
    except InputError as error:
        if error.code == "file-damaged":
            raise InputError(
                f"{file}: the workbook is damaged after row {number}", code="file-damaged", remedy=error.remedy
            ) from error
        raise
    finally:
        book.close()
    if len(batch):
        yield batch


def _add(batch: Batch, row: SheetRow, header: Header, links: Sequence[int], first: str) -> None:
    cells = tuple(row.cells[: len(header.places)])
    if first.strip() in TOTALS and all(cells[slot] in ("", first) for slot in links):
        batch.rejects.append(Reject(row.number, "", "total-row"))
    elif all(cell == header.texts[place.position] for cell, place in zip(cells, header.places, strict=True)):
        batch.rejects.append(Reject(row.number, "", "header-again"))
    elif sum(map(len, cells)) > MAX_CELL and max(map(len, cells)) > MAX_CELL:
        long = next(place for cell, place in zip(cells, header.places, strict=True) if len(cell) > MAX_CELL)
        batch.rejects.append(Reject(row.number, long.column.name, "cell-too-long"))
    else:
        batch.lines.append(row.number)
        batch.rows.append(cells)


def _merged(sheet: Sheet, about: About) -> dict[int, _Spans]:
    """By slot: the merged areas of several rows below the header."""
    slots = {place.position: slot for slot, place in enumerate(about.header.places)}
    found: dict[int, list[tuple[int, int]]] = {}
    for area in sheet.merges():
        if area.last_row > max(area.first_row, about.line) and area.first_column in slots:
            found.setdefault(slots[area.first_column], []).append((area.first_row, area.last_row))
    return {slot: _Spans(about.header.places[slot], spans) for slot, spans in found.items()}
