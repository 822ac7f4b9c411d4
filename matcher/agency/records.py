"""From a row of text cells to records: one for each link value the row names, normalised, with its content.

A row's cells are read once and shared by its records. ``Column.link`` marks link values, ``sets`` fills in what
standing in that column means (a project's wage account is of kind wage), ``only_for`` says which records a column
concerns. Content is the JSON of [values, extras]: values are the comparison fields in the flow's order (null is
unknown), extras the file's own texts by column name (the link value's normalised), which is what a reveal may show.

A problem rejects the records it concerns, by column and reason code, never with a value. A credit code whose check
fails is unknown, counted as a warning: the name decides then. Left to others: duplicates (blind/rows.py), reading
files, handles.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from matcher.agency import cells
from matcher.agency.cells import Parse
from matcher.agency.rejects import Reject
from matcher.protocol import normalise
from matcher.protocol.agreement.model import Column, Field
from matcher.protocol.errors import AgreementError, InputError

MAX_ROW_ID = 64

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Record(NamedTuple):
    """One record. ``column`` is the index of its link column among the agreement's columns."""

    line: int
    column: int
    row_id: str
    link_value: str
    content: str


class _Data(NamedTuple):
    """One column that is not a link: where its cell is, how it is read, what it feeds (-1: nothing).

    ``empty`` is what an empty cell means: unknown, except that no flag is no flag.
    """

    position: int
    column: Column
    parse: Parse
    field: int
    empty: Any


class _Link(NamedTuple):
    """One link column: what it fixes, and the data columns that concern its records."""

    position: int
    number: int
    column: Column
    fixed: tuple[Any, ...]
    extras: dict[str, str]
    concerns: tuple[int, ...]
    conditional: tuple[tuple[int, tuple[tuple[int, str], ...]], ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """The agreement's columns of one side, and the flow's fields; what a RecordReader is compiled from."""

    columns: tuple[Column, ...]
    fields: tuple[Field, ...]
    normaliser: str


def plain_columns(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns with their mappings as plain dictionaries, which cross to worker processes."""
    return tuple(
        replace(column, only_for=_plain(column.only_for), sets=_plain(column.sets), choices=_plain(column.choices))
        for column in columns
    )


def _plain(mapping: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if mapping is None else dict(mapping)


class RecordReader:
    """Turns rows of one file into records. ``present`` are the indexes of the columns the file has, in cell order.

    ``rejected`` counts records, a row that names none as one; a rejected record may have several problems.
    """

    def __init__(self, layout: Layout, present: Sequence[int], units: Sequence[str]) -> None:
        self.warnings: Counter[str] = Counter()
        self.rejected = 0
        self._fields = {field.name: index for index, field in enumerate(layout.fields)}
        self._link = cells.link_parser(layout.normaliser)
        columns = [(position, index, layout.columns[index]) for position, index in enumerate(present)]
        self._row_id = next(
            ((position, column) for position, _index, column in columns if column.row_id and not column.link), None
        )
        self._data = [
            _Data(
                position,
                column,
                self._parser(column, units[position], layout),
                self._fields.get(column.feeds, -1),
                0 if column.type == "flags" else None,
            )
            for position, _index, column in columns
            if not column.link and not column.row_id
        ]
        self._links = [
            self._compile(position, index, column, layout) for position, index, column in columns if column.link
        ]

    def read(self, lines: Sequence[int], rows: Sequence[Sequence[str]]) -> Iterator[Record | Reject]:
        """Records and rejects of some rows, in their order."""
        for line, row in zip(lines, rows, strict=True):
            yield from self._row(line, row)

    def _row(self, line: int, row: Sequence[str]) -> Iterator[Record | Reject]:
        row_id = ""
        if self._row_id is not None:
            position, column = self._row_id
            row_id = normalise.text(row[position])
            if not row_id or len(row_id) > MAX_ROW_ID:
                self.rejected += 1
                yield Reject(line, column.name, "too-long" if row_id else "empty")
                return
        values: list[Any] = []
        problems: dict[int, str] = {}
        for number, data in enumerate(self._data):
            cell = row[data.position].strip()
            if not cell:
                values.append(data.empty)
                if data.column.required:
                    problems[number] = "empty"
                continue
            try:
                values.append(data.parse(cell))
            except InputError as error:
                values.append(None)
                problems[number] = error.code
        found = False
        for link in self._links:
            cell = row[link.position].strip()
            if cell:
                found = True
                yield from self._record(line, link, cell, row_id, row, values, problems)
            elif link.column.required:
                found = True
                self.rejected += 1
                yield Reject(line, link.column.name, "empty")
        if not found:
            self.rejected += 1
            yield Reject(line, self._links[0].column.name, "no-link")

    def _record(
        self, line: int, link: _Link, cell: str, row_id: str, row: Sequence[str], values: list[Any],
        problems: dict[int, str],
    ) -> Iterator[Record | Reject]:  # fmt: skip
        try:
            link_value = self._link(cell)
        except InputError as error:
            self.rejected += 1
            yield Reject(line, link.column.name, error.code)
            return
        concerns = link.concerns
        if link.conditional:
            concerns += tuple(
                number
                for number, conditions in link.conditional
                if all(values[other] == wanted for other, wanted in conditions)
            )
        if problems:
            mine = [Reject(line, self._data[number].column.name, problems[number]) for number in concerns
                    if number in problems]  # fmt: skip
            if mine:
                self.rejected += 1
                yield from mine
                return
        fields = list(link.fixed)
        extras = {**link.extras, link.column.name: link_value}
        for number in concerns:
            position, column, _parse, field, _empty = self._data[number]
            if field >= 0:
                fields[field] = values[number]
            text = row[position].strip()
            if text:
                extras[column.name] = text
        yield Record(line, link.number, row_id or link_value, link_value, _encode((fields, extras)))

    def _compile(self, position: int, index: int, column: Column, layout: Layout) -> _Link:
        sets = dict(column.sets or {})
        feeds = {item.name: item.feeds for item in layout.columns}
        fixed: list[Any] = [None] * len(layout.fields)
        for name, value in sets.items():
            if name not in feeds:
                raise AgreementError(f"column {column.name} sets {name}, which is no column")
            if feeds[name]:
                fixed[self._fields[feeds[name]]] = value
        concerns: list[int] = []
        conditional: list[tuple[int, tuple[tuple[int, str], ...]]] = []
        numbers = {data.column.name: number for number, data in enumerate(self._data)}
        for number, data in enumerate(self._data):
            if data.column.name in sets:
                continue
            open_conditions: list[tuple[int, str]] = []
            for name, wanted in (data.column.only_for or {}).items():
                if name in sets:
                    if sets[name] != wanted:
                        break
                elif name in numbers:
                    open_conditions.append((numbers[name], wanted))
                else:
                    break
            else:
                if open_conditions:
                    conditional.append((number, tuple(open_conditions)))
                else:
                    concerns.append(number)
        return _Link(position, index, column, tuple(fixed), sets, tuple(concerns), tuple(conditional))

    def _parser(self, column: Column, unit: str, layout: Layout) -> Parse:
        if column.type == "credit-code":
            return self._credit_code
        codes = next((field.codes for field in layout.fields if field.name == column.feeds), ())
        return cells.parser(column, unit, codes)

    def _credit_code(self, cell: str) -> str | None:
        code = normalise.credit_code(cell)
        if code is None:
            self.warnings[cells.CREDIT_CODE] += 1
        return code
