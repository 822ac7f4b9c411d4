"""Check G3: nothing is evaluated or revealed that too few witnesses hold; it waits, says why, and goes on by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import click
import pytest

from keys import oprf
from keys.errors import KeyFileError
from keys.signing import SigningKey
from matcher.agency.agent import loop, unwitnessed
from matcher.agency.agent.gate import pass_gate
from matcher.agency.commands import reveal
from matcher.agency.exchange.journal import Journal
from matcher.channel.types import MailItem
from matcher.protocol import cosignature
from matcher.protocol.errors import UnwitnessedError
from matcher.text import edge
from tests.agency.exchange.test_evaluation import INPUTS, HerePool, agent, answers, ask, refusals, work
from tests.agency.exchange.test_inbox_and_gate import decisions, request
from tests.agency.exchange.world import BUREAU, REGULATOR, World

ELEMENTS = oprf.blind_batch(INPUTS)[1]


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "EvaluationPool", HerePool)
    monkeypatch.setattr(loop, "_BUSY_WAIT_SECONDS", 0)


@pytest.fixture
def witnessed(world: World) -> World:
    """A world whose agreement asks for two of three witnesses, who have cosigned what there is."""
    world.agree(replace(world.agreement, witnesses=world.service.hire(3), witness_threshold=2))
    world.service.witness()
    return world


def passes(world: World, item: MailItem) -> int:
    """The size of the checkpoint that the gate proved ``item`` against."""
    received = world.inbox(REGULATOR).open(item)
    return pass_gate(world.homes[REGULATOR], world.channels[REGULATOR], received).seen.size  # type: ignore[arg-type]


def test_a_request_passes_once_witnesses_hold_it(witnessed: World) -> None:
    item = request(witnessed)
    with pytest.raises(UnwitnessedError, match="fewer than 2 of 3") as caught:
        passes(witnessed, item)
    assert caught.value.code == "gate-cosignatures"
    witnessed.service.witness()
    witnessed.service.append(witnessed.service.entries[0])
    # Proved against the checkpoint that is cosigned, not against a newer one that is not.
    assert passes(witnessed, item) == item.index + 1


def test_the_checkpoint_kept_carries_no_cosignatures(witnessed: World) -> None:
    item = request(witnessed)
    witnessed.service.witness()
    passes(witnessed, item)
    kept = next(witnessed.homes[REGULATOR].path.glob("checkpoint-*")).read_text()
    assert kept == cosignature.bare(kept, witnessed.service.log_key)


def _one_only(world: World) -> None:
    name, key = next(iter(world.service.witnesses.items()))
    world.service.witnesses = {name: key}


def _others(world: World) -> None:
    world.service.witnesses = {name: SigningKey.generate() for name in world.service.witnesses}


def _wrong_line(world: World) -> None:
    world.service.spoil = lambda line: line[:-12] + ("A" if line[-12] != "A" else "B") + line[-11:]


LIES: dict[str, Callable[[World], None]] = {
    "too few": _one_only, "other keys": _others, "a wrong line": _wrong_line,
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
def test_what_the_service_shows_is_counted_again_here(witnessed: World, name: str) -> None:
    item = request(witnessed)
    witnessed.service.witness()
    LIES[name](witnessed)
    with pytest.raises(UnwitnessedError, match="without the cosignatures"):
        passes(witnessed, item)


def test_a_reveal_waits_and_is_not_refused(witnessed: World) -> None:
    item = request(witnessed)
    with pytest.raises(UnwitnessedError):
        witnessed.take(item)
    assert decisions(witnessed) == []
    assert not witnessed.homes[REGULATOR].journal.rows("SELECT * FROM inbox")
    witnessed.service.witness()
    assert witnessed.take(item) == {"approved": 1, "pending": 1}


def test_an_evaluation_waits_and_is_not_counted(witnessed: World) -> None:
    ask(witnessed, ELEMENTS)
    acts = work(witnessed)
    [waiting] = [act for act in acts if act["act"] == "waiting"]
    assert (waiting["reason"], waiting["from"]) == ("gate-cosignatures", BUREAU)
    assert waiting["kind"] == "evaluation-request"
    assert waiting["age_seconds"] in range(5)
    assert answers(witnessed) == []
    assert refusals(witnessed) == []
    assert not witnessed.homes[REGULATOR].journal.rows("SELECT * FROM counts")
    witnessed.service.witness()
    work(witnessed)
    assert len(answers(witnessed)) == 1
    assert unwitnessed.listed(witnessed.homes[REGULATOR].journal) == []


def test_the_agent_s_place_stays_before_what_it_holds_back(witnessed: World) -> None:
    first = ask(witnessed, ELEMENTS)
    journal = witnessed.homes[REGULATOR].journal
    work(witnessed)
    second = ask(witnessed, ELEMENTS)
    work(witnessed)
    assert journal.cursor("agent") == first.index
    assert [item.index for item in unwitnessed.listed(journal)] == [first.index, second.index]
    witnessed.service.witness()
    work(witnessed)
    assert journal.cursor("agent") > second.index
    assert len(answers(witnessed)) == 2


def test_a_running_agent_goes_on_as_soon_as_witnesses_cosign(witnessed: World) -> None:
    acts: list[dict[str, object]] = []
    running = agent(witnessed, acts)
    ask(witnessed, ELEMENTS)
    item = request(witnessed)
    for _turn in range(3):
        running._turn(0)
    assert [act["kind"] for act in acts if act["act"] == "waiting"] == ["evaluation-request", "reveal-request"]
    witnessed.service.witness()
    for _turn in range(3):
        running._turn(0)
    assert len(answers(witnessed)) == 1
    assert ("approved", "own-flags", 1) in decisions(witnessed)
    assert witnessed.homes[REGULATOR].journal.cursor("agent") > item.index


def test_what_expires_while_it_waits_is_refused_and_no_longer_waits(witnessed: World) -> None:
    request(witnessed)
    work(witnessed)
    assert len(unwitnessed.listed(witnessed.homes[REGULATOR].journal)) == 1
    witnessed.homes[REGULATOR].clock = 80 * 3600
    assert "message-expired" in {act.get("refused") for act in work(witnessed)}
    assert unwitnessed.listed(witnessed.homes[REGULATOR].journal) == []


def test_what_is_held_back_is_bounded(witnessed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_MAX_HELD_BACK", 2)
    monkeypatch.setattr(loop, "_LIMIT", 1)
    for _number in range(4):
        ask(witnessed, ELEMENTS)
    running = agent(witnessed, [])
    for _turn in range(6):
        running._turn(0)
    assert len(running._held) == 2
    witnessed.change_quotas(evaluations_month=10_000, evaluations_epoch=10_000)
    witnessed.service.witness()
    for _turn in range(8):
        running._turn(0)
    assert len(answers(witnessed)) == 4


def test_people_see_what_waits_and_for_how_long(witnessed: World, capsys: pytest.CaptureFixture[str]) -> None:
    request(witnessed)
    ask(witnessed, ELEMENTS)
    work(witnessed)
    journal: Journal = witnessed.homes[REGULATOR].journal
    kinds = [(item.kind, item.amount, item.sender) for item in unwitnessed.listed(journal)]
    assert kinds == [("reveal-request", 2, BUREAU), ("evaluation-request", 1024, BUREAU)]
    shown = _list(witnessed, capsys)
    assert "Waiting for witnesses" in shown
    assert "1,024" in shown
    assert "0 h 0 min" in shown


def _list(world: World, capsys: pytest.CaptureFixture[str]) -> str:
    group = click.Group("concordat")
    reveal.register(group)
    edge.share_options(group, people=True)
    home: Any = world.homes[REGULATOR]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reveal.AgencyHome, "of", classmethod(lambda _class, _invocation: home))
        assert edge.run(group, ["reveal", "list"], KeyFileError) == 0
    return capsys.readouterr().out
