"""Which cells of a file make a record, worked out once for each file: the agreement's columns against those present.

``Column.link`` marks link values, ``sets`` fills in what standing in that column means (a project's wage account is of
kind wage), ``only_for`` says which records a column concerns. What the columns alone decide is decided here; what only
a row can decide is left as a condition. Left to others: reading rows (records.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from matcher.agency.records import cells
from matcher.protocol.agreement.model import Column, Field
from matcher.protocol.errors import AgreementError


@dataclass(frozen=True, slots=True)
class Layout:
    """The agreement's columns of one side, and the flow's fields; what a RecordReader is compiled from."""

    columns: tuple[Column, ...]
    fields: tuple[Field, ...]
    normaliser: str


@dataclass(frozen=True, slots=True)
class DataColumn:
    """One column that is not a link: where its cell is, and the field it feeds (-1: none)."""

    position: int
    column: Column
    reader: cells.Reader
    field: int


@dataclass(frozen=True, slots=True)
class LinkColumn:
    """One link column: JSON of the fields and extras it fixes, and the data columns that concern its records, each
    with conditions (number of another data column, wanted value) that only the row can decide. ``unless`` are numbers
    of data columns with the values that spare the row a record."""

    position: int
    number: int
    column: Column
    fixed: Mapping[int, str]
    extras: str
    concerns: tuple[tuple[int, tuple[tuple[int, str], ...]], ...]
    unless: tuple[tuple[int, frozenset[str]], ...] = ()


def plain_columns(columns: Sequence[Column]) -> tuple[Column, ...]:
    """The columns with their mappings as plain dictionaries, which cross to worker processes."""
    return tuple(
        replace(
            column,
            only_for=_plain(column.only_for),
            sets=_plain(column.sets),
            choices=_plain(column.choices),
            unless=None if column.unless is None else dict(column.unless),
        )
        for column in columns
    )


def _plain(mapping: Mapping[str, str] | None) -> dict[str, str] | None:
    return None if mapping is None else dict(mapping)


@dataclass(frozen=True, slots=True)
class Plan:
    """A file's columns by what they are. ``row_id`` is None when the link value stands for it."""

    row_id: tuple[int, Column] | None
    data: tuple[DataColumn, ...]
    links: tuple[LinkColumn, ...]


def plan(layout: Layout, present: Sequence[int], units: Sequence[str]) -> Plan:
    """The plan for a file that has the columns of index ``present``, in cell order, with ``units`` of money.

    Raises AgreementError when a column sets one that is not there.
    """
    fields = {item.name: index for index, item in enumerate(layout.fields)}
    columns = [(position, index, layout.columns[index]) for position, index in enumerate(present)]
    data = tuple(
        DataColumn(position, column, cells.reader(column, units[position], _codes(layout, column)),
                   fields.get(column.feeds, -1))
        for position, _index, column in columns
        if not column.link and not column.row_id
    )  # fmt: skip
    return Plan(
        row_id=next(
            ((position, column) for position, _index, column in columns if column.row_id and not column.link), None
        ),
        data=data,
        links=tuple(
            _compile(position, index, column, layout, data) for position, index, column in columns if column.link
        ),
    )


def _compile(position: int, number: int, column: Column, layout: Layout, data: Sequence[DataColumn]) -> LinkColumn:
    sets = dict(column.sets or {})
    feeds = {item.name: item.feeds for item in layout.columns}
    places = {item.name: index for index, item in enumerate(layout.fields)}
    for name in sets:
        if name not in feeds:
            raise AgreementError(f"column {column.name} sets {name}, which is no column")
    numbers = {item.column.name: index for index, item in enumerate(data)}
    concerns = []
    for index, item in enumerate(data):
        wanted = dict(item.column.only_for or {})
        known = {name: sets[name] for name in wanted if name in sets}
        open_names = [name for name in wanted if name not in sets]
        is_told = all(name in numbers for name in open_names)
        if item.column.name not in sets and is_told and all(wanted[name] == value for name, value in known.items()):
            concerns.append((index, tuple((numbers[name], wanted[name]) for name in open_names)))
    return LinkColumn(
        position=position,
        number=number,
        column=column,
        fixed={places[feeds[name]]: cells.quote(value) for name, value in sets.items() if feeds[name]},
        extras="".join(f"{cells.quote(name)}:{cells.quote(value)}," for name, value in sets.items()),
        concerns=tuple(concerns),
        unless=tuple(
            (numbers[name], frozenset(values)) for name, values in (column.unless or {}).items() if name in numbers
        ),
    )


def _codes(layout: Layout, column: Column) -> tuple[str, ...]:
    return next((item.codes for item in layout.fields if item.name == column.feeds), ())
