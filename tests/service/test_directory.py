"""Admission, TLS, agreements: who gets in, and what brings an agreement into force."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from matcher.protocol import canonical
from matcher.protocol.errors import (
    AgreementError,
    ConcordatError,
    DeniedError,
    NotFoundError,
    StateError,
    UnreachableError,
    VerificationError,
)
from matcher.protocol.messages import SignedMessage
from matcher.service.acts import directory
from tests.service import paper
from tests.service.party import Party
from tests.service.world import World


def admit(world: World, message: SignedMessage) -> None:
    directory.admit(world.storage.database, world.storage.log, message, world.clock)


def test_hello_says_who_one_is(world: World) -> None:
    reply = world.channel(paper.ASKING).hello("concordat-v1", "0.1.0")
    assert (reply.suite, reply.party, reply.log_key) == ("concordat-v1", paper.ASKING, world.public.log_key)
    with pytest.raises(AgreementError, match="concordat-v2"):
        world.channel(paper.ASKING).hello("concordat-v2", "0.1.0")


def test_a_stranger_does_not_get_in_until_admitted(world: World) -> None:
    with pytest.raises(UnreachableError):
        world.channel(paper.OTHER).checkpoint()
    world.admit(paper.OTHER)
    world.parties[paper.OTHER].channel(world.server.address, world.public.tls_certificate).checkpoint()


def test_before_any_admission_nobody_gets_in(world: World, tmp_path: Any, template: Any) -> None:
    other = World(tmp_path / "empty", template)
    try:
        own = other.keys
        pretender = Party("pretender", other.now)
        pretender.tls_key, pretender.tls_certificate = own.tls_key_pem, own.tls_certificate_pem
        with pretender.channel(other.server.address, other.public.tls_certificate) as channel, pytest.raises(
            DeniedError, match="no admitted party"
        ):  # fmt: skip
            channel.checkpoint()
        assert [(entry.actor, entry.facts["reason"]) for entry in other.log()] == [("", "unknown-caller")]
    finally:
        other.stop()


def test_a_renewed_card_takes_the_place_of_the_old_one(world: World) -> None:
    bureau = world.parties[paper.ASKING]
    before = world.channel(paper.ASKING)
    before.checkpoint()
    bureau.renew_tls()
    admit(world, bureau.card(serial=2))
    with pytest.raises(DeniedError) as refused:
        before.checkpoint()
    assert refused.value.code == "superseded-card"
    with bureau.channel(world.server.address, world.public.tls_certificate) as channel:
        channel.checkpoint()
    assert world.log_types()[-2:] == ["key-rotated", "access-denied"]


def test_a_card_runs_out(world: World) -> None:
    world.offset = 301 * 86400
    with pytest.raises(DeniedError) as refused:
        world.channel(paper.ASKING).checkpoint()
    assert refused.value.code == "expired-card"


def _another_root(world: World) -> SignedMessage:
    return Party(paper.ASKING, world.now).card(serial=2)


CARDS: dict[str, tuple[type[ConcordatError], Callable[[World], SignedMessage]]] = {
    "the same serial": (StateError, lambda world: world.parties[paper.ASKING].card()),
    "another root": (StateError, _another_root),
    "expired": (StateError, lambda world: world.parties[paper.ASKING].card(serial=2, days=-1)),
    "beyond its certificate": (VerificationError, lambda world: world.parties[paper.ASKING].card(serial=2, days=500)),
    "another's certificate": (
        StateError,
        lambda world: world.parties[paper.OTHER].card(tls_certificate=world.parties[paper.ASKING].tls_certificate),
    ),
    "no certificate": (VerificationError, lambda world: world.parties[paper.OTHER].card(tls_certificate="none")),
    "a short key": (VerificationError, lambda world: world.parties[paper.OTHER].card(encryption_key="AAAA")),
    "another party": (VerificationError, lambda world: world.parties[paper.OTHER].card(party=paper.ASKING)),
    "a foreign signature": (
        VerificationError,
        lambda world: replace(world.parties[paper.OTHER].card(), signature=bytes(64)),
    ),
    "a person twice": (
        VerificationError,
        lambda world: world.parties[paper.OTHER].card(
            people=[{"id": "x", "key": canonical.b64(bytes(32))}, {"id": "x", "key": canonical.b64(bytes(32))}]
        ),
    ),
}


@pytest.mark.parametrize(("error", "make"), CARDS.values(), ids=CARDS)
def test_a_card_is_not_admitted(
    world: World, error: type[Exception], make: Callable[[World], SignedMessage]
) -> None:  # fmt: skip
    size = len(world.log())
    with pytest.raises(error):
        admit(world, make(world))
    assert len(world.log()) == size


def test_cards_are_for_those_who_share_an_agreement(world: World) -> None:
    assert world.channel(paper.ASKING).get_card(paper.ANSWERING).sender == paper.ANSWERING
    assert world.channel(paper.AUDITOR).get_card(paper.AUDITOR).sender == paper.AUDITOR
    world.admit(paper.OTHER)
    for caller, wanted in ((paper.OTHER, paper.ASKING), (paper.ASKING, paper.OTHER), (paper.ASKING, "nobody")):
        with pytest.raises(NotFoundError):
            world.channel(caller).get_card(wanted)


def test_an_agreement_needs_every_data_party(admitted: World) -> None:
    matching_file, agreement_file, agreement = admitted.files()
    bureau, bank = admitted.channel(paper.ASKING), admitted.channel(paper.ANSWERING)
    first = bureau.publish(matching_file, agreement_file, [admitted.signature(paper.ASKING, agreement)])
    assert (first.missing, first.in_force) == ((paper.ANSWERING,), False)
    with pytest.raises(AgreementError, match="not signed by every"):
        bureau.list_submissions(agreement.digest, paper.FLOW, paper.PERIOD)
    assert bank.get_agreement().agreement_file == agreement_file
    second = bank.publish(matching_file, agreement_file, [admitted.signature(paper.ANSWERING, agreement)])
    assert (second.missing, second.in_force) == ((), True)
    assert admitted.log_types()[3:] == ["agreement-signed", "agreement-signed", "agreement-in-force"]
    # Repeatable, and nothing is logged twice.
    again = bureau.publish(matching_file, agreement_file, [admitted.signature(paper.ASKING, agreement)])
    assert again.in_force
    assert len(admitted.log()) == 6
    assert [item.digest for item in admitted.channel(paper.AUDITOR).list_agreements()] == [agreement.digest]


SIGNATURES: dict[str, Callable[[World, Any], SignedMessage]] = {
    "of another version": lambda world, agreement: world.signature(paper.ASKING, agreement, version=2),
    "of another matching file": lambda world, agreement: world.signature(paper.ASKING, agreement, matching="00" * 32),
    "of another digest": lambda world, agreement: replace(
        world.signature(paper.ASKING, agreement), agreement=bytes(32)
    ),
    "that does not verify": lambda world, agreement: replace(
        world.signature(paper.ASKING, agreement), signature=bytes(64)
    ),
    "without a person": lambda world, agreement: replace(
        world.signature(paper.ASKING, agreement), person="", person_signature=b""
    ),
    "by a person of another role": lambda world, agreement: world.parties[paper.ASKING].sign(
        "agreement", world.signature(paper.ASKING, agreement).content(), hours=0, agreement=agreement.digest, flow="",
        period="", person="maker",
    ),
    "by an auditor": lambda world, agreement: world.parties[paper.AUDITOR].sign(
        "agreement", world.signature(paper.ASKING, agreement).content(), hours=0, agreement=agreement.digest, flow="",
        period="", person="reader",
    ),
}  # fmt: skip


@pytest.mark.parametrize("make", SIGNATURES.values(), ids=SIGNATURES)
def test_a_signature_is_refused(admitted: World, make: Callable[[World, Any], SignedMessage]) -> None:
    matching_file, agreement_file, agreement = admitted.files()
    with pytest.raises((VerificationError, DeniedError)):
        admitted.channel(paper.ASKING).publish(matching_file, agreement_file, [make(admitted, agreement)])
    with pytest.raises(AgreementError, match="not published"):
        admitted.channel(paper.ASKING).get_agreement(agreement.digest)


AGREEMENTS: dict[str, dict[str, Any]] = {
    "another log": {"origin": "other.example/log"},
    "another root": {"bank": "33" * 32},
    "over already": {"until": "2021-01-01"},
    "a successor of nothing": {"version": 2, "previous": "44" * 32},
}


@pytest.mark.parametrize("values", AGREEMENTS.values(), ids=AGREEMENTS)
def test_an_agreement_is_refused(admitted: World, values: dict[str, Any]) -> None:
    with pytest.raises((AgreementError, DeniedError)):
        admitted.agree(**values)


def test_a_changed_byte_is_another_agreement(world: World) -> None:
    matching_file, agreement_file, agreement = world.files()
    channel = world.channel(paper.ASKING)
    with pytest.raises(VerificationError, match="another agreement"):
        channel.publish(matching_file, agreement_file + b"\n", [world.signature(paper.ASKING, agreement)])
    with pytest.raises(AgreementError):
        channel.publish(matching_file + b"\n", agreement_file, [])
    with pytest.raises(AgreementError, match="no signature"):
        channel.publish(matching_file, agreement_file + b"\n", [])


def test_a_version_is_signed_once(world: World) -> None:
    matching_file, agreement_file, agreement = world.files(rows=77)
    with pytest.raises(AgreementError, match="signed another file as version 1"):
        world.channel(paper.ASKING).publish(matching_file, agreement_file, [world.signature(paper.ASKING, agreement)])


def test_a_stranger_sees_no_agreement(world: World) -> None:
    world.admit(paper.OTHER)
    matching_file, agreement_file, agreement = world.files()
    channel = world.channel(paper.OTHER)
    assert channel.list_agreements() == []
    for call in (
        lambda: channel.get_agreement(agreement.digest),
        lambda: channel.publish(matching_file, agreement_file, [world.signature(paper.ASKING, agreement)]),
        lambda: channel.list_submissions(agreement.digest, paper.FLOW, paper.PERIOD),
        lambda: channel.list_runs(agreement.digest, paper.FLOW, paper.PERIOD),
        lambda: channel.open_upload(bytes(16), agreement.digest, paper.FLOW, paper.PERIOD, 1, 1),
        lambda: list(channel.entries(0)),
    ):
        with pytest.raises(DeniedError):
            call()
    with pytest.raises(NotFoundError):
        channel.get_agreement()


def test_an_expired_agreement_serves_nothing(admitted: World) -> None:
    tomorrow = datetime.fromtimestamp(admitted.now() + 2 * 86400, UTC)
    agreement = admitted.agree(until=f"{tomorrow:%Y-%m-%d}")
    channel = admitted.channel(paper.ASKING)
    channel.list_submissions(agreement.digest, paper.FLOW, paper.PERIOD)
    admitted.offset = 3 * 86400
    with pytest.raises(AgreementError, match="expired"):
        channel.list_submissions(agreement.digest, paper.FLOW, paper.PERIOD)
    assert not channel.get_agreement(agreement.digest).in_force
