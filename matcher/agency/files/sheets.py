"""What a workbook reader offers, whatever the format: sheets, their first rows, their rows by wanted columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from matcher.agency.files.addresses import Merge
from matcher.agency.files.typed import Number


class SheetRow(NamedTuple):
    """A row by its number in the sheet, from 1. ``filled``: some cell holds something, wanted or not."""

    number: int
    hidden: bool
    filled: bool
    cells: list[str]


class Slots(NamedTuple):
    """Where wanted cells go: by position in the sheet, the index in ``SheetRow.cells``; and how numbers are read."""

    by_position: Mapping[int, int]
    numbers: Sequence[Number]


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
