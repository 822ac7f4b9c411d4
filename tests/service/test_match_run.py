"""A match run by itself, against a reference in plain Python, and the join step by step."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from matcher.protocol import rows
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.findings import Finding
from matcher.service.home import ServiceHome
from matcher.service.match import engine, join
from matcher.service.match import run as matching
from matcher.service.store import segments
from matcher.service.store.period_keys import PeriodKey, PeriodKeys
from matcher.service.store.periods import PeriodName
from matcher.service.store.uploads import Submission
from tests.service import paper
from tests.service.party import in_order, make_row
from tests.service.world import World

FINE = ("91", 10_000, 0)
NAME = PeriodName(paper.AGREEMENT_ID, paper.FLOW, paper.PERIOD)


class Stage:
    """Segments written straight to disk, and a run over them."""

    def __init__(self, home: ServiceHome, agreement: Agreement, key: PeriodKey) -> None:
        self.home, self.agreement, self.key = home, agreement, key
        self.submissions: list[Submission] = []

    def add(self, party: str, sequence: int, packed: list[bytes]) -> None:
        submission = os.urandom(16)
        size = len(make_row(self.agreement, party, "width", FINE))
        writer = segments.Writer(self.home.segments, submission, size, self.key)
        if packed:
            writer.append([segments.unpacked(b"".join(in_order(packed)), size)])
        writer.finish()
        side = self.agreement.flow(paper.FLOW).side_of(party)
        self.submissions.append(Submission(os.urandom(32), submission, NAME, party, side, sequence, len(packed), 0, 0))

    def run(self) -> matching.Result:
        steps = list(
            matching.execute(
                self.agreement, paper.FLOW, paper.PERIOD, self.submissions, self.home.segments, self.home.scratch,
                self.key,
            )
        )  # fmt: skip
        assert isinstance(steps[-1], matching.Result)
        return steps[-1]

    def found(self) -> list[Finding]:
        result = self.run()
        columns = result.found.columns(result.run)
        return [columns.finding(place) for place in range(len(columns))]


@pytest.fixture
def stage(admitted: World) -> Stage:
    _matching, _agreement, agreement = admitted.files()
    keys = PeriodKeys(admitted.home.period_keys, admitted.keys.storage_key)
    return Stage(admitted.home, agreement, keys.ensure("0" * 32))


def _in_pieces(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Pairs come ``most`` at a time, wherever their tokens end, and segments are read as many rows at a time."""
    true = join._batches

    def pieces(connection: Any, sql: str) -> Iterator[list[Any]]:
        for columns in true(connection, sql):
            for first in range(0, len(columns[0]), most):
                yield [column[first : first + most] for column in columns]

    monkeypatch.setattr(join, "_batches", pieces)
    monkeypatch.setattr(segments, "GROUP_ROWS", most)


