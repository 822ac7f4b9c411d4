"""First task for a text file where the native crate is: a block of its rows into staged records.

The crate makes the records of plain rows and hands the others back; those are read as prepare.py reads any row, so that
what is refused, and why, is decided in one place.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from matcher.agency.blind.context import Context
from matcher.agency.blind.prepare import Prepared, prepared
from matcher.agency.files.batches import TextTable, source
from matcher.agency.files.blocks import TextBlock
from matcher.agency.files.csv_rows import Rows, batches_of, rows_of
from matcher.agency.records.cells import CREDIT_CODE
from matcher.agency.records.compiled import BlockForm
from matcher.agency.records.records import SPARED
from matcher.agency.submit.buckets import append_parts

Left = Sequence[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class PrepareBlock:
    """A block of text file number ``file``, to be staged in the directory ``staged``."""

    staged: Path
    file: int
    form: BlockForm
    block: TextBlock
    leaves_lock: ClassVar[bool] = True

    def run(self, context: Context) -> Prepared:
        """Normalise, name and pack."""
        reader = context.block_reader(self.file, self.form)
        parts, counts, left, tags, handles = reader.read(self.block.data, self.block.line, self.file)
        append_parts(self.staged, enumerate(parts))
        rows, records, warned, spared = counts
        result = Prepared(rows=rows, records=records, tags=tags, handles=handles)
        result.warnings.update({name: count for name, count in ((CREDIT_CODE, warned), (SPARED, spared)) if count})
        if left:
            self._read(context, left, result)
        return result

    def _read(self, context: Context, left: Left, result: Prepared) -> None:
        """Read the rows that the crate has left, which begin at these lines and lie there in the block."""
        table = self.form.table
        batches = batches_of(_rows(table, self.block, left), table)
        amended, applying = context.amending.source(source(table.about, 0, batches))
        reader = context.reader(self.form.present, self.form.units)
        for batch in amended.batches:
            result.rows += len(batch.rejects)
            result.rejected += len(batch.rejects)
            result.rejects += batch.rejects
            parts = prepared(context, reader, self.file, batch.lines, batch.rows, result)
            append_parts(self.staged, parts.items())
        if applying is not None:
            result.codes, result.untold = applying.counts, applying.warnings


def _rows(table: TextTable, block: TextBlock, left: Left) -> Rows:
    for line, start, end in left:
        text = block.data[start:end].decode("utf-8", block.errors)
        yield from rows_of(io.StringIO(text, newline=""), table.separator, line)
