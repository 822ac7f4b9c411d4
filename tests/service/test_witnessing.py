"""Cosignatures at the service: taken from the witnesses of agreements in force, served with their checkpoints."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

import pytest

from keys.signing import SigningKey
from matcher.protocol import checkpoint, cosignature, note
from matcher.protocol.errors import DeniedError, InputError, NotFoundError, OverloadedError, VerificationError
from matcher.service import limits
from matcher.service.acts import witnessing as witnessing_module
from matcher.service.acts.waiting import WaitingRoom
from matcher.service.acts.witnessing import Witnessing
from tests.service import paper
from tests.service.evaluation import ELEMENTS, ask
from tests.service.world import Template, World, new_world

TIME = 1_700_000_000


@dataclass
class Witness:
    name: str
    key: SigningKey

    @property
    def verifier(self) -> str:
        return cosignature.verifier_key(self.name, self.key.public)

    def line(self, signed: str, time: int = TIME) -> str:
        return cosignature.sign(note.parse(signed).text, self.name, self.key.public, time, self.key.sign)


ONE, TWO, THREE = (Witness(f"audit/{name}", SigningKey.generate()) for name in ("one", "two", "three"))


@pytest.fixture
def world(admitted: World) -> World:
    """A world whose agreement asks for two of three witnesses."""
    keys = ", ".join(f'"{item.verifier}"' for item in (ONE, TWO, THREE))
    admitted.agree(threshold=2, witnesses=keys)
    return admitted


def newest(world: World) -> tuple[str, int]:
    signed = world.channel(paper.ASKING).checkpoint()
    return signed, checkpoint.verify(signed, world.public.log_key).size


def test_a_cosigned_checkpoint_is_served_once_enough_have_cosigned(world: World) -> None:
    auditor, asking = world.channel(paper.AUDITOR), world.channel(paper.ASKING)
    signed, size = newest(world)
    digest = world.agreement.digest
    assert auditor.add_cosignature(size, ONE.line(signed)) == 1
    assert auditor.add_cosignature(size, ONE.line(signed, TIME + 1)) == 1
    with pytest.raises(NotFoundError) as refused:
        asking.checkpoint(agreement=digest)
    assert refused.value.code == "not-cosigned"
    assert auditor.add_cosignature(size, TWO.line(signed)) == 2
    served = asking.checkpoint(agreement=digest)
    assert served == asking.checkpoint()
    assert checkpoint.verify(served, world.public.log_key).size == size
    assert cosignature.require(served, world.agreement.witnesses, 2) == {ONE.name: TIME, TWO.name: TIME}
    # The log goes on: the newest is bare, and the newest cosigned one stays.
    asking.send(ask(world), ELEMENTS)
    assert cosignature.require(asking.checkpoint(), world.agreement.witnesses, 0) == {}
    assert asking.checkpoint(agreement=digest) == served
    with pytest.raises(NotFoundError):
        asking.checkpoint(size + 1, digest)


def test_a_restart_loses_no_cosignature(world: World) -> None:
    signed, size = newest(world)
    for witness in (ONE, TWO):
        world.channel(paper.AUDITOR).add_cosignature(size, witness.line(signed))
    world.stop()
    world.start()
    served = world.channel(paper.ASKING).checkpoint(size, world.agreement.digest)
    assert len(cosignature.require(served, world.agreement.witnesses, 2)) == 2


def test_only_a_witness_of_an_agreement_in_force_cosigns(world: World) -> None:
    signed, size = newest(world)
    with pytest.raises(DeniedError) as refused:
        world.channel(paper.ASKING).add_cosignature(size, ONE.line(signed))
    assert refused.value.code == "auditors-only"
    stranger = Witness(ONE.name, SigningKey.generate())
    with pytest.raises(DeniedError) as refused:
        world.channel(paper.AUDITOR).add_cosignature(size, stranger.line(signed))
    assert refused.value.code == "not-a-witness"
    assert world.log_types()[-2:] == ["access-denied"] * 2


def test_a_cosignature_that_does_not_verify_is_not_kept(world: World) -> None:
    auditor = world.channel(paper.AUDITOR)
    signed, size = newest(world)
    forged = Witness(ONE.name, ONE.key)
    forged_line = cosignature.sign(note.parse(signed).text, ONE.name, ONE.key.public, TIME, TWO.key.sign)
    another = checkpoint.sign(
        checkpoint.Checkpoint("another.example", size, bytes(32)), world.keys.log.public, world.keys.log.sign
    )
    for line in (forged_line, forged.line(another), "no line", "", ONE.line(signed)[:-20]):
        with pytest.raises(VerificationError):
            auditor.add_cosignature(size, line)
    with pytest.raises(NotFoundError):
        auditor.add_cosignature(size + 1, ONE.line(signed))
    with pytest.raises(InputError):
        auditor.add_cosignature(size, "x" * 2000)
    assert "— audit/" not in world.channel(paper.ASKING).checkpoint()


def test_whoever_waits_is_told_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witnessing_module, "_RECHECK_SECONDS", 15.0)
    asking = world.channel(paper.ASKING)
    signed, size = newest(world)
    world.channel(paper.AUDITOR).add_cosignature(size, ONE.line(signed))
    timer = threading.Timer(0.3, lambda: world.channel(paper.AUDITOR).add_cosignature(size, TWO.line(signed)))
    timer.start()
    started = time.monotonic()
    served = asking.checkpoint(size, world.agreement.digest, wait_seconds=20)
    timer.join()
    assert time.monotonic() - started < 10
    assert len(cosignature.require(served, world.agreement.witnesses, 2)) == 2
    request = ask(world)
    timer = threading.Timer(0.3, lambda: asking.send(request, ELEMENTS))
    timer.start()
    grown = world.channel(paper.AUDITOR).checkpoint(size + 1, wait_seconds=20)
    timer.join()
    assert time.monotonic() - started < 14
    assert checkpoint.verify(grown, world.public.log_key).size == size + 1


def test_waiting_is_bounded_and_ends_with_the_service(world: World) -> None:
    witnessing = Witnessing(world.storage.database, WaitingRoom(), world.clock)
    count = limits.MAX_WAITERS_PER_PARTY + 1
    with ThreadPoolExecutor(count) as pool:
        waiting = [
            pool.submit(witnessing.checkpoint, paper.ASKING, 999, b"", 30.0, lambda: None) for _number in range(count)
        ]
        [refused] = wait(waiting, timeout=10, return_when=FIRST_COMPLETED).done
        assert isinstance(refused.exception(), OverloadedError)
        witnessing.stop()
        others = [item.exception(10) for item in waiting if item is not refused]
    assert [type(error) for error in others] == [NotFoundError] * (count - 1)


@pytest.fixture
def unwitnessed(tmp_path: Path, template: Template) -> Iterator[World]:
    with new_world(tmp_path / "other", template) as made:
        made.agree()
        yield made


def test_an_agreement_without_witnesses_takes_any_checkpoint(unwitnessed: World) -> None:
    channel = unwitnessed.channel(paper.ASKING)
    assert channel.checkpoint(agreement=unwitnessed.agreement.digest) == channel.checkpoint()
    with pytest.raises(DeniedError) as refused:
        unwitnessed.channel(paper.AUDITOR).add_cosignature(3, ONE.line(channel.checkpoint()))
    assert refused.value.code == "not-a-witness"


def test_a_stranger_gets_no_checkpoint_of_an_agreement(world: World) -> None:
    world.admit(paper.OTHER)
    assert world.channel(paper.OTHER).checkpoint()
    with pytest.raises(DeniedError):
        world.channel(paper.OTHER).checkpoint(agreement=world.agreement.digest)


def test_those_who_wait_for_messages_and_for_checkpoints_share_the_room(world: World) -> None:
    """Otherwise waiting alone could take every call that the service lets run."""
    assert limits.MAX_WAITERS < limits.MAX_CALLS
    asking = world.channel(paper.ASKING)
    with ThreadPoolExecutor(limits.MAX_WAITERS_PER_PARTY) as pool:
        waiting = [pool.submit(asking.receive, wait_seconds=3) for _number in range(limits.MAX_WAITERS_PER_PARTY)]
        time.sleep(1.0)
        with pytest.raises(OverloadedError):
            asking.checkpoint(999, wait_seconds=1)
        assert [item.result(20) for item in waiting] == [[]] * limits.MAX_WAITERS_PER_PARTY
