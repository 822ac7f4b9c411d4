"""Match runs: the same result as a plain reference, facts of every kind, and who may ask for one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from matcher.protocol import findings, rows
from matcher.protocol.errors import ConcordatError, DeniedError, NotFoundError, OverloadedError, QuotaError, StateError
from matcher.service.acts.matching import Matching
from matcher.service.store.periods import PeriodName
from tests.service import paper
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
        world.storage.database, world.storage.log, world.home, world.storage.period_keys, world.metrics, world.clock,
        lambda receipt: f"a note for {receipt.party}",
    )  # fmt: skip
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
