"""Receipts: after every run, who learned what; signed, in the log, seen by their parties, made again by an auditor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from matcher.auditor import receipts as auditing
from matcher.auditor.source import ServiceSource
from matcher.auditor.verify import verify
from matcher.protocol import canonical, checkpoint, entries, note, receipts
from matcher.protocol.errors import ConcordatError, DeniedError, NotFoundError, VerificationError
from matcher.protocol.receipts import DECLARED, Receipt
from tests.service import paper
from tests.service.case import Case
from tests.service.evaluation import ELEMENTS, ask
from tests.service.world import Template, new_template, new_world

ROLES = {"": "service", paper.ASKING: "asking", paper.ANSWERING: "answering", paper.AUDITOR: "auditor"}


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    path = tmp_path_factory.mktemp("receipts")
    with new_world(path / "service", new_template(path / "template")) as world:
        world.agree()
        world.channel(paper.ASKING).send(ask(world), ELEMENTS)
        yield Case(world)


def check(case: Case, change: Callable[[dict[str, str]], Any] = dict) -> dict[str, Receipt]:
    """What the auditor makes of the run's receipts, with what the service shows changed."""
    channel = case.world.channel(paper.AUDITOR)

    def fetch(run: bytes) -> dict[str, str]:
        notes = dict(channel.receipts(run).notes)
        change(notes)
        return notes

    run = case.run.run_digest.hex()[:10]
    found = auditing.check(ServiceSource(channel), case.world.public.log_key, run, fetch)
    return {item.party: item for item in found}


def test_a_run_ends_with_a_receipt_for_everybody_who_learned_by_it(case: Case) -> None:
    found = check(case)
    assert {party: item.role for party, item in found.items()} == ROLES
    learned = {party: dict(item.learned) for party, item in found.items()}
    assert learned[""] == {
        "rows-asking": 4, "rows-answering": 3, "submissions": 2, "pairs-joined": 3, "fields-compared": 9,
        "rows-unanswered": 1, "rules-fired": 5,
    }  # fmt: skip
    assert learned[paper.ASKING] == {"own-rows-answered": 3, "own-rows-unanswered": 1, "own-findings": 4}
    assert learned[paper.ANSWERING] == {"evaluations-asked": 1024, "findings-at-most": 4}
    assert learned[paper.AUDITOR] == {"log-entries": case.run.logged.index + 1}
    assert found[paper.ASKING].codes == {"paid-short": 2, "frozen": 2, "not-found": 1}
    assert found[paper.ANSWERING].codes == {}


def test_every_kind_is_declared_for_its_role(case: Case) -> None:
    for item in check(case).values():
        assert tuple(kind for kind, _count in item.learned) == DECLARED[item.role]
    assert len({kind for kinds in DECLARED.values() for kind in kinds}) == sum(map(len, DECLARED.values()))


def test_a_party_sees_its_own_only_and_a_stranger_none(case: Case) -> None:
    run = case.run.run_digest
    for party in (paper.ASKING, paper.ANSWERING):
        reply = case.world.channel(party).receipts(run)
        assert list(reply.notes) == [party]
        item = receipts.verify(reply.notes[party], case.world.public.log_key)
        assert (item.party, item.run, item.index) == (party, run, case.run.logged.index)
        facts = entries.parse(reply.logged.entry).facts
        assert {"party": party, "sha256": receipts.digest(reply.notes[party])} in facts["receipts"]
    with pytest.raises(NotFoundError):
        case.world.channel(paper.ASKING).receipts(bytes(32))
    case.world.admit(paper.OTHER)
    with pytest.raises(DeniedError):
        case.world.channel(paper.OTHER).receipts(run)


def test_the_log_with_receipts_verifies(case: Case) -> None:
    report = verify(ServiceSource(case.world.channel(paper.AUDITOR)), case.world.public.log_key)
    assert report.failures == []
    assert report.entry_counts["receipts-issued"] == 1


def test_the_same_run_again_has_the_receipts_it_had(case: Case) -> None:
    before = case.world.log_types().count("receipts-issued")
    case.world.match()
    assert case.world.log_types().count("receipts-issued") == before


def resigned(case: Case, signed: str, **changes: Any) -> str:
    keys = case.world.keys.log
    return receipts.sign(
        replace(receipts.verify(signed, case.world.public.log_key), **changes), case.world.public.origin, keys.public,
        keys.sign,
    )  # fmt: skip


