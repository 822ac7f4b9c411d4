"""Parquet by pyarrow, row group by row group; only the agreed columns are read from disk.

Cells become text as a person would write them. A link column of floating point is refused, since a long number has
lost its last digits there. pyarrow is imported here, when a Parquet file is opened, and nowhere else in the agency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from matcher.agency.files.batches import BATCH_ROWS, MAX_CELL, Batch, RowSource
from matcher.agency.files.headers import map_headers, unit_of
from matcher.agency.records.rejects import Reject
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError

Show = Callable[[Any], str]


def open_parquet(path: Path, columns: Sequence[Column]) -> RowSource:
    """Open ``path``. Raises InputError when it is no Parquet file or a column's type cannot be read as text."""
    import pyarrow as arrow
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
    except (arrow.ArrowInvalid, OSError) as error:
        raise InputError(f"{path.name}: this is not a readable Parquet file", remedy="Export it again.") from error
    schema = file.schema_arrow
    mapped = map_headers(path.name, schema.names, columns)
    names = [schema.names[position] for position, _column in mapped]
    if len(set(names)) != len(names) or any(schema.names.count(name) > 1 for name in names):
        raise InputError(f"{path.name}: two columns have the same name", remedy="Rename one of them.")
    shows = [_show(path.name, schema.field(position).type, column) for position, column in mapped]
    present = tuple(column for _position, column in mapped)
    units = tuple(map(unit_of, names))
    return RowSource(present, units, file.metadata.num_rows, _batches(path, file, names, shows, present))


def _show(file: str, kind: Any, column: Column) -> Show:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_string(kind) or types.is_large_string(kind):
        return str
    if types.is_integer(kind) or types.is_null(kind):
        return str
    if types.is_decimal(kind):
        return lambda value: format(value, "f")
    if types.is_floating(kind) and not column.link:
        return lambda value: format(Decimal(repr(value)), "f")
    if types.is_date(kind):
        return lambda value: str(value.isoformat())
    if types.is_timestamp(kind):
        return lambda value: str(value.date().isoformat())
    raise InputError(
        f"{file}: column {column.name} is of type {kind}, which is not read", remedy="Save this column as text."
    )


def _batches(
    path: Path, file: Any, names: list[str], shows: list[Show], columns: tuple[Column, ...]
) -> Iterator[Batch]:
    import pyarrow as arrow

    line = 0
    try:
        for block in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
            batch = Batch()
            texts = [
                ["" if value is None else show(value) for value in block.column(name).to_pylist()]
                for name, show in zip(names, shows, strict=True)
            ]
            for cells in zip(*texts, strict=True):
                line += 1
                if not any(cells):
                    continue
                if len(max(cells, key=len)) > MAX_CELL:
                    long = next(name.name for name, cell in zip(columns, cells, strict=True) if len(cell) > MAX_CELL)
                    batch.rejects.append(Reject(line, long, "cell-too-long"))
                else:
                    batch.lines.append(line)
                    batch.rows.append(cells)
            yield batch
    except (arrow.ArrowInvalid, OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path.name}: damaged after row {line}", remedy="Export the file again.") from error
    finally:
        file.close()
