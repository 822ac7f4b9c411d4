"""What every reader yields: batches of rows, with the rows it could not read beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from matcher.agency.files.addresses import letters
from matcher.agency.files.encoding import TextForm
from matcher.agency.files.headers import Header
from matcher.agency.files.mappings import SourceMapping
from matcher.agency.records.rejects import Reject
from matcher.protocol.agreement.model import Column

if TYPE_CHECKING:
    from matcher.agency.files.columns import Columns

BATCH_ROWS = 4096
MAX_CELL = 4096
# What the first cell of a sum below a table says; such a row names nothing to compare by.
TOTALS = frozenset(
    spelling + end
    for word in ("合计", "总计", "小计", "累计", "本页合计", "Total", "TOTAL", "total", "Grand Total")
    for spelling in (word, " ".join(word), "  ".join(word))
    for end in ("", ":", "：")
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How the files are to be read: ``sheet`` by name or number (empty: the one whose header fits), mappings."""

    sheet: str = ""
    mappings: tuple[SourceMapping, ...] = ()

    def texts(self) -> Iterator[str]:
        """All that the mappings say, for a digest."""
        for mapping in self.mappings:
            yield from (mapping.sheet, str(len(mapping.entries)))
            for entry in mapping.entries:
                yield from (entry.header, entry.column, entry.unit)


@dataclass(slots=True)
class Batch:
    """Some rows in file order: ``lines[i]`` is where ``rows[i]`` begins; its cells follow ``RowSource.columns``.

    A cell may be a mark (records/faults.py). ``rejects`` are rows that could not be read at all, one each; they are in
    none of the other two lists.
    """

    lines: list[int] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows) + len(self.rejects)


@dataclass(slots=True)
class About:
    """What a clerk is told of a file, apart from its rows. ``hidden`` grows while the rows are read.

    ``form`` is the type with encoding or separator; ``line`` is the header's last line, 0 where the format has none.
    """

    form: str
    header: Header
    line: int = 0
    sheet: str = ""
    hidden: int = 0

    def labels(self) -> Mapping[str, str]:
        """By column name: the header as it stands in the file, in a sheet with the column's letters before it."""
        return {
            place.column.name: f"{letters(place.position)} {place.header}" if self.sheet else place.header
            for place in self.header.places
        }

    def summary(self, file: str) -> dict[str, Any]:
        """As JSON; headers are no content of a row."""
        return {
            "file": file,
            "form": self.form,
            "sheet": self.sheet,
            "header_line": self.line,
            "hidden_rows": self.hidden,
            "columns": {place.column.name: place.header for place in self.header.places},
            "units": {place.column.name: place.unit for place in self.header.places if place.column.type == "amount"},
            "not_read": list(self.header.ignored),
            "absent": list(self.header.absent),
        }


class TextTable(NamedTuple):
    """How a text file is read: what a process needs that gets only some of its rows. ``repeated`` is the header's last
    row as it stands there."""

    about: About
    form: TextForm
    separator: str
    repeated: list[str]


@dataclass(frozen=True, slots=True)
class RowSource:
    """An open file. ``columns`` are those of the agreement's columns that the file has, in the order of the cells.

    ``units`` are the units of money their headers name. ``total`` is about how many rows there are, for progress only.
    ``batches`` can be gone through once. ``text`` is of a text file, whose rows may also be read in blocks (blocks.py);
    ``cells`` are the same rows as ``batches``, before anything amended them, for readers of columns.
    """

    columns: tuple[Column, ...]
    units: tuple[str, ...]
    total: int
    batches: Iterator[Batch]
    about: About
    text: TextTable | None = None
    cells: Columns | None = None


def source(
    about: About, total: int, batches: Iterator[Batch], text: TextTable | None = None, cells: Columns | None = None
) -> RowSource:  # fmt: skip
    """The RowSource of a file whose cells follow ``about.header.places``."""
    places = about.header.places
    return RowSource(
        tuple(place.column for place in places),
        tuple(place.unit for place in places),
        total,
        batches,
        about,
        text,
        cells,
    )
