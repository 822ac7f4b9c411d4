"""The signed message: every part of it is bound, and nothing malformed passes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from matcher.protocol import bodies, canonical, messages
from matcher.protocol.errors import VerificationError

ROOT = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
PERSON = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
ROOT_PUBLIC = ROOT.public_key().public_bytes_raw()
PERSON_PUBLIC = PERSON.public_key().public_bytes_raw()


def signed() -> messages.SignedMessage:
    """A match request signed by party and person."""
    message = messages.SignedMessage(
        kind="match", agreement=b"\x07" * 32, flow="account-check", period="2022-05", sender="labour-bureau",
        recipient="", sequence=3, expiry=1_700_000_000, body=canonical.encode({"manifests": ["ab" * 32]}),
        signature=bytes(64), person="zhang.min",
    )  # fmt: skip
    message = replace(message, signature=ROOT.sign(message.signed_bytes()))
    person_signature = PERSON.sign(messages.person_bytes(message.digest(), message.person))
    return replace(message, person_signature=person_signature)


def test_a_good_message_verifies_and_survives_json() -> None:
    message = signed()
    messages.verify(message, ROOT_PUBLIC, PERSON_PUBLIC)
    assert messages.from_json(canonical.decode(canonical.encode(messages.to_json(message)))) == message


MUTATIONS = {
    "kind": {"kind": "manifest"},
    "agreement": {"agreement": b"\x08" * 32},
    "flow": {"flow": "account-chec"},
    "period": {"period": "2022-06"},
    "sender": {"sender": "labour-burea"},
    "recipient": {"recipient": "x"},
    "sequence": {"sequence": 4},
    "expiry": {"expiry": 1_700_000_001},
    "body": {"body": canonical.encode({"manifests": ["ac" * 32]})},
    "signature": {"signature": bytes(64)},
    "person": {"person": "zhang.mix"},
    "person signature": {"person_signature": bytes(64)},
    "flow moved into period": {"flow": "account-check2022", "period": "-05"},
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_part_is_bound(name: str) -> None:
    with pytest.raises(VerificationError, match="does not verify"):
        messages.verify(replace(signed(), **MUTATIONS[name]), ROOT_PUBLIC, PERSON_PUBLIC)


def test_a_named_person_needs_a_key() -> None:
    with pytest.raises(VerificationError, match="no key is known"):
        messages.verify(signed(), ROOT_PUBLIC)


def test_a_person_s_signature_is_no_party_s() -> None:
    message = signed()
    forged = replace(message, signature=message.person_signature)
    with pytest.raises(VerificationError):
        messages.verify(forged, PERSON_PUBLIC, PERSON_PUBLIC)


def test_json_form_refuses_missing_unknown_and_malformed_fields() -> None:
    good = messages.to_json(signed())
    bad = [
        {key: value for key, value in good.items() if key != "body"},
        {**good, "extra": 1},
        {**good, "sequence": -1},
        {**good, "sequence": True},
        {**good, "sequence": "3"},
        {**good, "flow": 1},
        {**good, "agreement": "AB" * 32},
        {**good, "signature": canonical.b64(bytes(63))},
        {**good, "person": ""},
        {key: value for key, value in good.items() if key != "person_signature"},
        [],
    ]
    for value in bad:
        with pytest.raises(VerificationError):
            messages.from_json(value)


GOOD_REQUEST = {
    "run": "ab" * 32,
    "findings": [{"id": "cd" * 32, "claim": canonical.b64(bytes(32))}],
    "purpose": "wage-arrears-inspection",
    "case": "DX-2022-0054",
    "basis": ["wage-payment-regulation-art-33"],
    "checkpoint": "",
}


def test_body_table_accepts_a_good_request() -> None:
    bodies.check("reveal-request", GOOD_REQUEST)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("case", "张三的账户 6222"),
        ("case", ""),
        ("case", "a" * 65),
        ("purpose", "Wage arrears"),
        ("findings", []),
        ("findings", [{"id": "cd" * 32}]),
        ("findings", [{"id": "cd" * 32, "claim": "!"}]),
        ("findings", [{"id": "cd" * 32, "claim": "", "name": "x"}]),
        ("run", "AB" * 32),
        ("basis", "art-33"),
    ],
)
def test_body_table_refuses(field: str, value: object) -> None:
    with pytest.raises(VerificationError, match=field):
        bodies.check("reveal-request", {**GOOD_REQUEST, field: value})


def test_body_table_refuses_unknown_fields_and_kinds() -> None:
    with pytest.raises(VerificationError, match="note"):
        bodies.check("reveal-request", {**GOOD_REQUEST, "note": "free text"})
    with pytest.raises(VerificationError, match="not known"):
        bodies.check("gossip", {})


def test_every_kind_has_a_body() -> None:
    assert set(bodies.BODIES) == messages.KINDS
