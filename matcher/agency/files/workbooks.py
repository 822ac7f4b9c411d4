"""Workbooks as rows of text: the sheet is chosen by its header, merged cells speak for all their rows.

A merged cell over several rows says the same of each, so each row gets its text; an amount it says of them together,
which nobody can divide, so those rows are rejected. Hidden rows are read and counted: a filter left on must not drop
records. Left to others: the two formats (xlsx_book.py, xls_book.py), numbers and dates (typed.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

from matcher.agency.files import xlsx_book
from matcher.agency.files.batches import BATCH_ROWS, About, Batch, Reading, RowSource, source
from matcher.agency.files.columns import CellBlock, CellTable, Columns
from matcher.agency.files.headers import HEAD_ROWS, Place, find_header, fits, named
from matcher.agency.files.mappings import SourceMapping
from matcher.agency.files.sheets import Book, Sheet, Slots
from matcher.agency.files.typed import SHOWN, number_kind, number_reader, shown
from matcher.agency.records.faults import mark
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
        slots, table = _slots(book, about)
        spans = _merged(sheet, about)
        going = partial(_Reading, file, book, about, damage)
        # A merged area says what its rows have in common, so they are read one after the other.
        cells = None if spans else Columns(table, lambda: _blocks(going(), sheet, slots, about))
        batches = _batches(going(), sheet, slots, table, spans)
        return source(about, max(0, sheet.total() - about.line), batches, cells=cells)
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


def _slots(book: Book, about: About) -> tuple[Slots, CellTable]:
    """What is wanted of a row: the columns, and its first cell, which tells a total, unless it is one of them."""
    places = about.header.places
    first = next(position for position, text in enumerate(about.header.texts) if text.strip())
    own = next((slot for slot, place in enumerate(places) if place.position == first), len(places))
    columns = [place.column for place in places]
    by_position = {first: own, **{place.position: slot for slot, place in enumerate(places)}}
    numbers = [number_reader(column, from_1904=book.from_1904) for column in columns]
    kinds = list(map(number_kind, columns))
    if own == len(places):
        numbers.append(shown)
        kinds.append(SHOWN)
    return Slots(by_position, numbers, kinds), CellTable(about, own)


class _Reading:
    """An open workbook while its rows are read: closed at the end; what is damaged is named by the last row read."""

    def __init__(self, file: str, book: Book, about: About, damage: Damage) -> None:
        self._file, self._book, self._damage = file, book, damage
        self.number = about.line

    @contextmanager
    def going(self) -> Iterator[None]:
        """Inside, rows are read, and ``number`` is kept."""
        try:
            with self._damage(self._file):
                yield
        except InputError as error:
            if error.code == "file-damaged":
                raise InputError(
                    f"{self._file}: the workbook is damaged after row {self.number}",
                    code="file-damaged",
                    remedy=error.remedy,
                ) from error
            raise
        finally:
            self._book.close()


def _batches(
    reading: _Reading, sheet: Sheet, slots: Slots, table: CellTable, spans: Mapping[int, _Spans]
) -> Iterator[Batch]:
    batch = Batch()
    about = table.about
    with reading.going():
        for row in sheet.rows(slots):
            reading.number = row.number
            if row.number <= about.line or not row.filled:
                continue
            for slot, span in spans.items():
                row.cells[slot] = span.text(row.number, row.cells[slot])
            about.hidden += row.hidden
            table.add(batch, row.number, tuple(row.cells))
            if len(batch) >= BATCH_ROWS:
                yield batch
                batch = Batch()
    if len(batch):
        yield batch


def _blocks(reading: _Reading, sheet: Sheet, slots: Slots, about: About) -> Iterator[CellBlock]:
    with reading.going():
        for block, hidden in sheet.blocks(slots, about.line):
            reading.number = block.last_line()
            about.hidden += hidden
            yield block


def _merged(sheet: Sheet, about: About) -> dict[int, _Spans]:
    """By slot: the merged areas of several rows below the header."""
    slots = {place.position: slot for slot, place in enumerate(about.header.places)}
    found: dict[int, list[tuple[int, int]]] = {}
    for area in sheet.merges():
        if area.last_row > max(area.first_row, about.line) and area.first_column in slots:
            found.setdefault(slots[area.first_column], []).append((area.first_row, area.last_row))
    return {slot: _Spans(about.header.places[slot], spans) for slot, spans in found.items()}
