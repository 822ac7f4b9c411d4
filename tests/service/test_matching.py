"""Match runs: the same result as a plain reference, facts of every kind, and who may ask for one."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from typing import Any

import pytest

from matcher.protocol import findings, rows
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import ConcordatError, DeniedError, NotFoundError, OverloadedError, QuotaError, StateError
from matcher.protocol.findings import Finding
from matcher.service.acts.matching import Matching
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


def found(world: World, name: str = paper.ASKING) -> dict[tuple[str, ...], int]:
    run = world.match()
    result: dict[tuple[str, ...], int] = {}
    for item in world.channel(name).list_findings(run.run_digest):
        codes = findings.from_leaf(item.leaf)[1].codes
        result[codes] = result.get(codes, 0) + 1
    return result


def test_an_envelope_that_does_not_open_is_found_for_both(world: World) -> None:
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", FINE, broken=True)])
    world.submit(paper.ASKING, [world.row(paper.ASKING, "a", FINE)])
    assert found(world) == {("unreadable",): 1}
    assert found(world, paper.ANSWERING) == {("unreadable",): 1}


def test_the_newest_version_of_a_row_counts_and_deletes_delete(world: World) -> None:
    first = [world.row(paper.ANSWERING, name, ("91", 5_000, 0)) for name in ("changed", "kept", "gone")]
    manifest, _logged = world.submit(paper.ANSWERING, first)
    second = [
        world.row(paper.ANSWERING, "changed", FINE),
        world.row(paper.ANSWERING, "gone", FINE, op=rows.DELETE),
    ]
    world.submit(paper.ANSWERING, second, sequence=2, previous=manifest.digest())
    world.submit(paper.ASKING, [world.row(paper.ASKING, name, FINE) for name in ("changed", "kept", "gone")])
    assert found(world) == {("paid-short",): 1, ("not-found",): 1}


def test_too_many_rows_of_a_link_value_are_duplicates(world: World) -> None:
    manifest, _logged = world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", FINE, row_id="1")])
    world.submit(
        paper.ANSWERING, [world.row(paper.ANSWERING, "a", ("91", 5_000, 0), row_id="2")], sequence=2,
        previous=manifest.digest(),
    )  # fmt: skip
    world.submit(paper.ASKING, [world.row(paper.ASKING, "a", FINE, row_id=str(number)) for number in (1, 2)])
    assert found(world) == {("doubled",): 2, ("doubled", "paid-short"): 2}


def test_shared_link_values_join_each_asking_row(world: World) -> None:
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "shared", ("91", 5_000, 0))])
    world.submit(paper.ASKING, [world.row(paper.ASKING, "shared", FINE, row_id=str(number)) for number in (1, 2)])
    assert found(world) == {("paid-short",): 2}


def test_the_same_inputs_give_the_run_they_had(world: World) -> None:
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", ("91", 5_000, 0))])
    manifest, _logged = world.submit(paper.ASKING, [world.row(paper.ASKING, "a", FINE)])
    first, again = world.match(), world.match()
    assert (first.run_digest, first.logged.index) == (again.run_digest, again.logged.index)
    assert world.log_types().count("match-run") == 1
    world.submit(paper.ASKING, [world.row(paper.ASKING, "b", FINE)], sequence=2, previous=manifest.digest())
    second = world.match()
    assert second.run_digest != first.run_digest
    listed = world.channel(paper.ANSWERING).list_runs(world.agreement.digest, paper.FLOW, paper.PERIOD)
    assert [run.run_digest for run in listed] == [first.run_digest, second.run_digest]


def test_the_log_says_what_was_matched(world: World) -> None:
    answering, _logged = world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", ("91", 5_000, 1))])
    asking, _logged = world.submit(paper.ASKING, [world.row(paper.ASKING, name, FINE) for name in ("a", "b")])
    run = world.match()
    entry = next(entry for entry in world.log() if entry.type == "match-run")
    assert entry.facts["run"] == {
        "suite": "concordat-v1", "agreement": world.agreement.digest.hex(), "flow": paper.FLOW,
        "period": paper.PERIOD,
        "inputs": [
            {"party": paper.ANSWERING, "manifests": [answering.digest().hex()]},
            {"party": paper.ASKING, "manifests": [asking.digest().hex()]},
        ],
        "counts": {"frozen": 1, "paid-short": 1, "not-found": 1, "matched": 1, "unmatched": 1},
    }  # fmt: skip
    assert entry.facts["findings_root"] == run.findings_root.hex()
    assert findings.run_digest(entry.facts["run"]) == run.run_digest


REFUSED: dict[str, tuple[type[ConcordatError], str, dict[str, Any]]] = {
    "no person": (DeniedError, "role", {"person": ""}),
    "a person of another role": (DeniedError, "role", {"person": "checker"}),
    "no expiry": (DeniedError, "lifetime", {"hours": 0}),
    "a life too long": (DeniedError, "lifetime", {"hours": 100}),
    "expired": (DeniedError, "late", {"hours": -1}),
    "a used number": (DeniedError, "used-number", {}),
    "a recipient": (DeniedError, "wrong-recipient", {"recipient": paper.ANSWERING}),
    "another period": (StateError, "state", {"period": "2022-06"}),
    "another flow": (ConcordatError, "agreement", {"flow": "other"}),
}


@pytest.mark.parametrize(("error", "code", "changes"), REFUSED.values(), ids=REFUSED)
def test_a_request_is_refused(world: World, error: type[ConcordatError], code: str, changes: dict[str, Any]) -> None:
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", FINE)])
    manifest, _logged = world.submit(paper.ASKING, [world.row(paper.ASKING, "a", FINE)])
    changes = {**changes, "sequence": manifest.sequence} if code == "used-number" else changes
    with pytest.raises(error) as refused:
        list(world.channel(paper.ASKING).run_match(world.match_request(**changes)))
    assert refused.value.code == code
    assert (world.log()[-1].type, world.log()[-1].facts["reason"]) == ("access-denied", code)


def test_a_request_names_exactly_what_is_sealed(world: World) -> None:
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", FINE)])
    with pytest.raises(StateError, match="asking side has sealed no"):
        world.match()
    world.submit(paper.ASKING, [world.row(paper.ASKING, "a", FINE)])
    request = world.match_request()
    for manifests in (["00" * 32], request.content()["manifests"][:1], request.content()["manifests"] * 2):
        changed = world.parties[paper.ASKING].sign(
            "match", {"manifests": manifests}, agreement=world.agreement.digest, person="maker"
        )
        with pytest.raises(StateError, match="not the 2 sealed"):
            list(world.channel(paper.ASKING).run_match(changed))


def test_only_the_asking_side_asks(world: World) -> None:
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", FINE)])
    world.submit(paper.ASKING, [world.row(paper.ASKING, "a", FINE)])
    request = world.match_request()
    theirs = world.parties[paper.ANSWERING].sign(
        "match", request.content(), agreement=world.agreement.digest, person="clerk"
    )
    for name, message in ((paper.ANSWERING, theirs), (paper.ANSWERING, request), (paper.AUDITOR, request)):
        with pytest.raises(DeniedError):
            list(world.channel(name).run_match(message))
    forged = replace(request, person_signature=bytes(64))
    with pytest.raises(ConcordatError, match="person maker"):
        list(world.channel(paper.ASKING).run_match(forged))


def test_runs_are_counted(admitted: World) -> None:
    admitted.agree(runs=1)
    admitted.submit(paper.ANSWERING, [admitted.row(paper.ANSWERING, "a", FINE)])
    manifest, _logged = admitted.submit(paper.ASKING, [admitted.row(paper.ASKING, "a", FINE)])
    admitted.match()
    admitted.match()
    admitted.submit(paper.ASKING, [admitted.row(paper.ASKING, "b", FINE)], sequence=2, previous=manifest.digest())
    with pytest.raises(QuotaError, match="match runs"):
        admitted.match()


def test_retention_ends_matches_and_findings(world: World) -> None:
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", FINE)])
    world.submit(paper.ASKING, [world.row(paper.ASKING, "b", FINE)])
    run = world.match()
    world.offset = 91 * 86400
    for call in (world.match, lambda: list(world.channel(paper.ASKING).list_findings(run.run_digest))):
        with pytest.raises(DeniedError, match="retention"):
            call()


def test_one_match_at_a_time(world: World) -> None:
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", FINE)])
    world.submit(paper.ASKING, [world.row(paper.ASKING, "a", FINE)])
    acts = Matching(
        world.storage.database, world.storage.log, world.home, world.storage.period_keys, world.metrics, world.clock
    )
    first = acts.run(paper.ASKING, world.match_request(), lambda: None)
    next(first)
    with pytest.raises(OverloadedError, match="another match"):
        list(acts.run(paper.ASKING, world.match_request(), lambda: None))
    first.close()
    assert list(acts.run(paper.ASKING, world.match_request(), lambda: None))


def test_findings_are_for_their_two_sides(world: World) -> None:
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", ("91", 5_000, 0))])
    world.submit(paper.ASKING, [world.row(paper.ASKING, name, FINE) for name in ("a", "b")])
    run = world.match()
    assert len(list(world.channel(paper.ASKING).list_findings(run.run_digest))) == 2
    assert len(list(world.channel(paper.ANSWERING).list_findings(run.run_digest))) == 1
    with pytest.raises(DeniedError):
        list(world.channel(paper.AUDITOR).list_findings(run.run_digest))
    with pytest.raises(NotFoundError):
        list(world.channel(paper.ASKING).list_findings(bytes(32)))
    listed = [entry for entry in world.log() if entry.type == "finding-listed"]
    assert [(entry.actor, entry.facts["count"]) for entry in listed] == [(paper.ASKING, 2), (paper.ANSWERING, 1)]


# ---- the run by itself, against a reference in plain Python


class Stage:
    """Segments written straight to disk, and a run over them."""

    def __init__(self, home: ServiceHome, agreement: Agreement, key: PeriodKey) -> None:
        self.home, self.agreement, self.key = home, agreement, key
        self.submissions: list[Submission] = []

    def add(self, party: str, sequence: int, packed: list[bytes]) -> None:
        submission = os.urandom(16)
        size = len(make_row(self.agreement, party, "width", FINE))
        segments.write(self.home.segments, submission, size, [b"".join(in_order(packed))] if packed else [], self.key)
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
        return [findings.from_leaf(item.leaf)[1] for item in self.run().findings]


@pytest.fixture
def stage(admitted: World) -> Stage:
    _matching, _agreement, agreement = admitted.files()
    keys = PeriodKeys(admitted.home.period_keys, admitted.keys.storage_key)
    return Stage(admitted.home, agreement, keys.ensure("0" * 32))


@pytest.mark.parametrize("seed", range(6))
def test_a_run_finds_what_a_reference_finds(stage: Stage, seed: int) -> None:
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
    assert stage.run().findings_root == stage.run().findings_root


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
    with engine.connect(stage.home.scratch) as connection:
        assert list(engine.load(connection, stage.home.segments, stage.submissions, stage.key)) == [2, 3]
        assert join.run(connection, stage.agreement.flow(paper.FLOW)) == (1, 1)
        counts = {
            name: connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0]  # noqa: S608
            for name, _sql in join.STEPS
        }
    assert counts == {"newest": 3, "present": 3, "crowded": 0, "asked": 2, "answered": 1, "pairs": 1, "lonely": 1}
    assert list(stage.home.scratch.iterdir()) == []
