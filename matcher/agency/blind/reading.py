"""First task for a file read in blocks, where the native crate is: a block of its rows into staged records.

The crate makes the records of plain rows and hands the others back; those are read as prepare.py reads any row, so that
what is refused, and why, is decided in one place. A few are read at once; many, which would hold the interpreter's lock
for long, are a second task for another process.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from matcher.agency.blind.context import Context
from matcher.agency.blind.prepare import Prepared, prepared
from matcher.agency.files.batches import Batch, source
from matcher.agency.files.blocks import TextBlock
from matcher.agency.files.columns import CellBlock, CellTable
from matcher.agency.files.csv_rows import batches_of, rows_of
from matcher.agency.records.cells import CREDIT_CODE
from matcher.agency.records.compiled import BlockForm
from matcher.agency.records.records import SPARED

Row = str | tuple[str, ...]  # of a text file its text, of any other its cells


@dataclass(frozen=True, slots=True)
class PrepareBlock:
    """A block of file number ``file``, to be staged in the directory ``staged``.

    More rows than ``most_left`` that the crate leaves are not read here: they are another task (PrepareLeft).
    """

    staged: Path
    file: int
    form: BlockForm
    block: TextBlock | CellBlock
    most_left: int
    leaves_lock: ClassVar[bool] = True

    def run(self, context: Context) -> Prepared:
        """Normalise, name and pack."""
        reader = context.block_reader(self.file, self.form)
        parts, counts, left, tags, handles = reader.read(self.block, self.file)
        context.files(self.staged).append(enumerate(parts))
        rows, records, warned, spared = counts
        result = Prepared(rows=rows, records=records, tags=tags, handles=handles)
        result.warnings.update({name: count for name, count in ((CREDIT_CODE, warned), (SPARED, spared)) if count})
        if left:
            rest = PrepareLeft(self.staged, self.file, self.form, self._rows(left), result)
            if len(left) > self.most_left:
                return Prepared(rest=rest)
            rest.run(context)
        return result

    def _rows(self, left: Sequence[tuple[int, int, int]]) -> list[tuple[int, Row]]:
        block = self.block
        if isinstance(block, CellBlock):
            return [(line, block.row(index)) for line, index, _after in left]
        return [(line, block.data[start:end].decode("utf-8", block.errors)) for line, start, end in left]


@dataclass(frozen=True, slots=True)
class PrepareLeft:
    """Rows of a block that the crate left, by first line; ``result`` is what it made of the others."""

    staged: Path
    file: int
    form: BlockForm
    rows: list[tuple[int, Row]]
    result: Prepared

    def run(self, context: Context) -> Prepared:
        """Read them in Python; returns ``result``, of the whole block."""
        table, result = self.form.table, self.result
        amended, applying = context.amending.source(source(table.about, 0, self._batches()))
        reader = context.reader(self.form.present, self.form.units)
        for batch in amended.batches:
            result.rows += len(batch.rejects)
            result.rejected += len(batch.rejects)
            result.rejects += batch.rejects
            parts = prepared(context, reader, self.file, batch.lines, batch.rows, result)
            context.files(self.staged).append(parts.items())
        if applying is not None:
            result.codes, result.untold = applying.counts, applying.warnings
        return result

    def _batches(self) -> Iterator[Batch]:
        table = self.form.table
        if isinstance(table, CellTable):
            return table.batches((line, row) for line, row in self.rows if not isinstance(row, str))
        texts = ((line, io.StringIO(row, newline="")) for line, row in self.rows if isinstance(row, str))
        return batches_of((found for line, text in texts for found in rows_of(text, table.separator, line)), table)


@dataclass(frozen=True, slots=True)
class Ready:
    """Nothing left to do."""

    result: Prepared
    leaves_lock: ClassVar[bool] = True

    def run(self, context: Context) -> Prepared:  # noqa: ARG002 - every task takes it
        """What was there."""
        return self.result
