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
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matcher.protocol.comparing import Matrix
from matcher.service.store import segments
from matcher.service.store.period_keys import PeriodKey
from matcher.service.store.uploads import Submission

_THREADS = 2
_MEMORY_LIMIT = "192MB"
_SIGN = np.uint64(1 << 63)
_ROWS = pa.schema(
    [
        pa.field("party", pa.int8()),
        pa.field("sequence", pa.int32()),
        pa.field("position", pa.int32()),
        pa.field("is_put", pa.bool_()),
        *(pa.field(name, pa.int64()) for name in ("token_high", "token_low", "handle_high", "handle_low")),
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
            # What is read from it is ordered by name; keeping the order of tables too takes memory.
            "preserve_insertion_order": False,
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

    A party is written as its place in ``parties``, a token or handle as two numbers that sort as its bytes do.
    """
    connection.execute(
        "CREATE TABLE sent (party TINYINT, sequence INTEGER, position INTEGER, is_put BOOLEAN, token_high BIGINT, "
        "token_low BIGINT, handle_high BIGINT, handle_low BIGINT)"
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
                *_halves(batch.column("token")),
                *_halves(batch.column("handle")),
            ],
            schema=_ROWS,
        )
        position += count


def _halves(values: pa.FixedSizeBinaryArray) -> list[pa.Int64Array]:
    """The two halves of each value of 16 bytes, as signed numbers in the order of the bytes."""
    whole = np.frombuffer(values.buffers()[1], ">u8")[2 * values.offset : 2 * (values.offset + len(values))]
    signed = (whole.astype(np.uint64) ^ _SIGN).view(np.int64)
    return [pa.array(np.ascontiguousarray(signed[place::2])) for place in (0, 1)]


def tokens(high: npt.NDArray[np.int64], low: npt.NDArray[np.int64]) -> Matrix:
    """The tokens, a matrix of 16 columns, whose halves these are."""
    halves = np.stack([high, low], axis=1).view(np.uint64) ^ _SIGN
    return halves.astype(">u8").view(np.uint8)
