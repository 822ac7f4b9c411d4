"""Messages from party to party: allowed, fresh, in time and counted, or refused and logged."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import replace

import pytest

from matcher.protocol.errors import ConcordatError, DeniedError, InputError, OverloadedError, QuotaError
from matcher.protocol.messages import SignedMessage
from matcher.protocol.suite import sha256
from matcher.service import limits
from matcher.service.acts.mail import Mail
from matcher.service.acts.waiting import WaitingRoom
from tests.service import paper
from tests.service.evaluation import ELEMENTS, answer, ask
from tests.service.world import World


def test_an_evaluation_goes_there_and_back(world: World) -> None:
    request = ask(world, flow="", period="")
    world.channel(paper.ASKING).send(request, ELEMENTS)
    [item] = world.channel(paper.ANSWERING).receive(["evaluation-request"])
    assert (item.message, item.attachment) == (request, ELEMENTS)
    reply = answer(world, request, flow="", period="")
    world.channel(paper.ANSWERING).send(reply, ELEMENTS)
    [item] = world.channel(paper.ASKING).receive(["evaluation-answer"], after=item.index)
    assert (item.message, item.attachment) == (reply, ELEMENTS)
    assert world.log_types()[-2:] == ["evaluation-requested", "evaluation-answered"]
    # Answered: the blinded elements are gone, and nobody is asked again.
    assert world.channel(paper.ANSWERING).receive() == []


def test_the_same_message_again_is_answered_and_not_counted(world: World) -> None:
    request = ask(world)
    first = world.channel(paper.ASKING).send(request, ELEMENTS)
    for _time in range(5):
        assert world.channel(paper.ASKING).send(request, ELEMENTS).index == first.index
    assert world.log_types().count("evaluation-requested") == 1
    world.channel(paper.ASKING).send(ask(world), ELEMENTS)


REFUSED: dict[str, tuple[str, Callable[[World], SignedMessage]]] = {
    "another under a used number": ("used-number", lambda world: ask(world, {"checkpoint": ""}, sequence=1, hours=23)),
    "number zero": ("used-number", lambda world: ask(world, sequence=0)),
    "late": ("late", lambda world: ask(world, hours=-1)),
    "without an end": ("lifetime", lambda world: ask(world, hours=0)),
    "with an end too far": ("lifetime", lambda world: ask(world, hours=80)),
    "to an auditor": ("wrong-recipient", lambda world: ask(world, recipient=paper.AUDITOR)),
    "to itself": ("wrong-recipient", lambda world: ask(world, recipient=paper.ASKING)),
    "to a stranger": ("not-a-party", lambda world: ask(world, recipient=paper.OTHER)),
    "to the service": ("not-a-party", lambda world: ask(world, recipient="")),
    "of another link kind": ("denied", lambda world: ask(world, {"link": "other"})),
    "of another epoch": ("period-mismatch", lambda world: ask(world, {"epoch": 2})),
    "unpadded": ("verification", lambda world: ask(world, {"count": 1000})),
    "of too many": ("verification", lambda world: ask(world, {"count": 5120})),
    "of none": ("verification", lambda world: ask(world, {"count": 0})),
    "with another attachment": ("verification", lambda world: ask(world, {"elements_sha256": "00" * 32})),
    "with an unknown field": ("verification", lambda world: ask(world, {"note": "x"})),
    "with a checkpoint that is none": ("verification", lambda world: ask(world, {"checkpoint": "free text"})),
    "under an unknown agreement": ("agreement", lambda world: ask(world, agreement=bytes(range(32)))),
    "with a forged signature": ("verification", lambda world: replace(ask(world), signature=bytes(64))),
    "with a changed body": ("verification", lambda world: replace(ask(world), body=ask(world, {"count": 2048}).body)),
    "by a person unknown": ("person", lambda world: ask(world, person="ghost")),
    "with a forged person": (
        "verification", lambda world: replace(ask(world, person="maker"), person_signature=bytes(64)),
    ),
    "from the holder": (
        "wrong-recipient",
        lambda world: replace(ask(world), sender=paper.ANSWERING, recipient=paper.ANSWERING),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("code", "make"), REFUSED.values(), ids=REFUSED)
def test_a_message_is_refused_and_logged(world: World, code: str, make: Callable[[World], SignedMessage]) -> None:
    world.channel(paper.ASKING).send(ask(world), ELEMENTS)
    if make is REFUSED["from the holder"][1]:
        bank = world.parties[paper.ANSWERING]
        message = bank.sign(
            "evaluation-request", ask(world).content(), recipient=paper.ANSWERING, agreement=world.agreement.digest
        )
        caller = paper.ANSWERING
    else:
        message, caller = make(world), paper.ASKING
    with pytest.raises(ConcordatError) as refused:
        world.channel(caller).send(message, ELEMENTS)
    assert refused.value.code == code
    entry = world.log()[-1]
    assert (entry.type, entry.actor, entry.facts["rpc"]) == ("access-denied", caller, "Send")
    assert (entry.facts["reason"], entry.facts["message"]) == (code, message.digest().hex())
    assert len(world.channel(paper.ANSWERING).receive()) == 1


def test_a_message_of_another_is_refused(world: World) -> None:
    with pytest.raises(DeniedError) as refused:
        world.channel(paper.ANSWERING).send(ask(world), ELEMENTS)
    assert refused.value.code == "not-the-sender"


@pytest.mark.parametrize("kind", ["card", "agreement", "manifest", "match", "other"])
def test_other_kinds_do_not_go_by_mail(world: World, kind: str) -> None:
    with pytest.raises(ConcordatError, match="not sent by mail"):
        world.channel(paper.ASKING).send(replace(ask(world), kind=kind), ELEMENTS)


def test_evaluations_are_counted_by_epoch_and_month(world: World) -> None:
    elements = bytes(4096 * 32)
    body = {"count": 4096, "elements_sha256": sha256(elements).hex()}
    world.channel(paper.ASKING).send(ask(world, body), elements)
    with pytest.raises(QuotaError, match="4096 used and 1024 asked for, 4096 allowed"):
        world.channel(paper.ASKING).send(ask(world), ELEMENTS)
    world.offset = 40 * 86400
    world.channel(paper.ASKING).send(ask(world, body), elements)
    world.offset = 80 * 86400
    with pytest.raises(QuotaError, match="epoch"):
        world.channel(paper.ASKING).send(ask(world), ELEMENTS)


def test_a_receiver_waits_for_the_first_message(world: World) -> None:
    request = ask(world)
    timer = threading.Timer(0.3, lambda: world.channel(paper.ASKING).send(request, ELEMENTS))
    timer.start()
    started = time.monotonic()
    [item] = world.channel(paper.ANSWERING).receive(wait_seconds=20)
    timer.join()
    assert item.message == request
    assert time.monotonic() - started < 5
    assert world.channel(paper.AUDITOR).receive(wait_seconds=1) == []


def test_waiting_is_bounded_and_ends_with_the_service(world: World) -> None:
    mail = Mail(world.storage.database, world.storage.log, WaitingRoom(), world.metrics, world.clock)
    count = limits.MAX_WAITERS_PER_PARTY + 1
    with ThreadPoolExecutor(count) as pool:
        waiting = [pool.submit(mail.receive, paper.ASKING, [], 0, 1, 30, lambda: None) for _number in range(count)]
        # One of them finds no place, at once; the others go home when the service stops.
        [refused] = wait(waiting, timeout=10, return_when=FIRST_COMPLETED).done
        with pytest.raises(OverloadedError, match="too many calls wait"):
            refused.result()
        mail.stop()
        assert [item.result(10) for item in waiting if item is not refused] == [[]] * (count - 1)


def test_a_box_is_read_in_pages(world: World) -> None:
    for _number in range(4):
        world.channel(paper.ASKING).send(ask(world), ELEMENTS)
    channel = world.channel(paper.ANSWERING)
    first = channel.receive(limit=3)
    rest = channel.receive(after=first[-1].index + 1)
    assert [len(first), len(rest)] == [3, 1]
    assert channel.receive(["delivery"]) == []
    with pytest.raises(InputError):
        channel.receive(["card"])
    with pytest.raises(InputError):
        channel.receive(after=2**63)


def test_lapsed_attachments_are_erased_at_start_up(world: World) -> None:
    world.channel(paper.ASKING).send(ask(world, hours=1), ELEMENTS)
    world.offset = 2 * 3600
    world.stop()
    world.start()
    with world.storage.database.read() as transaction:
        assert [tuple(row) for row in transaction.execute("SELECT settled, length(attachment) FROM messages")] == [
            (1, 0)
        ]


def test_knocking_does_not_fill_the_log(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_DENIALS_LOGGED", 3)
    message = ask(world, recipient=paper.AUDITOR)
    for _time in range(3):
        with pytest.raises(DeniedError):
            world.channel(paper.ASKING).send(message, ELEMENTS)
    assert world.log_types().count("access-denied") == 1
    for _time in range(5):
        with pytest.raises(DeniedError):
            world.channel(paper.ASKING).send(ask(world, recipient=paper.AUDITOR), ELEMENTS)
    assert world.log_types().count("access-denied") == 3
    counted = world.metrics.registry.get_sample_value(
        "concordat_denials_total", {"rpc": "Send", "reason": "wrong-recipient"}
    )
    assert counted == 8
    monkeypatch.setattr(limits, "DENIAL_SPAN_SECONDS", 0)
    with pytest.raises(DeniedError):
        world.channel(paper.ASKING).send(message, ELEMENTS)
    assert world.log_types().count("access-denied") == 4
