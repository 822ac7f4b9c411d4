"""Which reader reads which type of file. A new type is one line here and one module beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from matcher.agency.files.batches import RowSource
from matcher.agency.files.csv_rows import open_csv
from matcher.agency.files.parquet_rows import open_parquet
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError

Reader = Callable[[Path, Sequence[Column]], RowSource]

READERS: Mapping[str, Reader] = {
    ".csv": open_csv,
    ".txt": open_csv,
    ".parquet": open_parquet,
}
WORKBOOKS = frozenset((".xlsx", ".xlsm", ".xls", ".et", ".ods"))


def open_rows(path: Path, columns: Sequence[Column]) -> RowSource:
    """Open ``path`` with the reader for its type and map its headers to ``columns``.

    Raises InputError when there is no such file, no reader for its type, or its header does not fit.
    """
    suffix = path.suffix.lower()
    if suffix in WORKBOOKS:
        raise InputError(
            f"{path.name}: workbooks are not read yet",
            remedy="Save the sheet as CSV (in Excel: Save as, CSV UTF-8) and submit that file.",
        )
    if suffix not in READERS:
        raise InputError(
            f"{path.name}: files of type {suffix or 'none'} are not read",
            remedy=f"Submit one of: {', '.join(READERS)}.",
        )
    if not path.is_file():
        raise InputError(f"{path.name}: there is no such file", remedy="Check the path.")
    try:
        return READERS[suffix](path, columns)
    except OSError as error:
        raise InputError(f"{path.name}: the file cannot be opened", remedy="Check its permissions.") from error
