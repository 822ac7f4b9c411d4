"""The crate's reader for one file, compiled from the file's plan: see native/src/reading.

What the crate does not read by itself it asks here, cell by cell and each once: the answers are those of cells.py. Rows
for which that is not enough it hands back. Left to others: reading those (blind/reading.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, NamedTuple

from keys import native
from matcher.agency.files.batches import TOTALS, TextTable
from matcher.agency.files.blocks import TextBlock
from matcher.agency.files.columns import CellBlock, CellTable
from matcher.agency.records import cells, faults
from matcher.agency.records.plan import DataColumn, Layout, LinkColumn, Plan, plan
from matcher.agency.records.records import row_id_ending, row_id_problems
from matcher.protocol import normalise

MOST_COLUMNS = 64
GOOD, PROBLEM, WARNED = range(3)
_EMPTY, _FLAGLESS = b"null", b"0"
_KINDS = frozenset(("account", "company", "credit-code", "text", "amount", "date"))
_LINK_KINDS: Mapping[str, str] = {
    "account-number": "account", "credit-code": "checked-code", "company-name": "company",
}  # fmt: skip
Fill = Callable[[str], str]
Answer = Callable[[Sequence[str]], tuple[list[str], bytes]]


class CellTest(NamedTuple):
    """``what`` is true of the cell in ``column``: "blank"; "filled"; "is" one of ``values``; filled, but "other"."""

    what: str
    column: str
    values: tuple[str, ...] = ()


class DueDate(NamedTuple):
    """A data column whose empty cells are filled in by the cell of another one, where that holds something."""

    column: str
    after: str


class BlockForm(NamedTuple):
    """A file as its blocks are read: once amended, its rows have columns ``present`` in ``units`` (RecordReader).

    ``dues`` are filled in first. ``hand_back`` are tests; a row for which all of one list hold is left to Python.
    """

    table: TextTable | CellTable
    present: tuple[int, ...]
    units: tuple[str, ...]
    dues: list[DueDate]
    hand_back: list[list[CellTest]]


@dataclass(frozen=True, slots=True)
class Naming:
    """What names records: suite.handle_prefix under the agency's handle key; an asking side names links as well."""

    key: bytes
    prefix: bytes
    asking: bool


class _Shape(NamedTuple):
    """What the crate is told of a file's rows: ``places`` are the positions of cells by column, the first ``after``
    lines are not the table's, ``repeated`` is what stands in the header."""

    places: Mapping[str, int]
    width: int
    repeated: Sequence[str]
    first: int = 0
    totals: frozenset[str] = TOTALS
    separator: str = ","
    wrapped: bool = False
    after: int = 0


@dataclass(frozen=True, slots=True)
class _Read:
    position: int | None
    kind: str
    unit: int = 0
    required: bool = False
    empty: bytes = _EMPTY
    member: bytes = b""


@dataclass(frozen=True, slots=True)
class _Link:
    column: int
    number: int
    ending: bytes
    required: bool
    head: bytes
    concerns: list[tuple[int, list[tuple[int, list[bytes]]]]]
    unless: list[tuple[int, list[bytes]]]
    fields: list[tuple[int | None, bytes]]


class BlockReader:
    """Reads blocks of one file. ``terms`` says, by the name of a due column, what fills it in."""

    def __init__(
        self, crate: ModuleType, form: BlockForm, layout: Layout, naming: Naming, terms: Callable[[str], Fill]
    ) -> None:
        shape, units = _shape(form.table), form.units
        places = shape.places
        compiled = plan(layout, form.present, units)
        self._answers = _answers(compiled, layout)
        self._after = shape.after
        data = {item.column.name: number for number, item in enumerate(compiled.data)}
        reads = [_data(item, places.get(item.column.name), units[item.position]) for item in compiled.data]
        reads += [_Read(places.get(link.column.name), _LINK_KINDS[layout.normaliser]) for link in compiled.links]
        if compiled.row_id is not None:
            reads.append(_Read(places.get(compiled.row_id[1].name), "row-id", required=True))
        self._dues = [(data[due.column], terms(due.column)) for due in form.dues]
        self._reader = crate.RowReader(
            width=shape.width,
            separator=ord(shape.separator),
            wrapped=shape.wrapped,
            header=[text.encode("utf-8", "surrogatepass") for text in shape.repeated],
            first=shape.first,
            totals={word.encode() for word in shape.totals},
            columns=reads,
            data=len(compiled.data),
            row_id=None if compiled.row_id is None else len(reads) - 1,
            dues=[(data[due.column], data[due.after]) for due in form.dues],
            links=[
                _link(link, len(compiled.data) + number, compiled, len(layout.fields))
                for number, link in enumerate(compiled.links)
            ],
            hand_back=[
                [(test.what, data[test.column], [_json(value) for value in test.values]) for test in tests]
                for tests in form.hand_back
            ],
            key=naming.key,
            prefix=naming.prefix,
            asking=naming.asking,
        )

    def read(self, block: TextBlock | CellBlock, file: int) -> Any:
        """(parts by bucket, (rows, records, warned, spared), [(line, start, end)] left, tags, handles)."""
        if isinstance(block, CellBlock):
            asked = self._reader.load_columns(*block)
        else:
            asked = self._reader.load(block.data, block.line, self._after)
        for column, count in enumerate(asked):
            if count:
                texts = [cell.decode() for cell in self._reader.asked(column)]
                number = column - len(self._answers)
                if number < 0:
                    answers, marks = self._answers[column](texts)
                    self._reader.learn(column, *_encoded(answers), marks)
                else:
                    due, fill = self._dues[number]
                    filled = list(map(fill, texts))
                    answers, marks = self._answers[due](filled)
                    self._reader.fill(number, *_encoded(filled), *_encoded(answers), marks)
        return self._reader.stage(block.data, file)


