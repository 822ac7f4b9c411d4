"""The findings that a party is shown of a run, verified, as columns.

V4  each finding shown stands under the run's findings root                   ``finding-proof``
V5  its id is the one its parts give, and we are one of its two sides         ``finding-foreign``
V6  the asking side is shown every finding of the run                         ``findings-incomplete``

Ids and leaves are made here from what was shown, so they cannot be others than their parts give; one root then proves
all of them. The asking side of a flow is a side of every finding, so V6 is a count; an answering side sees its own. A
service of before revision 3 proves each finding by itself.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from keys import hashing
from matcher.agency.exchange.inbox import named
from matcher.agency.reveal.proofs import FindingProof
from matcher.agency.reveal.runs import ListedFinding, VerifiedRun
from matcher.channel.types import FindingColumns as Shown
from matcher.channel.types import FindingItem
from matcher.protocol import cases
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import VerificationError
from matcher.protocol.finding_columns import FindingColumns, Kind, Matrix, concatenate, nothing
from matcher.protocol.merkle import HASH_SIZE, PartialTree
from matcher.protocol.suite import HANDLE_SIZE

Prove = Callable[[int], Sequence[bytes]]


@dataclass(frozen=True, slots=True, eq=False)
class ListedFindings:
    """Verified findings, in the order of the findings tree of ``size``: its place there, state and since (ms) of each.

    ``ids`` is a matrix of 32 columns. ``prove`` gives the inclusion proof of a place.
    """

    columns: FindingColumns
    ids: Matrix
    positions: list[int]
    states: list[str]
    since: list[int]
    size: int
    prove: Prove

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[ListedFinding]:
        return map(self.one, range(len(self)))

    def one(self, place: int) -> ListedFinding:
        """One finding."""
        finding, finding_id = self.columns.finding(place), self.ids[place].tobytes()
        position = self.positions[place]

        def prove() -> FindingProof:
            return FindingProof(finding.leaf(finding_id), position, self.size, tuple(self.prove(position)))

        return ListedFinding(finding_id, finding, prove, self.states[place], self.since[place])


def verify_columns(
    run: VerifiedRun, agreement: Agreement, flow: str, period: str, party: str, parts: Iterable[Shown]
) -> ListedFindings:
    """Checks V4 to V6 of findings shown as columns."""
    tree = PartialTree(hashing.tree_extend())
    asking = agreement.flow(flow).asking
    columns, ids = [nothing(run.digest, asking)], [np.zeros((0, HASH_SIZE), np.uint8)]
    positions: list[int] = []
    states: list[str] = []
    since: list[int] = []
    for part in parts:
        with named("finding-proof"):
            shown, places = _taken_apart(run, asking, part, tree.size)
            made = shown.ids(agreement.matching.digest, flow, period, hashing.each)
            _grow(tree, part, places, shown.leaf_hashes(made, hashing.each))
        with named("finding-foreign"):
            _require_side(shown, party)
        columns.append(shown)
        ids.append(made)
        _add_states(part, places, states, since)
        positions += places
    with named("finding-proof"):
        if tree.size != run.findings or not hmac.compare_digest(tree.root(), run.findings_root):
            raise VerificationError("the findings shown do not lead to the run's findings root")
    _require_complete(run, asking, party, len(positions))
    return ListedFindings(
        concatenate(columns), np.concatenate(ids), positions, states, since, run.findings, tree.inclusion_proof
    )  # fmt: skip


def verify_findings(
    run: VerifiedRun, agreement: Agreement, flow: str, period: str, party: str, items: Iterable[FindingItem]
) -> ListedFindings:
    """Checks V4 to V6 of findings that are shown one by one."""
    asking = agreement.flow(flow).asking
    listed: dict[int, tuple[FindingItem, FindingColumns, bytes]] = {}
    for item in items:
        proof = FindingProof(item.leaf, item.index, item.size, item.inclusion)
        with named("finding-proof"):
            if item.size != run.findings:
                raise VerificationError("a proof is for a findings tree of another size than the run's")
            finding_id, finding = proof.verify(run.findings_root)
        with named("finding-foreign"):
            if finding.run != run.digest or finding.asking != asking:
                raise VerificationError("a finding is of another run, or between other parties")
            if finding.finding_id(agreement.matching.digest, flow, period) != finding_id:
                raise VerificationError("a finding's id is not the one its parts give")
            columns = FindingColumns(
                run.digest, asking, (Kind(finding.answering, finding.codes),), _handles(finding.asking_handle),
                _handles(finding.answering_handle or bytes(HANDLE_SIZE)), np.zeros(1, np.uint32),
            )  # fmt: skip
            _require_side(columns, party)
        listed[item.index] = item, columns, finding_id
    _require_complete(run, asking, party, len(listed))
    ordered = [listed[position] for position in sorted(listed)]
    return ListedFindings(
        concatenate([nothing(run.digest, asking), *(columns for _item, columns, _id in ordered)]),
        np.frombuffer(b"".join(finding for _item, _columns, finding in ordered), np.uint8).reshape(-1, HASH_SIZE),
        sorted(listed), [item.state for item, _columns, _id in ordered],
        [item.since for item, _columns, _id in ordered], run.findings, lambda place: listed[place][0].inclusion,
    )  # fmt: skip


def _handles(data: bytes) -> Matrix:
    return np.frombuffer(data, np.uint8).reshape(-1, HANDLE_SIZE)


def _taken_apart(run: VerifiedRun, asking: str, part: Shown, begin: int) -> tuple[FindingColumns, list[int]]:
    """The findings of one message and their places. Raises VerificationError for columns that are none."""
    count, rest = divmod(len(part.numbers), 2)
    sizes = (len(part.positions), len(part.asking_handles), len(part.answering_handles))
    if rest or sizes != (count * 4, count * HANDLE_SIZE, count * HANDLE_SIZE):
        raise VerificationError("findings: columns are of different length")
    places = np.frombuffer(part.positions, "<u4").tolist()
    numbers = np.frombuffer(part.numbers, "<u2").astype(np.uint32)
    if not begin == part.first <= part.end <= run.findings or len(part.hidden) % HASH_SIZE:
        raise VerificationError("findings: what is shown does not follow on what was shown before")
    if any(left >= right for left, right in pairwise([part.first - 1, *places, part.end])):
        raise VerificationError("findings: places do not ascend")
    if count and int(numbers.max()) >= len(part.kinds):
        raise VerificationError("findings: a kind is missing")
    for _answering, codes in part.kinds:
        if not codes or list(codes) != sorted(set(codes)):
            raise VerificationError("findings: codes are missing, repeated or not sorted")
    kinds = tuple(Kind(*kind) for kind in part.kinds)
    columns = FindingColumns(
        run.digest, asking, kinds, _handles(part.asking_handles), _handles(part.answering_handles), numbers
    )
    return columns, places


def _grow(tree: PartialTree, part: Shown, places: list[int], leaves: Matrix) -> None:
    """Append what a message shows and what it does not. Raises VerificationError unless it shows just that."""
    hidden = iter([part.hidden[start : start + HASH_SIZE] for start in range(0, len(part.hidden), HASH_SIZE)])
    breaks = [place for place, (left, right) in enumerate(pairwise(places), 1) if right != left + 1]
    begin = 0
    for end in (*breaks, len(places)):
        if begin < end:
            tree.skip(places[begin], hidden)
            tree.show(leaves[begin:end].tobytes())
        begin = end
    tree.skip(part.end, hidden)
    if next(hidden, None) is not None:
        raise VerificationError("findings: more is hidden than there are places for")


def _require_side(columns: FindingColumns, party: str) -> None:
    if columns.asking != party and any(kind.answering != party for kind in columns.kinds):
        raise VerificationError("a finding is between other parties")


def _require_complete(run: VerifiedRun, asking: str, party: str, count: int) -> None:
    with named("findings-incomplete"):
        if asking == party and count != run.findings:
            raise VerificationError(f"{count} findings were shown, the run has {run.findings}")


def _add_states(part: Shown, places: list[int], states: list[str], since: list[int]) -> None:
    first = len(states)
    states += [cases.INITIAL] * len(places)
    since += [part.since] * len(places)
    at = {position: place for place, position in enumerate(places, first)} if part.cases else {}
    for case in part.cases:
        if case.position in at:
            states[at[case.position]], since[at[case.position]] = case.state, case.since
