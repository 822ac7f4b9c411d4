"""Findings as columns: the same as one by one, proved all at once, and each side's own only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from keys import hashing
from matcher.channel.types import FindingColumns as Wire
from matcher.protocol import findings, merkle
from matcher.protocol.finding_columns import FindingColumns, Kind
from matcher.service.store import findings as stored
from tests.service import paper
from tests.service.case import Case
from tests.service.world import World

FINE, SHORT = ("91", 10_000, 0), ("91", 5_000, 0)


@dataclass
class Listed:
    """What a list of columns says: leaf, state and time of each finding by its place; the tree they stand in."""

    found: dict[int, tuple[bytes, str, int, int]]
    tree: merkle.PartialTree


def _columns(run: bytes, wire: Wire) -> FindingColumns:
    asking, answering = (
        np.frombuffer(data, np.uint8).reshape(-1, 16) for data in (wire.asking_handles, wire.answering_handles)
    )
    numbers = np.frombuffer(wire.numbers, "<u2").astype(np.uint32)
    return FindingColumns(run, paper.ASKING, tuple(Kind(*kind) for kind in wire.kinds), asking, answering, numbers)


def listed(world: World, name: str, run: bytes) -> Listed:
    result = Listed({}, merkle.PartialTree())
    for wire in world.channel(name).finding_columns(run):
        assert wire.first == result.tree.size
        columns = _columns(run, wire)
        ids = columns.ids(world.agreement.matching.digest, paper.FLOW, paper.PERIOD, hashing.each)
        hidden = iter([wire.hidden[start : start + 32] for start in range(0, len(wire.hidden), 32)])
        cases = {case.position: case for case in wire.cases}
        for place, position in enumerate(np.frombuffer(wire.positions, "<u4").tolist()):
            leaf = columns.finding(place).leaf(ids[place].tobytes())
            result.tree.skip(position, hidden)
            result.tree.show(merkle.leaf_hash(leaf))
            case = cases.get(position)
            told = (case.state, case.request_index, case.since) if case else ("listed", 0, wire.since)
            result.found[position] = (leaf, *told)
        result.tree.skip(wire.end, hidden)
        assert list(hidden) == []
    return result


@pytest.mark.parametrize("block", [1, 3, 4, 4096])
def test_columns_tell_what_is_told_one_by_one(world: World, block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored, "BLOCK_FINDINGS", block)
    known = [name for number in range(20) if (name := f"v{number}") not in ("v3", "v4", "v9", "v13")]
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, name, SHORT) for name in known])
    world.submit(paper.ASKING, [world.row(paper.ASKING, f"v{number}", FINE) for number in range(20)])
    run = world.match()
    for name, count in ((paper.ASKING, 20), (paper.ANSWERING, 16)):
        items = list(world.channel(name).list_findings(run.run_digest))
        by_columns = listed(world, name, run.run_digest)
        assert len(items) == count
        assert by_columns.found == {
            item.index: (item.leaf, item.state, item.request_index, item.since) for item in items
        }
        assert (by_columns.tree.size, by_columns.tree.root()) == (20, run.findings_root)
        for item in items:
            assert tuple(by_columns.tree.inclusion_proof(item.index)) == item.inclusion
    assert [entry.facts["count"] for entry in world.log() if entry.type == "finding-listed"] == [20, 20, 16, 16]


def test_columns_tell_how_a_case_stands(world: World) -> None:
    case = Case(world)
    before = listed(world, paper.ASKING, case.run.run_digest)
    case.send_request(case.request())
    after = listed(world, paper.ASKING, case.run.run_digest)
    items = {item.index: item for item in world.channel(paper.ASKING).list_findings(case.run.run_digest)}
    changed = [place for place in after.found if after.found[place] != before.found[place]]
    [position] = changed
    leaf, state, request_index, since = after.found[position]
    assert findings.from_leaf(leaf)[0] == case.finding
    assert (state, request_index, since) == (
        "requested", items[position].request_index, items[position].since,
    )  # fmt: skip
    assert request_index
    assert since > before.found[position][3]
