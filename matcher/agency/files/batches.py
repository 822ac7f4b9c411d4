"""What every reader yields: batches of rows, with the rows it could not read beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from matcher.agency.records.rejects import Reject
from matcher.protocol.agreement.model import Column

BATCH_ROWS = 4096
MAX_CELL = 4096


@dataclass(slots=True)
class Batch:
    """Some rows in file order: ``lines[i]`` is where ``rows[i]`` begins; its cells follow ``RowSource.columns``.

    ``rejects`` are rows that could not be read at all, one each; they are in none of the other two lists.
    """

    lines: list[int] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows) + len(self.rejects)


@dataclass(frozen=True, slots=True)
class RowSource:
    """An open file. ``columns`` are those of the agreement's columns that the file has, in the order of the cells.

    ``units`` are the units of money their headers name. ``total`` is about how many rows there are, for progress only.
    ``batches`` can be gone through once.
    """

    columns: tuple[Column, ...]
    units: tuple[str, ...]
    total: int
    batches: Iterator[Batch]
