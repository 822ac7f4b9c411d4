"""Parquet by pyarrow, row group by row group; only the agreed columns are read from disk.

Cells become text as a person would write them. What stands in floating point obeys the rule for a spreadsheet's numbers
(typed.py). A point in time counts as its day in China. pyarrow is imported here, when a Parquet file is opened, and
nowhere else in the agency.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from matcher.agency.files.batches import BATCH_ROWS, MAX_CELL, About, Batch, Reading, RowSource, source
from matcher.agency.files.headers import find_header
from matcher.agency.files.typed import PLAIN, number_reader
from matcher.agency.records.rejects import Reject
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError
from matcher.protocol.zone import CHINA

Show = Callable[[Any], str]


def open_parquet(path: Path, columns: Sequence[Column], reading: Reading) -> RowSource:
    """Open ``path``. Raises InputError when it is no Parquet file or a column's type cannot be read as text."""
    import pyarrow as arrow
    from pyarrow import parquet

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
    shows = [_show(path.name, schema.field(place.position).type, place.column) for place in header.places]
    about = About("parquet", header)
    return source(about, file.metadata.num_rows, _batches(path, file, names, shows, about))


def _show(file: str, kind: Any, column: Column) -> Show:
    from pyarrow import types

    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return str
    if types.is_integer(kind) or types.is_null(kind):
        return str
    if types.is_decimal(kind):
        return (lambda value: format(value, "f")) if column.type == "amount" else _whole_decimal
    if types.is_floating(kind):
        number = number_reader(column, from_1904=False)
        return lambda value: "" if value != value else number(_whole(value), PLAIN)
    if types.is_date(kind):
        return lambda value: str(value.isoformat())
    if types.is_timestamp(kind):
        return _day
    raise InputError(
        f"{file}: column {column.name} is of type {kind}, which is not read",
        code="column-type",
        remedy="Save this column as text.",
    )


def _whole_decimal(value: Decimal) -> str:
    """A number in a column of decimals is exact, whatever its scale; so an account number there has lost nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _whole(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _day(value: Any) -> str:
    return str((value if value.tzinfo is None else value.astimezone(CHINA)).date().isoformat())


def _batches(path: Path, file: Any, names: list[str], shows: list[Show], about: About) -> Iterator[Batch]:
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
                if sum(map(len, cells)) > MAX_CELL and max(map(len, cells)) > MAX_CELL:
                    long = next(
                        place.column.name
                        for place, cell in zip(about.header.places, cells, strict=True)
                        if len(cell) > MAX_CELL
                    )
                    batch.rejects.append(Reject(line, long, "cell-too-long"))
                else:
                    batch.lines.append(line)
                    batch.rows.append(cells)
            yield batch
    except (arrow.ArrowException, OSError, ValueError, OverflowError) as error:
        raise InputError(
            f"{path.name}: damaged after row {line}", code="file-damaged", remedy="Export the file again."
        ) from error
    finally:
        file.close()
