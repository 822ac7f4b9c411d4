"""What a run found, packed: a few tens of bytes per finding until it is written out as a leaf.

A flow with a rule on unmatched rows may find something on each asking row, so the findings of a run are not kept as
objects.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from matcher.protocol.agreement.model import Flow
from matcher.protocol.finding_columns import FindingColumns, Kind, nothing
from matcher.protocol.suite import HANDLE_SIZE
from matcher.service.match.compare import Verdict

_PARTY = HANDLE_SIZE
_HANDLE = slice(_PARTY + 1, _PARTY + 1 + HANDLE_SIZE)
_CODES = slice(_HANDLE.stop, _HANDLE.stop + 4)
_SIZE = _CODES.stop


class Found:
    """Collects verdicts of one flow; ``counts`` is by code."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._parties = ["", *flow.answering]
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

    def columns(self, run: bytes) -> FindingColumns:
        """The findings of the run with this digest, in the order of its root."""
        if not self._packed:
            return nothing(run, self._flow.asking)
        packed = np.frombuffer(b"".join(self._packed), np.uint8).reshape(-1, _SIZE)
        codes = np.ascontiguousarray(packed[:, _CODES]).view(">u4")[:, 0].astype(np.int64)
        found, numbers = np.unique(packed[:, _PARTY] * np.int64(len(self._codes)) + codes, return_inverse=True)
        sets = list(self._codes)
        kinds = (divmod(item, len(sets)) for item in found.tolist())
        return FindingColumns(
            run, self._flow.asking, tuple(Kind(self._parties[party], sets[codes]) for party, codes in kinds),
            packed[:, :HANDLE_SIZE], packed[:, _HANDLE], numbers.astype(np.uint32),
        ).in_order()  # fmt: skip
