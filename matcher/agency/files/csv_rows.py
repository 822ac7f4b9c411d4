"""Text tables by Python's csv module (RFC 4180): separated by commas, tabs, semicolons or bars, in any encoding
that encoding.py knows.

The separator is the one under which the header fits best. Quoting is strict, so that a lost quotation mark costs a
named row instead of swallowing the rest of the file. A row has as many cells as the header, or is rejected, even
where the cells too many are empty: 3,000.25 without quotation marks moves every later cell, and in most rows the last
ones are empty. Rows with nothing in them are passed over. Left to others: the encoding (encoding.py), headers
(headers.py).
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import IO, Any

from matcher.agency.files.batches import (
    BATCH_ROWS,
    MAX_CELL,
    TOTALS,
    About,
    Batch,
    Reading,
    RowSource,
    TextTable,
    source,
)
from matcher.agency.files.encoding import TextForm, is_damaged, survey
from matcher.agency.files.headers import HEAD_ROWS, Header, find_header, named
from matcher.agency.records.rejects import Reject
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError

_SEPARATORS = {",": "", "\t": "tab", ";": ";", "|": "|", "，": "，"}
_WRAPPED = re.compile(r'\s*="([^"]*)"\s*')
Rows = Iterator[tuple[int, list[str] | None]]


def open_csv(path: Path, columns: Sequence[Column], reading: Reading) -> RowSource:
    """Open ``path``. Raises InputError for a file whose first lines hold no usable header."""
    form = survey(path)
    heads = {separator: _head(path, form, separator) for separator in _SEPARATORS}
    separator = max(heads, key=lambda item: named([cells for _line, cells in heads[item]], columns, reading.mappings))
    lines = [line for line, _cells in heads[separator]]
    header = find_header(path.name, [cells for _line, cells in heads[separator]], columns, reading.mappings)
    rows = _rows(path, form, separator)
    repeated: list[str] | None = None
    for line, row in rows:
        if line == lines[header.last]:
            repeated = row
            break
    about = About(" ".join(filter(None, (form.encoding, _SEPARATORS[separator]))), header, lines[header.last])
    table = TextTable(about, form, separator, repeated or [])
    return source(about, max(0, form.lines - about.line), batches_of(rows, table), table)


def _head(path: Path, form: TextForm, separator: str) -> list[tuple[int, list[str]]]:
    """The first rows that can be read, with their lines."""
    rows = ((line, row) for line, row in _rows(path, form, separator) if row is not None)
    return list(islice(rows, HEAD_ROWS))


def _rows(path: Path, form: TextForm, separator: str) -> Rows:
    """The rows of the whole file."""
    with path.open(encoding=form.encoding, errors=form.errors, newline="") as stream, unchanged(path, stream):
        yield from rows_of(stream, separator)


@contextmanager
def unchanged(path: Path, stream: IO[Any]) -> Iterator[None]:
    """Raises InputError if ``stream``, which is of ``path``, was written to meanwhile."""
    before = os.fstat(stream.fileno())
    yield
    after = os.fstat(stream.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InputError(f"{path.name}: the file changed while it was read", remedy="Submit it again.")


def rows_of(lines: Iterable[str], separator: str, line: int = 1) -> Rows:
    """(first line, cells) of each row of ``lines``, which begin with line ``line``; None where quoting is broken."""
    reader = csv.reader(lines, strict=True, delimiter=separator)
    first = line
    while True:
        try:
            for row in reader:
                yield line, row
                line = first + reader.line_num
            break
        except csv.Error:
            yield line, None
            line = first + reader.line_num


def batches_of(rows: Rows, table: TextTable) -> Iterator[Batch]:
    """``rows`` that are records, in batches, with those that cannot be read; empty ones are passed over."""
    form, header, header_row = table.form, table.about.header, table.repeated
    width = len(header.texts)
    positions = [place.position for place in header.places]
    pick: Any = itemgetter(*positions) if len(positions) > 1 else lambda row: (row[positions[0]],)
    links = [place.position for place in header.places if place.column.link]
    batch = Batch()
    for line, row in rows:
        if row is None:
            batch.rejects.append(Reject(line, "", "quoting"))
        elif len(row) != width:
            if any(map(str.strip, row)):
                batch.rejects.append(Reject(line, "", "cell-count"))
        else:
            if form.wrapped:
                row = list(map(_unwrapped, row))
            cells = pick(row)
            if not any(cells) and not any(row):
                continue
            problem = _problem(line, row, cells, header, form)
            if problem is not None:
                batch.rejects.append(problem)
            elif row == header_row:
                batch.rejects.append(Reject(line, "", "header-again"))
            elif row[0].strip() in TOTALS and all(row[position] in ("", row[0]) for position in links):
                batch.rejects.append(Reject(line, "", "total-row"))
            else:
                batch.lines.append(line)
                batch.rows.append(cells)
        if len(batch) >= BATCH_ROWS:
            yield batch
            batch = Batch()
    if len(batch):
        yield batch


def _unwrapped(cell: str) -> str:
    found = _WRAPPED.fullmatch(cell)
    return found[1] if found else cell


def _problem(line: int, row: list[str], cells: tuple[str, ...], header: Header, form: TextForm) -> Reject | None:
    if form.damaged:
        for place in header.places:
            if is_damaged(row[place.position]):
                return Reject(line, place.column.name, "undecodable")
    if sum(map(len, cells)) > MAX_CELL:
        for place in header.places:
            if len(row[place.position]) > MAX_CELL:
                return Reject(line, place.column.name, "cell-too-long")
    return None
