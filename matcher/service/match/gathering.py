"""Rows of segments by position, whole columns at a time (compare.py).

Positions that are asked for ascend from one batch of pairs to the next, as segments are sorted by token and pairs come
by token; so each segment is read once, in order, a row group in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matcher.protocol.comparing import Matrix
from matcher.protocol.errors import VerificationError
from matcher.service.store import segments
from matcher.service.store.period_keys import PeriodKey
from matcher.service.store.uploads import Submission

Positions = npt.NDArray[np.integer[Any]]
COLUMNS = ("handle", "envelope_key", "nonce", "sealed")


class Reader:
    """Reads rows of one segment. ``columns`` names what is read, as ``batches`` have it."""

    def __init__(self, batches: Iterator[pa.RecordBatch], columns: Sequence[str] = COLUMNS) -> None:
        self._batches = batches
        self._names = columns
        self._start = self._end = 0
        self._columns: list[Matrix] = []

    def rows(self, positions: Positions) -> list[Matrix]:
        """The columns of the rows at ``positions``, in any order and repeated at will; one matrix for each column.

        Raises ValueError for one in a row group before that of the last position asked for so far, VerificationError
        past the end of the segment.
        """
        places = None
        wanted = positions
        if (positions[1:] < positions[:-1]).any():  # where a token has several rows, or a side several segments
            wanted, places = np.unique(positions, return_inverse=True)
        if len(wanted) and wanted[0] < self._start:
            raise ValueError("a segment is read forward only")
        parts: list[list[Matrix]] = []
        while len(wanted):
            here = wanted[: np.searchsorted(wanted, self._end)] - self._start
            if len(here):
                parts.append([column[here] for column in self._columns])
            wanted = wanted[len(here) :]
            if len(wanted):
                self._advance()
        columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
        return columns if places is None else [column[places] for column in columns]

    def _advance(self) -> None:
        batch = next(self._batches, None)
        if batch is None:
            raise VerificationError("a segment ends before a row of it that joined")
        self._start, self._end = self._end, self._end + batch.num_rows
        self._columns = [_matrix(batch.column(name)) for name in self._names]


def _matrix(values: pa.FixedSizeBinaryArray) -> Matrix:
    """The bytes of a column, a row of the matrix for each; a value of its own for each row would be slower by far."""
    width, start = values.type.byte_width, values.offset
    data = np.frombuffer(values.buffers()[1], np.uint8)
    return data[start * width : (start + len(values)) * width].reshape(len(values), width)


Readers = Mapping[tuple[str, int], Reader]


def readers(
    directory: Path, submissions: Iterable[Submission], key: PeriodKey, columns: Sequence[str] = COLUMNS
) -> Readers:
    """A fresh reader per segment, by (party, sequence)."""
    return {
        (item.party, item.sequence): Reader(
            segments.read(directory, item.submission, item.rows, key, columns), columns
        )
        for item in submissions
    }  # fmt: skip
