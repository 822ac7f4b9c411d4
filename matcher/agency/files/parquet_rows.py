"""Parquet by pyarrow, row group by row group; only the agreed columns are read from disk.

Columns become text as columns (parquet_texts.py); rows are made of them only for a reader that takes rows. pyarrow is
imported here, when a Parquet file is opened, and nowhere else in the agency.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from matcher.agency.files.batches import BATCH_ROWS, About, Batch, Reading, RowSource, source
from matcher.agency.files.columns import CellBlock, CellTable, Columns
from matcher.agency.files.headers import find_header
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError

_BLOCK_ROWS = 2 * BATCH_ROWS


def open_parquet(path: Path, columns: Sequence[Column], reading: Reading) -> RowSource:
    """Open ``path``. Raises InputError when it is no Parquet file or a column's type cannot be read as text."""
    import pyarrow as arrow
    from pyarrow import parquet

    from matcher.agency.files import parquet_texts

    try:
        file = parquet.ParquetFile(path)
    except (arrow.ArrowException, OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{path.name}: this is not a readable Parquet file", code="file-damaged", remedy="Export it again."
        ) from error
    schema = file.schema_arrow
    header = find_header(path.name, [schema.names], columns, reading.mappings)
    names = [schema.names[place.position] for place in header.places]
    if len(set(names)) != len(names) or any(schema.names.count(name) > 1 for name in names):
        raise InputError(
            f"{path.name}: two columns have the same name", code="header-twice", remedy="Rename one of them."
        )
    texts = [parquet_texts.texts(path.name, schema.field(place.position).type, place.column) for place in header.places]
    about = About("parquet", header)
    table = CellTable(about)

    def read(rows: int) -> Iterator[tuple[int, list[Any]]]:
        return _read(path, file, names, texts, rows)

    cells = Columns(table, lambda: _blocks(read(_BLOCK_ROWS)))
    return source(about, file.metadata.num_rows, _batches(read(BATCH_ROWS), table), cells=cells)


def _read(
    path: Path, file: Any, names: list[str], texts: Sequence[Any], rows: int
) -> Iterator[tuple[int, list[Any]]]:  # fmt: skip
    """(rows before, the columns as arrays of text) of up to ``rows`` rows at a time."""
    import pyarrow as arrow

    line = 0
    try:
        for batch in file.iter_batches(batch_size=rows, columns=names):
            yield line, [text(batch.column(name)) for name, text in zip(names, texts, strict=True)]
            line += batch.num_rows
    except (arrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise InputError(
            f"{path.name}: damaged after row {line}", code="file-damaged", remedy="Export the file again."
        ) from error
    finally:
        file.close()


def _batches(read: Iterator[tuple[int, list[Any]]], table: CellTable) -> Iterator[Batch]:
    for before, columns in read:
        batch = Batch()
        for line, cells in enumerate(zip(*(column.to_pylist() for column in columns), strict=True), before + 1):
            if any(cells):
                table.add(batch, line, cells)
        yield batch


def _blocks(read: Iterator[tuple[int, list[Any]]]) -> Iterator[CellBlock]:
    import numpy

    from matcher.agency.files import parquet_texts

    for before, columns in read:
        lines = numpy.arange(before + 1, before + 1 + len(columns[0]), dtype=numpy.uint32)
        filled = parquet_texts.filled(columns)
        if not filled.all():
            lines, columns = lines[filled], [column.filter(filled) for column in columns]
        yield CellBlock(*parquet_texts.packed(columns), lines.tobytes())
