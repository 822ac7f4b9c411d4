"""Who is shown which findings of a run. Each side sees those it is a side of, and that it was shown them is logged.

A side's findings are shown as columns, with what proves them all at once: between them stand the roots of the largest
subtrees of the findings tree without any of them. To programs of before revision 3 each is shown with its own proof.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from keys import hashing
from matcher.protocol import cases, entries, merkle
from matcher.protocol.finding_columns import FindingColumns
from matcher.service import policy
from matcher.service.store import agreements, findings, periods, runs
from matcher.service.store.database import ControlDatabase
from matcher.service.store.findings import Block, Case
from matcher.service.store.log import Clock, LogWriter
from matcher.service.store.runs import Run


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding as its side is shown it: with its proof to the run's root, and its case's state ``since`` (ms)."""

    leaf: bytes
    position: int
    size: int
    inclusion: tuple[bytes, ...]
    state: str
    request_index: int
    since: int


@dataclass(frozen=True, slots=True)
class ShownCase:
    """The case of the finding at ``position`` in the root; ``since`` in ms."""

    position: int
    state: str
    request_index: int
    since: int


@dataclass(frozen=True, slots=True)
class ShownColumns:
    """A side's findings among those at places [first, end) of the root. ``positions``: the place of each.

    ``hidden`` are the hashes of what is not shown there, from left to right (merkle.complete_subtrees). ``cases`` are
    of those that were asked for; the others are listed since ``since`` (ms).
    """

    first: int
    end: int
    positions: npt.NDArray[np.intp]
    columns: FindingColumns
    hidden: tuple[bytes, ...]
    cases: tuple[ShownCase, ...]
    since: int


class Listing:
    """Shows findings."""

    def __init__(self, database: ControlDatabase, log: LogWriter, clock: Clock) -> None:
        self._database = database
        self._log = log
        self._clock = clock

    def by_columns(self, party: str, run_digest: bytes) -> Iterator[ShownColumns]:
        """The findings of a run that ``party`` is a side of. That they are shown is logged before they are."""
        run = self._log_listing(party, run_digest)
        # The write block there ended: commit point.
        kept = self._cases(run_digest)
        tree: merkle.Tree | None = None
        for block in self._blocks(run_digest):
            end = block.first + len(block.columns)
            own = _own(block, party)
            positions = own + block.first
            hidden: list[bytes] = []
            if len(own) < len(block.columns):
                tree = tree or self._tree(run_digest)
                hidden = _hidden(tree, block.first, end, positions.tolist())
            shown = (
                tuple(self._shown(kept[place], run) for place in positions.tolist() if place in kept) if kept else ()
            )
            yield ShownColumns(block.first, end, positions, block.columns.part(own), tuple(hidden), shown, run.ran_at)

    def one_by_one(self, party: str, run_digest: bytes) -> Iterator[ShownFinding]:
        """The same, each with its own proof."""
        run = self._log_listing(party, run_digest)
        kept, tree = self._cases(run_digest), self._tree(run_digest)
        for block in self._blocks(run_digest):
            for place in _own(block, party).tolist():
                position = block.first + place
                case = self._shown(kept[position], run) if position in kept else _listed(position, run)
                yield ShownFinding(
                    block.columns.finding(place).leaf(block.ids[place].tobytes()), position, tree.size,
                    tuple(tree.inclusion_proof(position)), case.state, case.request_index, case.since,
                )  # fmt: skip

    def _shown(self, case: Case, run: Run) -> ShownCase:
        state = cases.lapse(case.state, case.expires, self._clock() // 1000)
        return ShownCase(case.position, state, case.request_index, case.since or run.ran_at)

    def _cases(self, run_digest: bytes) -> dict[int, Case]:
        with self._database.read() as transaction:
            return findings.cases_of(transaction, run_digest)

    def _blocks(self, run_digest: bytes) -> Iterator[Block]:
        """Each in a snapshot of its own: whoever is shown them may be slow."""
        first = 0
        while True:
            with self._database.read() as transaction:
                block = findings.block_from(transaction, run_digest, first)
            if block is None:
                return
            yield block
            first = block.first + 1

    def _tree(self, run_digest: bytes) -> merkle.Tree:
        leaves: list[bytes] = []
        for block in self._blocks(run_digest):
            leaves += map(bytes, block.columns.leaf_hashes(block.ids, hashing.each))
        return merkle.Tree(leaves)

    def _log_listing(self, party: str, run_digest: bytes) -> Run:
        with self._database.write() as transaction:
            run = runs.find(transaction, run_digest)
            period = periods.find(transaction, run.name)
            if period is None or period.purged_at is not None:
                raise policy.deny("period-closed", f"period {run.name.period} of flow {run.name.flow} was purged")
            agreement = agreements.load(transaction, period.agreement)
            policy.require_member(agreement.flow(run.name.flow), party)
            policy.require_retention(agreement, period.opened_at, self._clock())
            facts = {"run": run_digest.hex(), "count": findings.count_of(transaction, run_digest, party)}
            self._log.append(
                transaction,
                lambda time: entries.without_message(
                    "finding-listed", time, facts, actor=party, agreement=agreement.digest, flow=run.name.flow,
                    period=run.name.period,
                ),
            )  # fmt: skip
            return run


def _own(block: Block, party: str) -> npt.NDArray[np.intp]:
    """The findings of a block that ``party`` is a side of, by their place in it."""
    if block.columns.asking == party:
        return np.arange(len(block.columns))
    own = [number for number, kind in enumerate(block.columns.kinds) if kind.answering == party]
    return np.flatnonzero(np.isin(block.columns.numbers, own))


def _listed(position: int, run: Run) -> ShownCase:
    return ShownCase(position, cases.INITIAL, 0, run.ran_at)


def _hidden(tree: merkle.Tree, first: int, end: int, shown: list[int]) -> list[bytes]:
    """The hashes of what is not shown of leaves [first, end)."""
    starts, ends = [first, *(place + 1 for place in shown)], [*shown, end]
    return [
        tree.node(level, index)
        for gap in zip(starts, ends, strict=True)
        for level, index in merkle.complete_subtrees(*gap)
    ]
