"""CSV (RFC 4180) by Python's csv module: UTF-8 with or without byte order mark, or GB18030.

Quoting is strict, so that a lost quotation mark costs a named row instead of swallowing the rest of the file. Rows
with nothing in them are passed over. Left to others: the encoding (encoding.py), headers (headers.py).
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from matcher.agency.files.batches import BATCH_ROWS, MAX_CELL, Batch, RowSource
from matcher.agency.files.encoding import TextForm, is_damaged, survey
from matcher.agency.files.headers import map_headers, unit_of
from matcher.agency.records.rejects import Reject
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError


def open_csv(path: Path, columns: Sequence[Column]) -> RowSource:
    """Open ``path``. Raises InputError for a file whose first line is no usable header."""
    form = survey(path)
    rows = _rows(path, form)
    line, header = next(rows, (0, None))
    if header is None:
        raise InputError(f"{path.name}: line {line}: the header cannot be read", remedy="Save the file again.")
    mapped = map_headers(path.name, header, columns)
    return RowSource(
        columns=tuple(column for _position, column in mapped),
        units=tuple(unit_of(header[position]) for position, _column in mapped),
        total=max(0, form.lines - 1),
        batches=_batches(rows, len(header), mapped, form),
    )


def _rows(path: Path, form: TextForm) -> Iterator[tuple[int, list[str] | None]]:
    """(first line, cells) of each row; None for a row whose quoting is broken. The header is the first one."""
    with path.open(encoding=form.encoding, errors="surrogateescape", newline="") as stream:
        before = os.fstat(stream.fileno())
        reader = csv.reader(stream, strict=True)
        line = 1
        while True:
            try:
                for row in reader:
                    yield line, row
                    line = reader.line_num + 1
                break
            except csv.Error:
                yield line, None
                line = reader.line_num + 1
        after = os.fstat(stream.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise InputError(f"{path.name}: the file changed while it was read", remedy="Submit it again.")


def _batches(
    rows: Iterator[tuple[int, list[str] | None]],
    width: int,
    mapped: tuple[tuple[int, Column], ...],
    form: TextForm,
) -> Iterator[Batch]:
    positions = [position for position, _column in mapped]
    pick: Any = itemgetter(*positions) if len(positions) > 1 else lambda row: (row[positions[0]],)
    batch = Batch()
    for line, row in rows:
        if row is None:
            batch.rejects.append(Reject(line, "", "quoting"))
        elif len(row) != width:
            if any(map(str.strip, row)):
                batch.rejects.append(Reject(line, "", "cell-count"))
        else:
            cells = pick(row)
            if not any(cells) and not any(row):
                continue
            problem = _problem(line, cells, mapped, form)
            if problem is not None:
                batch.rejects.append(problem)
            else:
                batch.lines.append(line)
                batch.rows.append(cells)
        if len(batch) >= BATCH_ROWS:
            yield batch
            batch = Batch()
    if len(batch):
        yield batch


def _problem(
    line: int, cells: tuple[str, ...], mapped: tuple[tuple[int, Column], ...], form: TextForm
) -> Reject | None:
    if form.damaged:
        for (_position, column), cell in zip(mapped, cells, strict=True):
            if is_damaged(cell):
                return Reject(line, column.name, "undecodable")
    if len(max(cells, key=len)) > MAX_CELL:
        for (_position, column), cell in zip(mapped, cells, strict=True):
            if len(cell) > MAX_CELL:
                return Reject(line, column.name, "cell-too-long")
    return None
