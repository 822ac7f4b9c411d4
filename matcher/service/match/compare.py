"""Opening and comparing joined pairs (design section 4): the only place where the service sees comparison vectors.

Each row carries the *other* side's envelope key, so a vector opens only beside the row it joined. Pairs come by
ascending token, as segments are sorted, so both are read once, in order, a batch at a time. Opened vectors live in
memory for one batch of pairs, as columns, and reach no disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from matcher.protocol import rows, rule_columns, rules
from matcher.protocol.agreement.model import Flow
from matcher.protocol.comparing import Mask, Matrix, outcome_columns
from matcher.protocol.suite import HANDLE_SIZE
from matcher.protocol.vector import VectorLayout
from matcher.service.match.gathering import Readers
from matcher.service.match.join import Lonely, Pairs
from matcher.service.match.opening import open_envelopes


class Verdicts(NamedTuple):
    """Verdicts on many pairs, or on asking rows alone.

    ``answering`` is the place of a party in the flow, 0 for an asking row alone, whose answering handle is zeros. Which
    of the ``combinations`` of codes fire is ``numbers``.
    """

    asking_handles: Matrix
    answering: npt.NDArray[np.int8]
    answering_handles: Matrix
    numbers: npt.NDArray[np.intp]
    combinations: tuple[tuple[str, ...], ...]


class Comparison:
    """Compares the pairs of one flow and period, which its matching digest and labels bind."""

    def __init__(self, flow: Flow, matching_digest: bytes, period: str) -> None:
        self._flow = flow
        self._parties = flow.parties()
        self._layout = VectorLayout(flow.fields)
        self._prefixes = [
            rows.row_aad_prefix(matching_digest, flow.id, period, flow.side_of(party), party) for party in self._parties
        ]

    def of_pairs(self, batches: Iterable[Pairs], readers: Readers) -> Iterator[Verdicts]:
        """What fires for each pair, in order: ``unreadable`` alone when an envelope does not open.

        A token's pairs are all in one batch.
        """
        for pairs in batches:
            asking = self._rows(
                np.zeros(len(pairs.tokens), np.int8), pairs.asking_sequence, pairs.asking_position, readers
            )
            answering = self._rows(pairs.answering, pairs.answering_sequence, pairs.answering_position, readers)
            left, is_left = self._opened(asking, answering.envelope_keys, pairs.tokens, np.zeros_like(pairs.answering))
            right, is_right = self._opened(answering, asking.envelope_keys, pairs.tokens, pairs.answering)
            outcomes = outcome_columns(self._flow.fields, left, right)
            numbers, combinations = rule_columns.evaluate(self._flow, outcomes, pairs.is_duplicate, is_left & is_right)
            yield Verdicts(asking.handles, pairs.answering, answering.handles, numbers, combinations)

    def of_lonely(self, batches: Iterable[Lonely], readers: Readers) -> Iterator[Verdicts]:
        """What fires for asking rows that no answering side has; ``readers`` need give handles only."""
        codes = rules.evaluate(self._flow, (), rules.UNMATCHED)
        doubled = tuple(sorted({*codes, *rules.evaluate(self._flow, (), rules.DUPLICATE)}))
        for lonely in batches:
            count = len(lonely.sequence)
            [handles] = _gathered(
                readers, [self._flow.asking], np.zeros(count, np.int8), lonely.sequence, lonely.position
            )
            yield Verdicts(
                handles, np.zeros(count, np.int8), np.zeros((count, HANDLE_SIZE), np.uint8),
                lonely.is_duplicate.astype(np.intp), (codes, doubled),
            )  # fmt: skip

    def _rows(self, parties: npt.NDArray[np.int8], sequences: _Numbers, positions: _Numbers, readers: Readers) -> _Rows:
        return _Rows(*_gathered(readers, self._parties, parties, sequences, positions))

    def _opened(
        self, found: _Rows, keys: Matrix, tokens: Matrix, parties: npt.NDArray[np.int8]
    ) -> tuple[Matrix, Mask]:  # fmt: skip
        """The vectors of these rows, and which of them opened under ``keys``."""
        present = np.unique(parties).tolist()
        if len(present) == 1:
            return open_envelopes(
                self._prefixes[present[0]], keys, found.nonces, found.sealed, tokens, found.handles
            )  # fmt: skip
        vectors: Matrix = np.zeros((len(keys), self._layout.width), np.uint8)
        opened: Mask = np.zeros(len(keys), np.bool_)
        for party in present:
            chosen = np.flatnonzero(parties == party)
            vectors[chosen], opened[chosen] = open_envelopes(
                self._prefixes[party], keys[chosen], found.nonces[chosen], found.sealed[chosen], tokens[chosen],
                found.handles[chosen],
            )  # fmt: skip
        return vectors, opened


_Numbers = npt.NDArray[np.int32]


class _Rows(NamedTuple):
    """Columns of rows, in the order of gathering.COLUMNS."""

    handles: Matrix
    envelope_keys: Matrix
    nonces: Matrix
    sealed: Matrix


def _gathered(
    readers: Readers, names: Iterable[str], parties: npt.NDArray[np.int8], sequences: _Numbers, positions: _Numbers
) -> list[Matrix]:
    """The columns of rows that stand in several segments, in the order asked for."""
    places, parts = [], []
    for place, name in enumerate(names):
        for sequence in np.unique(sequences[parties == place]).tolist():
            chosen = np.flatnonzero((parties == place) & (sequences == sequence))
            places.append(chosen)
            parts.append(readers[name, sequence].rows(positions[chosen]))
    if len(parts) == 1:
        return parts[0]
    order = np.argsort(np.concatenate(places))
    return [np.concatenate(column)[order] for column in zip(*parts, strict=True)]