def _encoded(texts: Sequence[str]) -> tuple[bytes, bytes]:
    return native.column([text.encode() for text in texts])


def _shape(table: TextTable | CellTable) -> _Shape:
    header = table.about.header
    if isinstance(table, CellTable):
        places = {place.column.name: slot for slot, place in enumerate(header.places)}
        if table.first is None:
            return _Shape(places, table.width, (), totals=frozenset())
        return _Shape(places, table.width, table.header, table.first)
    places = {place.column.name: place.position for place in header.places}
    width = len(header.texts)
    return _Shape(
        places, width, table.repeated if len(table.repeated) == width else (), separator=table.separator,
        wrapped=table.form.wrapped, after=table.about.line,
    )  # fmt: skip


def _data(item: DataColumn, position: int | None, unit: str) -> _Read:
    column = item.column
    return _Read(
        position=position,
        kind=column.type if column.type in _KINDS else "asked",
        unit=normalise.amount_fen("1", unit) if column.type == "amount" else 0,
        required=column.required,
        empty=_FLAGLESS if column.type == "flags" else _EMPTY,
        member=f",{cells.quote(column.name)}:".encode(),
    )


def _link(link: LinkColumn, place: int, compiled: Plan, fields: int) -> _Link:
    slots: dict[int, tuple[int | None, bytes]] = {place: (None, text.encode()) for place, text in link.fixed.items()}
    for concern, (number, _conditions) in enumerate(link.concerns):
        if (field := compiled.data[number].field) >= 0:
            slots[field] = (concern, b"")
    return _Link(
        column=place,
        number=link.number,
        ending=row_id_ending(link.column),
        required=link.column.required,
        head=f"{link.extras}{cells.quote(link.column.name)}:".encode(),
        concerns=[
            (number, [(other, [_json(wanted)]) for other, wanted in conditions]) for number, conditions in link.concerns
        ],
        unless=[(number, [_json(value) for value in sorted(values)]) for number, values in link.unless],
        fields=[slots.get(place, (None, _EMPTY)) for place in range(fields)],
    )


def _json(value: str) -> bytes:
    return cells.quote(value).encode()


def _answers(compiled: Plan, layout: Layout) -> list[Answer]:
    """By column of the crate's: what cells that it does not read itself are."""
    of_links = _answer_link(cells.link_reader(layout.normaliser))
    answers: list[Answer] = [_answer_data(item.reader) for item in compiled.data]
    answers += [of_links for _link in compiled.links]
    return answers if compiled.row_id is None else [*answers, _answer_row_id]


def _answer_data(read: cells.Reader) -> Answer:
    def answer(texts: Sequence[str]) -> tuple[list[str], bytes]:
        found = read(texts)
        return found.json, _marks(len(texts), found.problems, found.warned)

    return answer


def _answer_link(read: cells.Reader) -> Answer:
    def answer(texts: Sequence[str]) -> tuple[list[str], bytes]:
        found = read(texts)
        return [value or "" for value in found.values], _marks(len(texts), found.problems, ())

    return answer


def _answer_row_id(texts: Sequence[str]) -> tuple[list[str], bytes]:
    row_ids = list(map(normalise.text, texts))
    return row_ids, _marks(len(texts), row_id_problems(row_ids) | faults.find(texts), ())


def _marks(count: int, problems: Mapping[int, str], warned: Sequence[int]) -> bytes:
    marks = bytearray(count)
    for index in warned:
        marks[index] = WARNED
    for index in problems:
        marks[index] = PROBLEM
    return bytes(marks)
