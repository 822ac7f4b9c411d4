"""What a run found, as columns: a few tens of bytes per finding until it is written out.

A flow with a rule on unmatched rows may find something on each asking row, so the findings of a run are not kept as
objects.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import numpy.typing as npt

from matcher.protocol.agreement.model import Flow
from matcher.protocol.finding_columns import FindingColumns, Kind, concatenate, nothing
from matcher.service.match.compare import Verdicts


class Found:
    """Collects verdicts of one flow; ``counts`` is by code."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._parties = ("", *flow.answering)
        self._parts: list[FindingColumns] = []
        self._total = 0
        self.counts: Counter[str] = Counter()

    def add(self, verdicts: Verdicts) -> int:
        """Keep the verdicts by which a rule fired; how many there were in all."""
        fires = np.array([bool(codes) for codes in verdicts.combinations], np.bool_)
        kept = np.flatnonzero(fires[verdicts.numbers])
        combinations = len(verdicts.combinations)
        mixed = verdicts.answering[kept].astype(np.int64) * combinations + verdicts.numbers[kept]
        found, numbers, counts = np.unique(mixed, return_inverse=True, return_counts=True)
        kinds = []
        for item, count in zip(found.tolist(), counts.tolist(), strict=True):
            party, number = divmod(item, combinations)
            codes = verdicts.combinations[number]
            kinds.append(Kind(self._parties[party], codes))
            self.counts.update(dict.fromkeys(codes, count))
        if len(kept):
            self._parts.append(
                FindingColumns(
                    b"", self._flow.asking, tuple(kinds), verdicts.asking_handles[kept],
                    verdicts.answering_handles[kept], _numbers(numbers),
                )
            )  # fmt: skip
        self._total += len(kept)
        return len(verdicts.numbers)

    def __len__(self) -> int:
        return self._total

    def columns(self, run: bytes) -> FindingColumns:
        """The findings of the run with this digest, in the order of its root. Asked for once: they are not kept."""
        parts, self._parts = self._parts, []
        return concatenate([nothing(run, self._flow.asking), *parts]).in_order()


def _numbers(values: npt.NDArray[np.intp]) -> npt.NDArray[np.uint32]:
    return values.reshape(-1).astype(np.uint32)
