"""What a workbook reader offers, whatever the format: sheets, their first rows, their rows by wanted columns."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from keys import native
from matcher.agency.files.addresses import Merge
from matcher.agency.files.batches import BATCH_ROWS
from matcher.agency.files.columns import CellBlock
from matcher.agency.files.typed import Number


class SheetRow(NamedTuple):
    """A row by its number in the sheet, from 1. ``filled``: some cell holds something, wanted or not."""

    number: int
    hidden: bool
    filled: bool
    cells: list[str]


class Slots(NamedTuple):
    """Where wanted cells go: by position in the sheet, the index in ``SheetRow.cells``; and how numbers are read, with
    the names of these ways (typed.number_kind)."""

    by_position: Mapping[int, int]
    numbers: Sequence[Number]
    kinds: Sequence[str] = ()


def packed(rows: Iterable[SheetRow], after: int) -> Iterator[tuple[CellBlock, int]]:
    """``rows`` behind row ``after`` that hold something, as Sheet.blocks has them; those before an error as well, which
    tells by the last of them where it is."""
    some: list[SheetRow] = []
    try:
        for row in rows:
            if row.filled and row.number > after:
                some.append(row)
            if len(some) >= BATCH_ROWS:
                yield _packed(some)
                some = []
    except Exception:
        if some:
            yield _packed(some)
        raise
    if some:
        yield _packed(some)


def _packed(rows: Sequence[SheetRow]) -> tuple[CellBlock, int]:
    columns = zip(*(row.cells for row in rows), strict=True)
    cells = [cell.encode("utf-8", "surrogatepass") for column in columns for cell in column]
    lines = array("I", (row.number for row in rows)).tobytes()
    return CellBlock(*native.column(cells), lines), sum(row.hidden for row in rows)


class Sheet(Protocol):
    """One sheet of an open workbook."""

    @property
    def name(self) -> str:
        """As on its tab."""

    @property
    def hidden(self) -> bool:
        """Whether its tab is not shown."""

    def head(self, count: int) -> list[tuple[int, list[str]]]:
        """The first ``count`` rows that hold something, with their numbers; cells by position, as shown."""

    def rows(self, slots: Slots) -> Iterator[SheetRow]:
        """All rows in order."""

    def blocks(self, slots: Slots, after: int) -> Iterator[tuple[CellBlock, int]]:
        """Rows that hold something, behind row ``after``, as columns, and how many of them are hidden."""

    def merges(self) -> Iterator[Merge]:
        """The merged areas."""

    def total(self) -> int:
        """About how many rows there are."""


class Book(Protocol):
    """An open workbook. ``from_1904``: its day numbers count from 1904."""

    @property
    def sheets(self) -> Sequence[Sheet]:
        """The sheets that hold cells, in order."""

    @property
    def from_1904(self) -> bool:
        """Whether day numbers count from 1904, as older Macintosh programs wrote them."""

    def close(self) -> None:
        """Close the file."""
