"""Opening and comparing joined pairs (design section 4): the only place where the service sees comparison vectors.

Each row carries the *other* side's envelope key, so a vector opens only beside the row it joined. Pairs come by
ascending token, as segments are sorted, so both are read once, in order, a batch at a time. An opened vector lives in
memory for one pair and reaches no disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from matcher.protocol import rows, rules
from matcher.protocol.agreement.model import Flow
from matcher.protocol.errors import VerificationError
from matcher.protocol.vector import VectorLayout
from matcher.service.match.join import Pair
from matcher.service.store import segments
from matcher.service.store.period_keys import PeriodKey
from matcher.service.store.uploads import Submission


class Payload(NamedTuple):
    """What a row carries behind token and handle."""

    envelope_key: bytes
    nonce: bytes
    sealed: bytes


class Cursor:
    """Reads payloads of one segment by ascending position; positions of the present token may be asked again."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._batch: pa.RecordBatch | None = None
        self._start = 0
        self._token = b""
        self._kept: dict[int, Payload] = {}

    def payload(self, token: bytes, position: int) -> Payload:
        """The payload of the row at ``position``, whose token is ``token``. Raises VerificationError past the end."""
        if token != self._token:
            self._token = token
            self._kept.clear()
        if position not in self._kept:
            self._kept[position] = self._read(position)
        return self._kept[position]

    def _read(self, position: int) -> Payload:
        while self._batch is None or position >= self._start + self._batch.num_rows:
            self._start += self._batch.num_rows if self._batch is not None else 0
            self._batch = next(self._batches, None)
            if self._batch is None:
                raise VerificationError("a segment ends before a row of it that joined")
        offset = position - self._start
        return Payload(*(self._batch.column(name)[offset].as_py() for name in segments.PAYLOAD_COLUMNS))


def cursors(directory: Path, submissions: Iterable[Submission], key: PeriodKey) -> dict[tuple[str, int], Cursor]:
    """A cursor per segment, by (party, sequence)."""
    return {
        (item.party, item.sequence): Cursor(
            segments.read(directory, item.submission, item.rows, key, segments.PAYLOAD_COLUMNS)
        )
        for item in submissions
    }


class Comparison:
    """Compares the pairs of one flow and period, which its matching digest and labels bind."""

    def __init__(
        self, flow: Flow, matching_digest: bytes, period: str, readers: Mapping[tuple[str, int], Cursor]
    ) -> None:
        self._flow = flow
        self._layout = VectorLayout(flow.fields)
        self._readers = readers
        self._prefixes = {
            party: rows.row_aad_prefix(matching_digest, flow.id, period, flow.side_of(party), party)
            for party in flow.parties()
        }

    def codes(self, pair: Pair) -> tuple[str, ...]:
        """The sorted rule codes that fire for a pair; ``unreadable`` alone when an envelope does not open."""
        asking = self._readers[self._flow.asking, pair.asking_sequence].payload(pair.token, pair.asking_position)
        answering = self._readers[pair.answering, pair.answering_sequence].payload(pair.token, pair.answering_position)
        try:
            left = self._open(asking, answering.envelope_key, self._flow.asking, pair.token, pair.asking_handle)
            right = self._open(answering, asking.envelope_key, pair.answering, pair.token, pair.answering_handle)
            outcomes = self._layout.outcomes(left, right)
        except (InvalidTag, VerificationError):
            # Never a verdict on rows that could not be read: both sides are told.
            return rules.evaluate(self._flow, (), rules.UNREADABLE)
        found = set(rules.evaluate(self._flow, outcomes, rules.MATCHED))
        if pair.is_duplicate:
            found.update(rules.evaluate(self._flow, (), rules.DUPLICATE))
        return tuple(sorted(found))

    def unmatched_codes(self, *, is_duplicate: bool) -> tuple[str, ...]:
        """The sorted rule codes that fire for an asking row that no answering side has."""
        found = set(rules.evaluate(self._flow, (), rules.UNMATCHED))
        if is_duplicate:
            found.update(rules.evaluate(self._flow, (), rules.DUPLICATE))
        return tuple(sorted(found))

    def _open(self, row: Payload, key: bytes, party: str, token: bytes, handle: bytes) -> bytes:
        return AESGCM(key).decrypt(row.nonce, row.sealed, rows.row_aad(self._prefixes[party], token, handle))
