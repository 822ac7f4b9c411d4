"""Due dates that a file leaves to the calendar: an empty cell becomes the last day of its term in working days.

The agreement says which column is due how many working days after which other one (``due``); a date that the file gives
itself stands. Works on the rows of an open file before they become records, so that everything after it reads a date
like any other. A term that reaches a year without a notice rejects the record it concerns; it is not guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta

from matcher.agency.calendar.workdays import CALENDAR_YEAR, Calendar
from matcher.agency.files.batches import Batch, RowSource
from matcher.agency.records.faults import mark
from matcher.protocol import normalise
from matcher.protocol.agreement.model import Column, Due
from matcher.protocol.errors import InputError

_EPOCH = date(1970, 1, 1)


def with_due_dates(source: RowSource, columns: Sequence[Column], calendar: Calendar) -> RowSource:
    """``source`` with the due dates of ``columns`` filled in, where the file has the date to count from."""
    for column in columns:
        if column.due is not None and any(item.name == column.due.after for item in source.columns):
            source = _filled(source, column, column.due, calendar)
    return source


def term(due: Due, calendar: Calendar) -> Callable[[str], str]:
    """What to write into an empty cell, by the stripped cell to count from."""
    ends: dict[str, str] = {}

    def end(cell: str) -> str:
        if cell not in ends:
            ends[cell] = _end(cell, due.working_days, calendar)
        return ends[cell]

    return end


def _filled(source: RowSource, column: Column, due: Due, calendar: Calendar) -> RowSource:
    names = [item.name for item in source.columns]
    start = names.index(due.after)
    end = term(due, calendar)

    def batches() -> Iterator[Batch]:
        place = names.index(column.name) if column.name in names else None
        for batch in source.batches:
            batch.rows = [_row(row, place, start, end) for row in batch.rows]
            yield batch

    if column.name in names:
        return replace(source, batches=batches())
    return replace(source, columns=(*source.columns, column), units=(*source.units, ""), batches=batches())


def _end(cell: str, working_days: int, calendar: Calendar) -> str:
    """The due date as text; empty for a date that cannot be read, which is a problem of its own column."""
    try:
        return calendar.after(_EPOCH + timedelta(days=normalise.date_days(cell)), working_days).isoformat()
    except InputError as error:
        return mark(CALENDAR_YEAR) if error.code == CALENDAR_YEAR else ""


def _row(row: tuple[str, ...], place: int | None, start: int, end: Callable[[str], str]) -> tuple[str, ...]:
    given = "" if place is None else row[place]
    if not given.strip() and (cell := row[start].strip()):
        given = end(cell)
    return (*row, given) if place is None else (*row[:place], given, *row[place + 1 :])
