"""Rows as columns of cells, for readers that take many rows at once; and what is refused of such a row by itself.

A file that is no text gives its rows so: no row needs an object of its own unless someone wants to look at it. Left to
others: where the cells come from (parquet_rows.py, workbooks.py), what is in them (records/).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from matcher.agency.files.batches import BATCH_ROWS, MAX_CELL, TOTALS, About, Batch
from matcher.agency.records.rejects import Reject

_ERRORS = "surrogatepass"


class CellBlock(NamedTuple):
    """Some rows. ``data`` has the cells of a column one after the other, column after column, in UTF-8; ``offsets`` say
    where each begins and where the last one ends, ``lines`` where the rows begin in their file; both are unsigned,
    32 bits, little-endian."""

    data: bytes
    offsets: bytes
    lines: bytes

    def last_line(self) -> int:
        """Where the last row begins."""
        return memoryview(self.lines).cast("I")[-1]

    def row(self, index: int) -> tuple[str, ...]:
        """The cells of one row."""
        offsets, rows = memoryview(self.offsets).cast("I"), len(self.lines) // 4
        places = range(index, len(offsets) - 1, rows)
        return tuple(self.data[offsets[place] : offsets[place + 1]].decode("utf-8", _ERRORS) for place in places)


@dataclass(frozen=True)
class CellTable:
    """A file whose rows have the cells of its header's places. ``first`` is of a sheet, where the header may stand
    again and sums may follow: which cell of a row is the first one of the sheet's row; it may be one more."""

    about: About
    first: int | None = None

    @cached_property
    def width(self) -> int:
        """Cells in a row."""
        return max(len(self.about.header.places), 0 if self.first is None else self.first + 1)

    @cached_property
    def header(self) -> tuple[str, ...]:
        """What a row holds that is the header again; empty where none can be."""
        header = self.about.header
        return () if self.first is None else tuple(header.texts[place.position] for place in header.places)

    @cached_property
    def _links(self) -> tuple[int, ...]:
        return tuple(slot for slot, place in enumerate(self.about.header.places) if place.column.link)

    def add(self, batch: Batch, line: int, row: tuple[str, ...]) -> None:
        """Put a row's cells into ``batch``, or why it is refused."""
        places = self.about.header.places
        cells = row[: len(places)]
        first = "" if self.first is None else row[self.first]
        if first.strip() in TOTALS and all(cells[slot] in ("", first) for slot in self._links):
            batch.rejects.append(Reject(line, "", "total-row"))
        elif cells == self.header:
            batch.rejects.append(Reject(line, "", "header-again"))
        elif sum(map(len, cells)) > MAX_CELL and max(map(len, cells)) > MAX_CELL:
            long = next(place for cell, place in zip(cells, places, strict=True) if len(cell) > MAX_CELL)
            batch.rejects.append(Reject(line, long.column.name, "cell-too-long"))
        else:
            batch.lines.append(line)
            batch.rows.append(cells)

    def batches(self, rows: Iterable[tuple[int, tuple[str, ...]]]) -> Iterator[Batch]:
        """(line, cells) of rows as batches."""
        batch = Batch()
        for line, row in rows:
            self.add(batch, line, row)
            if len(batch) >= BATCH_ROWS:
                yield batch
                batch = Batch()
        if len(batch):
            yield batch


class Columns(NamedTuple):
    """An open file's rows as columns. ``blocks`` may be gone through once, in place of its batches."""

    table: CellTable
    blocks: Callable[[], Iterator[CellBlock]]
