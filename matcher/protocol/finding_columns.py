"""Findings of one run as columns: the ids and leaves of findings.Finding, without an object for each.

A *kind* is what many findings share: answering party and codes. Of one kind, all leaves have the same width and differ
in handles and id only, so they are rows of a matrix. Hashing is the caller's (keys/hashing.py): this package is pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matcher.protocol import canonical
from matcher.protocol.findings import FINDING_LABEL, NO_HANDLE, Finding
from matcher.protocol.merkle import HASH_SIZE
from matcher.protocol.suite import HANDLE_SIZE, lp

# (prefix, rows end to end, size of a row) to SHA-256(prefix || row) of each, end to end.
HashEach = Callable[[bytes, bytes, int], bytes]
Matrix = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint32]
_LEAF_PREFIX = b"\x00"
_HEX = np.frombuffer(bytes(range(256)).hex().encode(), np.uint8).reshape(256, 2)
_LP_HANDLE = HANDLE_SIZE.to_bytes(2, "big")
_NO_HANDLES = np.zeros((0, HANDLE_SIZE), np.uint8)
_NO_KINDS = np.zeros(0, np.uint32)


class Kind(NamedTuple):
    """``answering`` is empty for an asking row that nobody answered. ``codes`` are sorted rule codes."""

    answering: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FindingColumns:
    """Findings of ``run``, whose asking side is ``asking``, in some order.

    Handles are matrices of 16 columns; an answering handle is zeros where ``answering`` of its kind is empty.
    ``numbers`` says which of ``kinds`` each is of.
    """

    run: bytes
    asking: str
    kinds: tuple[Kind, ...]
    asking_handles: Matrix
    answering_handles: Matrix
    numbers: Numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def part(self, chosen: slice | npt.NDArray[np.intp]) -> FindingColumns:
        """Some of the findings."""
        return FindingColumns(
            self.run, self.asking, self.kinds, self.asking_handles[chosen], self.answering_handles[chosen],
            self.numbers[chosen],
        )  # fmt: skip

    def in_order(self) -> FindingColumns:
        """The findings as a run's root has them: by asking handle, answering party, answering handle."""
        parties = sorted({kind.answering for kind in self.kinds})
        ranks = np.array([parties.index(kind.answering) for kind in self.kinds], np.intp)[self.numbers]
        first, second = _words(self.asking_handles), _words(self.answering_handles)
        return self.part(np.lexsort((second[:, 1], second[:, 0], ranks, first[:, 1], first[:, 0])))

    def finding(self, place: int) -> Finding:
        """One of them."""
        kind = self.kinds[self.numbers[place]]
        answering = self.answering_handles[place].tobytes() if kind.answering else NO_HANDLE
        return Finding(
            self.run, self.asking, self.asking_handles[place].tobytes(), kind.answering, answering, kind.codes
        )  # fmt: skip

    def ids(self, matching_digest: bytes, flow: str, period: str, hash_each: HashEach) -> Matrix:
        """The id of each, a matrix of 32 columns."""
        prefix = lp(FINDING_LABEL) + matching_digest + lp(flow) + lp(period) + self.run + lp(self.asking)
        found: Matrix = np.empty((len(self), HASH_SIZE), np.uint8)
        for kind, rows in self._by_kind():
            answered = [_LP_HANDLE, self.answering_handles[rows]] if kind.answering else [lp(NO_HANDLE)]
            parts = [
                _LP_HANDLE, self.asking_handles[rows], lp(kind.answering), *answered, lp(",".join(kind.codes)),
            ]  # fmt: skip
            found[rows] = _hashed(prefix, _side_by_side(len(rows), parts), hash_each)
        return found

    def leaf_hashes(self, ids: Matrix, hash_each: HashEach) -> Matrix:
        """The leaf hash of each under a run's root, a matrix of 32 columns; ``ids`` as ``ids`` gives them."""
        found: Matrix = np.empty((len(self), HASH_SIZE), np.uint8)
        for kind, rows in self._by_kind():
            parts = [
                b'{"answering":' + canonical.encode(kind.answering) + b',"answering_handle":"',
                _hex(self.answering_handles[rows]) if kind.answering else b"",
                b'","asking":' + canonical.encode(self.asking) + b',"asking_handle":"',
                _hex(self.asking_handles[rows]),
                b'","codes":' + canonical.encode(list(kind.codes)) + b',"id":"',
                _hex(ids[rows]),
                b'","run":"' + self.run.hex().encode() + b'"}',
            ]
            found[rows] = _hashed(_LEAF_PREFIX, _side_by_side(len(rows), parts), hash_each)
        return found

    def _by_kind(self) -> Iterator[tuple[Kind, npt.NDArray[np.intp]]]:
        for number, kind in enumerate(self.kinds):
            rows = np.flatnonzero(self.numbers == number)
            if len(rows):
                yield kind, rows


def nothing(run: bytes, asking: str) -> FindingColumns:
    """No findings."""
    return FindingColumns(run, asking, (), _NO_HANDLES, _NO_HANDLES, _NO_KINDS)


def concatenate(parts: Sequence[FindingColumns]) -> FindingColumns:
    """All the findings of ``parts``, at least one, which are of one run and asking side."""
    kinds = {kind: number for number, kind in enumerate(dict.fromkeys(kind for part in parts for kind in part.kinds))}
    numbers = [np.array([kinds[kind] for kind in part.kinds], np.uint32)[part.numbers] for part in parts]
    return FindingColumns(
        parts[0].run, parts[0].asking, tuple(kinds),
        np.concatenate([part.asking_handles for part in parts]),
        np.concatenate([part.answering_handles for part in parts]),
        np.concatenate(numbers),
    )  # fmt: skip


def _words(handles: Matrix) -> npt.NDArray[np.uint64]:
    """Handles as two numbers each that sort as their bytes do."""
    return np.ascontiguousarray(handles).view(">u8").astype(np.uint64)


def _hex(values: Matrix) -> Matrix:
    """Lower-case hexadecimal digits of each row."""
    return _HEX[values].reshape(len(values), -1)


def _side_by_side(count: int, parts: Sequence[bytes | Matrix]) -> Matrix:
    """A matrix of ``count`` rows: bytes are the same in every row, matrices are columns."""
    widths = [len(part) if isinstance(part, bytes) else part.shape[1] for part in parts]
    whole: Matrix = np.empty((count, sum(widths)), np.uint8)
    start = 0
    for part, width in zip(parts, widths, strict=True):
        whole[:, start : start + width] = np.frombuffer(part, np.uint8) if isinstance(part, bytes) else part
        start += width
    return whole


def _hashed(prefix: bytes, rows: Matrix, hash_each: HashEach) -> Matrix:
    digests = hash_each(prefix, rows.tobytes(), rows.shape[1])
    return np.frombuffer(digests, np.uint8).reshape(len(rows), HASH_SIZE)
