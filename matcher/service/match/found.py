"""What a run found, packed: a few tens of bytes per finding until it is written out as a leaf.

A flow with a rule on unmatched rows may find something on each asking row, so the findings of a run are not kept as
objects. A packed finding sorts as the finding does (findings.py): asking handle, answering party, answering handle.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from matcher.protocol.agreement.model import Agreement
from matcher.protocol.findings import Finding
from matcher.protocol.suite import HANDLE_SIZE
from matcher.service.match.compare import Verdict
from matcher.service.store.runs import NewFinding

_PARTY = HANDLE_SIZE
_HANDLE = slice(_PARTY + 1, _PARTY + 1 + HANDLE_SIZE)
_CODES = slice(_HANDLE.stop, _HANDLE.stop + 4)


class Found:
    """Collects verdicts of one flow; ``counts`` is by code."""

    def __init__(self, agreement: Agreement, flow: str, period: str) -> None:
        self._agreement = agreement
        self._flow = agreement.flow(flow)
        self._period = period
        # No party is first: an unmatched row's finding sorts before a matched one's.
        self._parties = ["", *sorted(self._flow.answering)]
        self._codes: dict[tuple[str, ...], int] = {}
        self._packed: list[bytes] = []
        self.counts: Counter[str] = Counter()

    def add(self, verdict: Verdict) -> None:
        """Keep a verdict if a rule fired."""
        if not verdict.codes:
            return
        self.counts.update(verdict.codes)
        number = self._codes.setdefault(verdict.codes, len(self._codes))
        self._packed.append(
            verdict.asking_handle
            + bytes([self._parties.index(verdict.answering)])
            + verdict.answering_handle.ljust(HANDLE_SIZE, b"\0")
            + number.to_bytes(4, "big")
        )

    def __len__(self) -> int:
        return len(self._packed)

    def findings(self, run: bytes) -> Iterator[NewFinding]:
        """The findings of the run with this digest, in the order of its root."""
        codes = list(self._codes)
        self._packed.sort()
        for packed in self._packed:
            party = self._parties[packed[_PARTY]]
            item = Finding(
                run, self._flow.asking, packed[:HANDLE_SIZE], party, packed[_HANDLE] if party else b"",
                codes[int.from_bytes(packed[_CODES], "big")],
            )  # fmt: skip
            finding_id = item.finding_id(self._agreement.matching.digest, self._flow.id, self._period)
            yield NewFinding(finding_id, item.leaf(finding_id), item.asking, item.answering)
