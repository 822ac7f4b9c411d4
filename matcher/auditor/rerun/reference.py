"""A match in plain dictionaries: what design section 4 says, written again without the service's engine or its steps.

    1  of each side's rows with one handle the newest submission's counts; a delete leaves none
    2  an asking row and an answering row with the same token are a pair
    3  each row's envelope key opens the other's vector; the outcomes and the rules give the codes
    4  an asking row without a pair is unmatched, once every answering side has sealed
    5  a side with more rows of a token than the flow allows makes that token's pairs duplicate

Everything is held in memory: some 300 bytes a row beside the rows themselves, which are mapped.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from matcher.auditor.rerun.sealed import SealedRows
from matcher.protocol import merkle, rows, rules
from matcher.protocol.agreement.model import Agreement, Flow
from matcher.protocol.errors import VerificationError
from matcher.protocol.findings import NO_HANDLE, Finding
from matcher.protocol.rows import Row
from matcher.protocol.vector import VectorLayout

_Place = tuple[SealedRows, int]
_Found = tuple[bytes, str, bytes, tuple[str, ...]]


@dataclass(slots=True)
class Outcome:
    """What a run found: asking handle, answering party, answering handle and codes of each finding.

    ``counts`` is as in the run's record.
    """

    found: list[_Found] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, asking: bytes, party: str, answering: bytes, codes: tuple[str, ...]) -> None:
        """Keep one finding; no codes is none."""
        if codes:
            self.counts.update(codes)
            self.found.append((asking, party, answering, codes))

    def root(self, agreement: Agreement, flow: Flow, period: str, run: bytes) -> bytes:
        """The findings root of the run with digest ``run``."""
        matching = agreement.matching.digest
        findings = sorted((Finding(run, flow.asking, *item) for item in self.found), key=Finding.sort_key)
        return merkle.root(item.leaf(item.finding_id(matching, flow.id, period)) for item in findings)


def match(agreement: Agreement, flow: Flow, period: str, sealed: Mapping[str, Sequence[SealedRows]]) -> Outcome:
    """Match the sealed rows of each party, in order of their submissions."""
    present = {party: _by_token(sealed.get(party, ())) for party in flow.parties()}
    compare = _Comparison(agreement, flow, period)
    outcome = Outcome()
    unmatched_count = len(set(flow.answering) - set(sealed)) == 0
    for token, asked in present[flow.asking].items():
        is_crowded = len(asked) > flow.multiple
        answers = [(party, place) for party in flow.answering for place in present[party].get(token, ())]
        for segment, position in asked:
            row = segment.row(position)
            if answers:
                outcome.counts["matched"] += len(answers)
            elif unmatched_count:
                outcome.counts["unmatched"] += 1
                outcome.add(row.handle, "", NO_HANDLE, compare.alone(is_duplicate=is_crowded))
            for party, (other, place) in answers:
                answer = other.row(place)
                is_duplicate = is_crowded or len(present[party][token]) > 1
                outcome.add(
                    row.handle, party, answer.handle, compare.pair(row, party, answer, is_duplicate=is_duplicate)
                )
    return outcome


def _by_token(segments: Sequence[SealedRows]) -> dict[bytes, list[_Place]]:
    """Where a party's present rows stand, by token."""
    newest: dict[bytes, tuple[bool, bytes, _Place]] = {}
    for segment in sorted(segments, key=lambda item: item.manifest.sequence):
        here: set[bytes] = set()
        for position, is_put, token, handle in segment.heads():
            # Of one submission's rows with one handle the first counts, and rows stand in order of their tokens.
            if handle not in here:
                here.add(handle)
                newest[handle] = (is_put, token, (segment, position))
    present: defaultdict[bytes, list[_Place]] = defaultdict(list)
    for is_put, token, place in newest.values():
        if is_put:
            present[token].append(place)
    return dict(present)


class _Comparison:
    def __init__(self, agreement: Agreement, flow: Flow, period: str) -> None:
        self._flow = flow
        self._layout = VectorLayout(flow.fields)
        self._bound = {
            party: rows.row_aad_prefix(agreement.matching.digest, flow.id, period, flow.side_of(party), party)
            for party in flow.parties()
        }

    def pair(self, asking: Row, party: str, answering: Row, *, is_duplicate: bool) -> tuple[str, ...]:
        """Codes of a pair."""
        try:
            left = self._open(asking, answering.envelope_key, self._flow.asking)
            right = self._open(answering, asking.envelope_key, party)
            outcomes = self._layout.outcomes(left, right)
        except (InvalidTag, VerificationError):
            return rules.evaluate(self._flow, (), rules.UNREADABLE)
        return self._and_duplicate(rules.evaluate(self._flow, outcomes, rules.MATCHED), is_duplicate=is_duplicate)

    def alone(self, *, is_duplicate: bool) -> tuple[str, ...]:
        """Codes of an asking row without a pair."""
        return self._and_duplicate(rules.evaluate(self._flow, (), rules.UNMATCHED), is_duplicate=is_duplicate)

    def _and_duplicate(self, codes: tuple[str, ...], *, is_duplicate: bool) -> tuple[str, ...]:
        more = rules.evaluate(self._flow, (), rules.DUPLICATE) if is_duplicate else ()
        return tuple(sorted({*codes, *more}))

    def _open(self, row: Row, key: bytes, party: str) -> bytes:
        return AESGCM(key).decrypt(row.nonce, row.sealed, rows.row_aad(self._bound[party], row.token, row.handle))
