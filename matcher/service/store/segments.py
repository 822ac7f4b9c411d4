"""Segments: one immutable Parquet file per sealed submission, encrypted under its own keys (design section 7).

Parquet modular encryption gives each file fresh data keys, wrapped by the period's key. A segment is written aside,
synced and renamed here; naming it in the control database, which makes it count, is the sealing act's commit point.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

from matcher.protocol import rows
from matcher.protocol.errors import NotFoundError, StateError
from matcher.service.home import sync
from matcher.service.store.period_keys import LOST, PeriodKey

KEY_COLUMNS = ("op", "token", "handle")
_SUFFIX = ".parquet"
_ASIDE = ".aside"
GROUP_ROWS = 16_384


class _Wrapping(pe.KmsClient):  # type: ignore[misc]
    def __init__(self, key: PeriodKey) -> None:
        super().__init__()
        self._key = key
        # A segment has a few data keys, and Arrow asks for one with every row group of every column.
        self._unwrapped: dict[bytes, bytes] = {}

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:  # noqa: ARG002
        return base64.b64encode(self._key.wrap(key_bytes))

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:  # noqa: ARG002
        if wrapped_key not in self._unwrapped:
            self._unwrapped[wrapped_key] = self._key.unwrap(base64.b64decode(wrapped_key))
        return self._unwrapped[wrapped_key]


def path_of(directory: Path, submission: bytes) -> Path:
    """The segment file of a submission."""
    return directory / f"{submission.hex()}{_SUFFIX}"


def schema(row_size: int) -> pa.Schema:
    """Columns of a segment for packed rows of ``row_size`` bytes, all of fixed width."""
    fields = [pa.field(name, pa.binary(width), nullable=False) for name, width in rows.COLUMNS]
    fields.append(pa.field("sealed", pa.binary(row_size - rows.FIXED_SIZE), nullable=False))
    return pa.schema(fields)


class Writer:
    """A segment that is being written aside, replacing one left behind by an earlier attempt.

    ``rows`` are in it so far. It is no segment before it is finished.
    """

    def __init__(self, directory: Path, submission: bytes, row_size: int, key: PeriodKey) -> None:
        self.rows = 0
        self._columns = schema(row_size)
        self._path = path_of(directory, submission)
        self._aside = self._path.with_suffix(_ASIDE)
        factory = pe.CryptoFactory(lambda _configuration: _Wrapping(key))
        properties = factory.file_encryption_properties(
            pe.KmsConnectionConfig(),
            pe.EncryptionConfiguration(
                footer_key=key.name, column_keys={key.name: self._columns.names}, double_wrapping=False,
                data_key_length_bits=256, plaintext_footer=False,
            ),
        )  # fmt: skip
        self._file = pq.ParquetWriter(
            self._aside, self._columns, encryption_properties=properties, compression="none", use_dictionary=False,
            write_statistics=False,
        )  # fmt: skip
        self._aside.chmod(0o600)

    def append(self, batches: Sequence[pa.RecordBatch]) -> None:
        """Append rows as one row group; meant for GROUP_ROWS at a time."""
        table = pa.Table.from_batches(batches, self._columns)
        self._file.write_table(table)
        self.rows += table.num_rows

    def sync(self) -> None:
        """Force what was appended to disk, so that little is left for the end."""
        sync(self._aside)

    def finish(self) -> None:
        """Make it whole, force it to disk and give it its name."""
        self._file.close()
        self.sync()
        self._aside.replace(self._path)
        sync(self._path.parent)

    def discard(self) -> None:
        """Give it up, finished or not. What cannot be written any more is not missed."""
        with suppress(OSError):
            self._file.close()
        self._aside.unlink(missing_ok=True)


def unpacked(packed: bytes, row_size: int) -> pa.RecordBatch:
    """Packed rows as they are appended."""
    count, columns = len(packed) // row_size, schema(row_size)
    whole = pa.FixedSizeBinaryArray.from_buffers(pa.binary(row_size), count, [None, pa.py_buffer(packed)])
    arrays, start = [], 0
    for field in columns:
        arrays.append(pc.binary_slice(whole, start, start + field.type.byte_width))
        start += field.type.byte_width
    return pa.RecordBatch.from_arrays(arrays, schema=columns)


def received(columns: Mapping[str, bytes], row_size: int) -> pa.RecordBatch:
    """Columns of rows, as they came, as they are appended; nothing is copied."""
    named = schema(row_size)
    count = len(columns["op"])
    arrays = [
        pa.FixedSizeBinaryArray.from_buffers(field.type, count, [None, pa.py_buffer(columns[field.name])])
        for field in named
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=named)


def read(
    directory: Path, submission: bytes, count: int, key: PeriodKey, columns: Iterable[str]
) -> Iterator[pa.RecordBatch]:
    """Record batches of a segment in row order. Raises StateError when it does not hold ``count`` rows."""
    factory = pe.CryptoFactory(lambda _configuration: _Wrapping(key))
    with pq.ParquetFile(
        path_of(directory, submission),
        decryption_properties=factory.file_decryption_properties(pe.KmsConnectionConfig()),
        # Buffering ahead would hold all row groups of the columns at once: the whole segment.
        pre_buffer=False,
    ) as file:
        if file.metadata.num_rows != count:
            raise StateError(f"a segment holds {file.metadata.num_rows} rows, {count} were sealed")
        # By columns, threads would cost more than they save: a row group is a few milliseconds' work.
        yield from _one_ahead(file.iter_batches(GROUP_ROWS, columns=list(columns), use_threads=False))


def _one_ahead(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """``batches``, the next one read and decrypted while one is worked on."""
    with ThreadPoolExecutor(1, thread_name_prefix="read") as thread:
        following = thread.submit(next, batches, None)
        while (batch := following.result()) is not None:
            following = thread.submit(next, batches, None)
            yield batch


def require_present(directory: Path, submissions: Iterable[bytes]) -> None:
    """Raise NotFoundError unless every sealed submission's segment is on this disk."""
    named = list(submissions)
    missing = sum(not path_of(directory, submission).is_file() for submission in named)
    if missing:
        raise NotFoundError(
            f"{missing} of {len(named)} sealed submissions are not on the service's disk any more", remedy=LOST
        )


def remove(directory: Path, submission: bytes) -> None:
    """Remove a segment file, if it is there."""
    path_of(directory, submission).unlink(missing_ok=True)


def found(directory: Path) -> Iterator[bytes]:
    """The submissions that have a segment file."""
    for path in directory.glob(f"*{_SUFFIX}"):
        yield bytes.fromhex(path.stem)


def remove_unfinished(directory: Path) -> int:
    """Remove files written aside and never renamed; how many there were."""
    unfinished = list(directory.glob(f"*{_ASIDE}"))
    for path in unfinished:
        path.unlink()
    return len(unfinished)