@pytest.mark.parametrize("most", [0, 1, 3])
@pytest.mark.parametrize("seed", range(6))
def test_a_run_finds_what_a_reference_finds(
    stage: Stage, seed: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if most:
        _in_pieces(monkeypatch, most)
    chance = random.Random(seed)  # noqa: S311 - a test's choices
    versions: dict[str, dict[tuple[str, str], tuple[int, Any]]] = {paper.ASKING: {}, paper.ANSWERING: {}}
    for party, per_value in ((paper.ASKING, 2), (paper.ANSWERING, 1)):
        for sequence in range(1, chance.randint(2, 4)):
            packed = []
            for number in range(chance.randint(0, 30)):
                for row_id in range(chance.randint(1, per_value)):
                    values = ("91", chance.choice([5_000, 10_000]), 0)
                    is_put = sequence == 1 or chance.random() < 0.7
                    versions[party][f"v{number}", str(row_id)] = (sequence, values if is_put else None)
                    packed.append(
                        make_row(
                            stage.agreement, party, f"v{number}", values, row_id=str(row_id),
                            op=rows.PUT if is_put else rows.DELETE,
                        )
                    )  # fmt: skip
            stage.add(party, sequence, packed)
    present = {
        party: {key: values for key, (_, values) in rows_.items() if values} for party, rows_ in versions.items()
    }
    expected = []
    for (name, row_id), values in present[paper.ASKING].items():
        mine = make_row(stage.agreement, paper.ASKING, name, values, row_id=row_id)[17:33]
        theirs = {key: other for key, other in present[paper.ANSWERING].items() if key[0] == name}
        if not theirs:
            expected.append((mine, "", ("not-found",)))
        expected += [
            (mine, paper.ANSWERING, ("paid-short",)) for other in theirs.values() if other[1] < values[1]
        ]  # fmt: skip
    result = stage.found()
    assert sorted((item.asking_handle, item.answering, item.codes) for item in result) == sorted(expected)
    assert [item.sort_key() for item in result] == sorted(item.sort_key() for item in result)
    assert stage.found() == result


@pytest.mark.parametrize("most", [1, 2, 8192])
def test_crowded_tokens_are_doubled_whether_they_join_or_not(
    stage: Stage, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three asking rows of a token where two are allowed, and two answering rows where one is: across row groups."""
    _in_pieces(monkeypatch, most)
    for party, names, count in ((paper.ASKING, ("a", "b", "c"), 3), (paper.ANSWERING, ("b", "c"), 2)):
        packed = [
            make_row(stage.agreement, party, name, FINE, row_id=str(number))
            for name in names
            for number in range(count)
        ]
        stage.add(party, 1, packed)
    found = [(item.answering, item.codes) for item in stage.found()]
    assert sorted(found) == [("", ("doubled", "not-found"))] * 3 + [(paper.ANSWERING, ("doubled",))] * 12
    pairs = {(item.asking_handle, item.answering_handle) for item in stage.found() if item.answering}
    assert len(pairs) == 12


@pytest.mark.parametrize("crowded", [paper.ASKING, paper.ANSWERING])
def test_a_token_that_one_side_crowds_is_doubled(stage: Stage, crowded: str) -> None:
    for party in (paper.ASKING, paper.ANSWERING):
        count = 3 if party == crowded else 1
        packed = [make_row(stage.agreement, party, "a", FINE, row_id=str(number)) for number in range(count)]
        stage.add(party, 1, [*packed, make_row(stage.agreement, party, "b", FINE)])
    assert [item.codes for item in stage.found()] == [("doubled",)] * 3


@pytest.mark.parametrize("newest", ["asked", "not asked"])
def test_a_newer_version_counts_under_whatever_link_value(stage: Stage, newest: str) -> None:
    stage.add(paper.ASKING, 1, [make_row(stage.agreement, paper.ASKING, "asked", FINE)])
    for sequence, name in enumerate(sorted(("asked", "not asked"), key=lambda name: name == newest), 1):
        stage.add(paper.ANSWERING, sequence, [make_row(stage.agreement, paper.ANSWERING, name, FINE, record="r")])
    assert [item.codes for item in stage.found()] == ([] if newest == "asked" else [("not-found",)])


def test_nobody_is_unmatched_before_everyone_sealed(stage: Stage) -> None:
    flow = stage.agreement.flow(paper.FLOW)
    two = replace(flow, answering=(paper.ANSWERING, "other-bank"))
    stage.agreement = replace(
        stage.agreement, matching=replace(stage.agreement.matching, flows={paper.FLOW: two})
    )  # fmt: skip
    stage.add(paper.ASKING, 1, [make_row(stage.agreement, paper.ASKING, name, FINE) for name in ("a", "b")])
    stage.add(paper.ANSWERING, 1, [make_row(stage.agreement, paper.ANSWERING, "a", ("91", 5_000, 0))])
    result = stage.run()
    assert [item.codes for item in stage.found()] == [("paid-short",)]
    assert result.record["counts"] == {"paid-short": 1, "matched": 1, "unmatched": 0}
    # A compliant row of one party excuses nothing of another: each pair stands for itself.
    stage.add("other-bank", 1, [make_row(stage.agreement, "other-bank", "a", FINE)])
    assert sorted(item.codes for item in stage.found()) == [("not-found",), ("paid-short",)]


def test_every_step_of_the_join_can_be_looked_at(stage: Stage) -> None:
    stage.add(paper.ASKING, 1, [make_row(stage.agreement, paper.ASKING, name, FINE) for name in ("a", "b")])
    stage.add(paper.ANSWERING, 1, [make_row(stage.agreement, paper.ANSWERING, "a", FINE)])
    flow = stage.agreement.flow(paper.FLOW)
    with engine.connect(stage.home.scratch) as connection:
        assert list(engine.load(connection, stage.home.segments, stage.submissions, stage.key, flow.parties())) == [
            2,
            3,
        ]
        assert join.run(connection, flow, keep=True) == (1, 1)
        counts = {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]  # noqa: S608
            for name in (step.table for step in join.STEPS)
        }
    assert counts == {
        "asked": 2, "near": 3, "again": 0, "newest": 3, "present": 3, "crowded": 0, "pairs": 1, "lonely": 1
    }  # fmt: skip
    assert list(stage.home.scratch.iterdir()) == []
