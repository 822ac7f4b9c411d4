"""Which reader reads which kind of file. A new kind is one line here and one module beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matcher.agency.files import kinds
from matcher.agency.files.batches import Reading, RowSource
from matcher.agency.files.csv_rows import open_csv
from matcher.agency.files.parquet_rows import open_parquet
from matcher.agency.files.workbooks import open_xls, open_xlsx
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError

Reader = Callable[[Path, Sequence[Column], Reading], RowSource]

READERS: Mapping[str, Reader] = {
    kinds.TEXT: open_csv,
    kinds.XLSX: open_xlsx,
    kinds.XLS: open_xls,
    kinds.PARQUET: open_parquet,
}


def open_rows(path: Path, columns: Sequence[Column], reading: Reading | None = None) -> RowSource:
    """Open ``path`` with the reader for its kind and map its headers to ``columns``.

    Raises InputError when there is no such file, no reader for its kind, or its header does not fit.
    """
    try:
        return READERS[kinds.kind_of(path)](path, columns, reading or Reading())
    except OSError as error:
        raise InputError(
            f"{path.name}: the file cannot be opened", code="file-missing", remedy="Check its permissions."
        ) from error
