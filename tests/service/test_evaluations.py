"""Answers to evaluations, and group keys: from their holder, for their request, once."""

from __future__ import annotations

from typing import Any

import pytest

from matcher.protocol import canonical
from matcher.protocol.errors import ConcordatError, DeniedError
from matcher.protocol.messages import SignedMessage
from matcher.protocol.suite import sha256
from tests.service import paper
from tests.service.evaluation import ELEMENTS, answer, ask, refuse
from tests.service.world import World

ANSWERS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "another request": ("denied", {"request": "00" * 32}, {}),
    "another count": ("verification", {"count": 2048}, {}),
    "another epoch": ("verification", {"epoch": 2}, {}),
    "a short proof": ("verification", {"proof": canonical.b64(bytes(63))}, {}),
    "another attachment": ("verification", {"elements_sha256": "00" * 32}, {}),
    "another recipient": ("denied", {}, {"recipient": paper.AUDITOR}),
    "another flow": ("denied", {}, {"flow": "", "period": ""}),
}


@pytest.mark.parametrize(("code", "body", "options"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_is_refused(world: World, code: str, body: dict[str, Any], options: dict[str, Any]) -> None:
    request = ask(world)
    world.channel(paper.ASKING).send(request, ELEMENTS)
    with pytest.raises(ConcordatError) as refused:
        world.channel(paper.ANSWERING).send(answer(world, request, body, **options), ELEMENTS)
    assert refused.value.code == code
    world.channel(paper.ANSWERING).send(answer(world, request), ELEMENTS)
    with pytest.raises(ConcordatError, match="answered before"):
        world.channel(paper.ANSWERING).send(answer(world, request), ELEMENTS)


REFUSALS: dict[str, tuple[str, dict[str, Any], dict[str, Any], bytes]] = {
    "another request": ("denied", {"request": "00" * 32}, {}, b""),
    "another count": ("verification", {"count": 2048}, {}, b""),
    "another recipient": ("denied", {}, {"recipient": paper.AUDITOR}, b""),
    "a text for a reason": ("verification", {"reason": "because I say so"}, {}, b""),
    "an attachment": ("verification", {}, {}, b"bytes that nothing pins"),
}


@pytest.mark.parametrize(("code", "body", "options", "attachment"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_settles_the_request_once(
    world: World, code: str, body: dict[str, Any], options: dict[str, Any], attachment: bytes
) -> None:
    request, holder = ask(world), world.channel(paper.ANSWERING)
    world.channel(paper.ASKING).send(request, ELEMENTS)
    with pytest.raises(ConcordatError) as refused:
        holder.send(refuse(world, request, body, **options), attachment)
    assert refused.value.code == code
    holder.send(refuse(world, request))
    assert world.log_types()[-1] == "evaluation-refused"
    assert [item.message.content()["reason"] for item in world.channel(paper.ASKING).receive()] == ["quota"]
    assert holder.receive() == []
    with pytest.raises(ConcordatError, match="answered before"):
        holder.send(answer(world, request), ELEMENTS)


def test_a_late_answer_is_refused(world: World) -> None:
    request = ask(world, hours=1)
    world.channel(paper.ASKING).send(request, ELEMENTS)
    world.offset = 2 * 3600
    with pytest.raises(DeniedError, match="request has expired"):
        world.channel(paper.ANSWERING).send(answer(world, request), ELEMENTS)


def test_a_group_key_reaches_its_party(admitted: World) -> None:
    agreement = admitted.agree(mode="hmac")
    sealed = b"a sealed key"
    body = {"link": paper.LINK, "group_key_id": "22" * 32, "sealed_sha256": sha256(sealed).hex()}

    def message(changes: dict[str, Any], recipient: str = paper.ASKING) -> SignedMessage:
        return admitted.parties[paper.ANSWERING].sign(
            "group-key", {**body, **changes}, recipient=recipient, agreement=agreement.digest, flow="", period=""
        )

    channel = admitted.channel(paper.ANSWERING)
    for bad in (message({"group_key_id": "23" * 32}), message({}, paper.AUDITOR), message({"sealed_sha256": "0" * 64})):
        with pytest.raises(ConcordatError):
            channel.send(bad, sealed)
    channel.send(message({}), sealed)
    [item] = admitted.channel(paper.ASKING).receive()
    assert item.attachment == sealed
    with pytest.raises(DeniedError):
        admitted.channel(paper.ASKING).send(
            admitted.parties[paper.ASKING].sign(
                "evaluation-request",
                {"link": paper.LINK, "epoch": 1, "count": 1024, "elements_sha256": sha256(ELEMENTS).hex(),
                 "checkpoint": ""},
                recipient=paper.ANSWERING, agreement=agreement.digest,
            ),
            ELEMENTS,
        )  # fmt: skip