def test_a_receipt_that_is_missing_or_another_is_named(case: Case) -> None:
    with pytest.raises(VerificationError, match=f"missing.*{paper.ASKING}"):
        check(case, lambda notes: notes.pop(paper.ASKING))
    with pytest.raises(VerificationError, match=r"others.*stranger"):
        check(case, lambda notes: notes.update(stranger=notes[""]))
    for party, name in (("", "the service"), (paper.ANSWERING, paper.ANSWERING)):
        with pytest.raises(VerificationError, match=f"{name} is not the one that the log holds"):
            check(case, lambda notes, party=party: notes.update({party: resigned(case, notes[party], time=1)}))


def test_a_receipt_that_says_something_else_than_the_log_is_named(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = receipts.of_run
    monkeypatch.setattr(auditing.receipts, "of_run", lambda *given: tuple(
        replace(item, learned=((item.learned[0][0], 999), *item.learned[1:])) for item in honest(*given)
    ))  # fmt: skip
    with pytest.raises(VerificationError, match="the service says something else"):
        check(case)


def test_runs_are_named_by_the_beginning_of_their_digest(case: Case) -> None:
    source, key = ServiceSource(case.world.channel(paper.AUDITOR)), case.world.public.log_key
    with pytest.raises(NotFoundError, match="0 runs"):
        auditing.check(source, key, "zz", lambda _run: {})
    assert auditing.check(source, key, "", case_notes(case))


def case_notes(case: Case) -> Callable[[bytes], dict[str, str]]:
    return lambda run: dict(case.world.channel(paper.AUDITOR).receipts(run).notes)


def _text(signed: str) -> tuple[str, dict[str, Any]]:
    label, value, _rest = note.parse(signed).text.split("\n")
    return label, json.loads(value)


MALFORMED: dict[str, Callable[[str, dict[str, Any]], tuple[str, dict[str, Any]]]] = {
    "of another log": lambda label, value: ("other" + label, value),
    "no label": lambda label, value: (label.removesuffix("/receipt"), value),
    "another version": lambda label, value: (label, {**value, "v": 2}),
    "a kind that is not declared": lambda label, value: (
        label, {**value, "learned": [*value["learned"], {"kind": "names", "count": 1}]},
    ),
    "a kind less": lambda label, value: (label, {**value, "learned": value["learned"][1:]}),
    "another role's kinds": lambda label, value: (label, {**value, "role": "auditor"}),
    "an unknown role": lambda label, value: (label, {**value, "role": "press"}),
    "codes for whom they are not": lambda label, value: (label, {**value, "codes": {"frozen": 1}}),
    "a field less": lambda label, value: (label, {name: item for name, item in value.items() if name != "flow"}),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_a_receipt_holds_what_is_declared_and_nothing_else(case: Case, name: str) -> None:
    signed = case.world.channel(paper.ANSWERING).receipts(case.run.run_digest).notes[paper.ANSWERING]
    keys, key = case.world.keys.log, case.world.public.log_key
    label, value = MALFORMED[name](*_text(signed))
    changed = note.sign(
        f"{label}\n{canonical.encode(value).decode()}\n", case.world.public.origin, keys.public, keys.sign
    )
    with pytest.raises(VerificationError):
        receipts.verify(changed, key)
    label, value = _text(signed)
    assert receipts.verify(signed, key).party == value["party"]


def test_a_receipt_is_no_checkpoint_and_a_checkpoint_no_receipt(case: Case) -> None:
    key = case.world.public.log_key
    signed = case.world.channel(paper.ANSWERING).receipts(case.run.run_digest).notes[paper.ANSWERING]
    with pytest.raises(VerificationError):
        checkpoint.verify(signed, key)
    with pytest.raises(VerificationError):
        receipts.verify(case.world.channel(paper.ANSWERING).checkpoint(), key)


def test_a_run_that_is_not_committed_leaves_no_receipt(
    tmp_path: Path, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_world(tmp_path / "service", template) as world:
        world.agree()

        def broken(*_given: object) -> tuple[Receipt, ...]:
            raise OSError("no")

        with monkeypatch.context() as patch:
            patch.setattr("matcher.service.acts.matching.receipts.of_run", broken)
            with pytest.raises(ConcordatError):
                Case(world)
        assert "match-run" not in world.log_types()
        assert world.match()
        assert world.log_types()[-2:] == ["match-run", "receipts-issued"]
