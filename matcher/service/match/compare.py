"""Opening and comparing joined pairs (design section 4): the only place where the service sees comparison vectors.

Each row carries the *other* side's envelope key, so a vector opens only beside the row it joined. Pairs come by
ascending token, as segments are sorted, so both are read once, in order, a batch at a time. Opened vectors live in
memory for one batch of pairs, since names are compared over whole columns, and reach no disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from matcher.protocol import rows, rules
from matcher.protocol.agreement.model import Flow
from matcher.protocol.errors import VerificationError
from matcher.protocol.findings import NO_HANDLE
from matcher.protocol.outcomes import Outcome
from matcher.protocol.vector import VectorLayout
from matcher.service.match.join import Lonely, Pair
from matcher.service.store import segments
from matcher.service.store.period_keys import PeriodKey
from matcher.service.store.uploads import Submission

_BATCH = 1024


class Row(NamedTuple):
    """What a row carries beside its op and token."""

    handle: bytes
    envelope_key: bytes
    nonce: bytes
    sealed: bytes


class Cursor:
    """Reads rows of one segment by ascending position; rows of the present token may be asked for again."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._start = self._end = 0
        # Of the present batch: (width, its bytes) of each of Row's columns.
        self._columns: list[tuple[int, bytes]] = []
        self._token = b""
        self._kept: dict[int, Row] = {}

    def row(self, token: bytes, position: int) -> Row:
        """The row at ``position``, whose token is ``token``. Raises VerificationError past the end."""
        if token != self._token:
            self._token = token
            self._kept.clear()
        if position not in self._kept:
            self._kept[position] = self._read(position)
        return self._kept[position]

    def _read(self, position: int) -> Row:
        while position >= self._end:
            batch = next(self._batches, None)
            if batch is None:
                raise VerificationError("a segment ends before a row of it that joined")
            self._start, self._end = self._end, self._end + batch.num_rows
            self._columns = [_column(batch.column(name)) for name in Row._fields]
        offset = position - self._start
        return Row(*(data[offset * width : (offset + 1) * width] for width, data in self._columns))


def _column(values: pa.FixedSizeBinaryArray) -> tuple[int, bytes]:
    """(width, bytes) of a column; a value of its own for each row would be slower by far."""
    width, start = values.type.byte_width, values.offset
    return width, values.buffers()[1][start * width : (start + len(values)) * width].to_pybytes()


Cursors = Mapping[tuple[str, int], Cursor]


def cursors(directory: Path, submissions: Iterable[Submission], key: PeriodKey) -> Cursors:
    """A fresh cursor per segment, by (party, sequence)."""
    return {
        (item.party, item.sequence): Cursor(segments.read(directory, item.submission, item.rows, key, Row._fields))
        for item in submissions
    }


class Verdict(NamedTuple):
    """The handles of a pair, or of an asking row alone, and the sorted codes of the rules that fire."""

    asking_handle: bytes
    answering: str
    answering_handle: bytes
    codes: tuple[str, ...]


class _Opened(NamedTuple):
    """A pair with both of its vectors, None when an envelope did not open."""

    pair: Pair
    asking_handle: bytes
    party: str
    answering_handle: bytes
    vectors: tuple[bytes, bytes] | None


class Comparison:
    """Compares the pairs of one flow and period, which its matching digest and labels bind."""

    def __init__(self, flow: Flow, matching_digest: bytes, period: str) -> None:
        self._flow = flow
        self._parties = flow.parties()
        self._layout = VectorLayout(flow.fields)
        self._prefixes = {
            party: rows.row_aad_prefix(matching_digest, flow.id, period, flow.side_of(party), party)
            for party in self._parties
        }

    def of_pairs(self, pairs: Iterable[Pair], readers: Cursors) -> Iterator[Verdict]:
        """What fires for each pair, in order: ``unreadable`` alone when an envelope does not open."""
        remaining = iter(pairs)
        while batch := [self._opened(pair, readers) for pair in islice(remaining, _BATCH)]:
            vectors = [one.vectors for one in batch if one.vectors]
            found = iter(self._layout.outcomes_columns([left for left, _ in vectors], [right for _, right in vectors]))
            for one in batch:
                outcomes = next(found) if one.vectors else None
                yield Verdict(one.asking_handle, one.party, one.answering_handle, self._codes(one.pair, outcomes))

    def _opened(self, pair: Pair, readers: Cursors) -> _Opened:
        party = self._parties[pair.answering]
        asking = readers[self._flow.asking, pair.asking_sequence].row(pair.token, pair.asking_position)
        answering = readers[party, pair.answering_sequence].row(pair.token, pair.answering_position)
        try:
            left = self._open(asking, answering.envelope_key, self._flow.asking, pair.token)
            right = self._open(answering, asking.envelope_key, party, pair.token)
        except InvalidTag:
            return _Opened(pair, asking.handle, party, answering.handle, None)
        return _Opened(pair, asking.handle, party, answering.handle, (left, right))

    def _codes(self, pair: Pair, outcomes: tuple[Outcome, ...] | None) -> tuple[str, ...]:
        if outcomes is None:
            # Never a verdict on rows that could not be read: both sides are told.
            return rules.evaluate(self._flow, (), rules.UNREADABLE)
        return self._with_duplicate(rules.evaluate(self._flow, outcomes, rules.MATCHED), pair.is_duplicate)

    def of_lonely(self, lonely: Lonely, readers: Cursors) -> Verdict:
        """What fires for an asking row that no answering side has."""
        row = readers[self._flow.asking, lonely.sequence].row(lonely.token, lonely.position)
        codes = self._with_duplicate(rules.evaluate(self._flow, (), rules.UNMATCHED), lonely.is_duplicate)
        return Verdict(row.handle, "", NO_HANDLE, codes)

    def _with_duplicate(self, codes: tuple[str, ...], is_duplicate: bool) -> tuple[str, ...]:
        if not is_duplicate:
            return codes
        return tuple(sorted({*codes, *rules.evaluate(self._flow, (), rules.DUPLICATE)}))

    def _open(self, row: Row, key: bytes, party: str, token: bytes) -> bytes:
        return AESGCM(key).decrypt(row.nonce, row.sealed, rows.row_aad(self._prefixes[party], token, row.handle))
