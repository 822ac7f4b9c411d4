"""DuckDB for one job: bounded memory, own scratch directory, no network, no extensions, closed when done.

Only tokens, handles and row numbers are loaded here, so only those can spill to the scratch directory; envelopes and
their keys are read straight from the segments (compare.py).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from matcher.service.store import segments
from matcher.service.store.period_keys import PeriodKey
from matcher.service.store.uploads import Submission

_THREADS = 2
_MEMORY_LIMIT = "192MB"
_ROWS = pa.schema(
    [
        pa.field("party", pa.int8()),
        pa.field("sequence", pa.int32()),
        pa.field("position", pa.int32()),
        pa.field("is_put", pa.bool_()),
        pa.field("token", pa.binary(16)),
        pa.field("handle", pa.binary(16)),
    ]
)


@contextmanager
def connect(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty in-memory database whose spills go to a directory of its own under ``scratch``."""
    directory = Path(tempfile.mkdtemp(prefix="join-", dir=scratch))
    connection = duckdb.connect(
        config={
            "threads": _THREADS,
            "memory_limit": _MEMORY_LIMIT,
            "temp_directory": str(directory),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    try:
        yield connection
    finally:
        connection.close()
        shutil.rmtree(directory)


def load(
    connection: duckdb.DuckDBPyConnection, directory: Path, submissions: Iterable[Submission], key: PeriodKey,
    parties: Sequence[str],
) -> Iterator[int]:  # fmt: skip
    """Fill table ``sent`` with the key columns of the submissions; yields the rows loaded after each one.

    A party is written as its place in ``parties``.
    """
    connection.execute(
        "CREATE TABLE sent (party TINYINT, sequence INTEGER, position INTEGER, is_put BOOLEAN, token BLOB, handle BLOB)"
    )
    done = 0
    for submission in submissions:
        reader = pa.RecordBatchReader.from_batches(
            _ROWS, _batches(directory, submission, key, parties.index(submission.party))
        )
        connection.register("segment", reader)
        connection.execute("INSERT INTO sent SELECT * FROM segment")
        connection.unregister("segment")
        done += submission.rows
        yield done


def _batches(directory: Path, submission: Submission, key: PeriodKey, party: int) -> Iterator[pa.RecordBatch]:
    position = 0
    batches = segments.read(directory, submission.submission, submission.rows, key, segments.KEY_COLUMNS)
    put = pa.scalar(b"\x01", pa.binary(1))
    for batch in batches:
        count = batch.num_rows
        yield pa.RecordBatch.from_arrays(
            [
                pa.repeat(pa.scalar(party, pa.int8()), count),
                pa.repeat(pa.scalar(submission.sequence, pa.int32()), count),
                pa.arange(position, position + count).cast(pa.int32()),
                pa.compute.equal(batch.column("op"), put),
                batch.column("token"),
                batch.column("handle"),
            ],
            schema=_ROWS,
        )
        position += count
