"""What every side takes for a signature: the same as libsodium, whoever chose key and nonce."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import verifying
from keys.errors import SignatureError
from keys.signing import SigningKey
from matcher.protocol import canonical, cosignature, ed25519, messages, note
from matcher.protocol.errors import VerificationError
from tests.keys import edwards
from tests.protocol.test_messages import signed

IDENTITY = edwards.encode(edwards.IDENTITY)
ANY_MESSAGE = IDENTITY + bytes(32)  # R is the identity, S is zero: under the identity as key OpenSSL takes it


def takes(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether the signature verifies; libsodium must say the same."""
    try:
        ed25519.verify(public, signature, data, "it")
        mine = True
    except VerificationError:
        mine = False
    try:
        verifying.verify(public, signature, data)
        theirs = True
    except SignatureError:
        theirs = False
    assert mine == theirs
    return mine


@settings(max_examples=150)
@given(st.randoms(use_true_random=False), st.integers(0, 7), st.integers(0, 7))
def test_orders_are_mixed_as_one_likes(source: random.Random, key_part: int, nonce_part: int) -> None:
    forged = edwards.forge(source, key_part, nonce_part)
    assert takes(forged.public, forged.signature, forged.data) == forged.equation


def test_some_of_mixed_order_verify() -> None:
    """Without the cofactor: one in eight keys of mixed order fits by chance. Both answers must be tried."""
    source = random.Random("mixed")  # noqa: S311 - a test's own
    answers = {takes(f.public, f.signature, f.data) for f in (edwards.forge(source, 1, 3) for _ in range(40))}
    assert answers == {True, False}


@pytest.mark.parametrize("part", range(8))
def test_a_key_of_small_order_signs_nothing(part: int) -> None:
    source = random.Random(part)  # noqa: S311 - a test's own
    for _ in range(20):
        forged = edwards.forge(source, part, source.randrange(8), secret=0)
        assert not takes(forged.public, forged.signature, forged.data)


@pytest.mark.parametrize("part", range(8))
def test_a_nonce_of_small_order_is_refused(part: int) -> None:
    """Even where the equation holds: R is the identity for a good key, or fits a key of mixed order by chance."""
    source = random.Random(part)  # noqa: S311 - a test's own
    forged = [edwards.forge(source, 0 if part == 0 else 1, part, nonce=0) for _ in range(40)]
    assert any(item.equation for item in forged)
    assert not any(takes(item.public, item.signature, item.data) for item in forged)


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", [edwards.P, edwards.P + 1])
def test_a_small_key_written_otherwise_signs_nothing(y: int, sign: int) -> None:
    source = random.Random(y)  # noqa: S311 - a test's own
    written = (y | sign << 255).to_bytes(32, "little")
    for _ in range(20):
        forged = edwards.forge(source, 0, source.randrange(8), secret=0, written=written)
        assert not takes(forged.public, forged.signature, forged.data)


def test_openssl_alone_takes_anything_under_the_identity() -> None:
    Ed25519PublicKey.from_public_bytes(IDENTITY).verify(ANY_MESSAGE, b"anything")
    assert not takes(IDENTITY, ANY_MESSAGE, b"anything")


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", range(edwards.P, 2**255))
def test_encodings_beyond_the_field_are_refused(y: int, sign: int) -> None:
    encoding = (y | sign << 255).to_bytes(32, "little")
    key = SigningKey.generate()
    assert not takes(encoding, ANY_MESSAGE, b"")
    assert not takes(key.public, encoding + key.sign(b"")[32:], b"")


@given(st.binary(max_size=100), st.integers(1, 15))
def test_the_scalar_is_below_the_order(data: bytes, times: int) -> None:
    key = SigningKey.generate()
    signature = key.sign(data)
    assert takes(key.public, signature, data)
    larger = int.from_bytes(signature[32:], "little") + times * edwards.L
    assert not takes(key.public, signature[:32] + (larger % 2**256).to_bytes(32, "little"), data)


@given(st.binary(max_size=70), st.binary(max_size=70))
def test_no_length_and_no_garbage_verifies(public: bytes, signature: bytes) -> None:
    assert not takes(public, signature, b"data")


def test_every_door_refuses_a_key_of_small_order() -> None:
    """Messages, people's signatures, notes and cosignatures: each had OpenSSL's own answer once."""
    message = signed()
    forged = replace(message, signature=ANY_MESSAGE, person_signature=ANY_MESSAGE)
    with pytest.raises(VerificationError, match="labour-bureau does not verify"):
        messages.verify(forged, IDENTITY, IDENTITY)
    root = SigningKey.generate()
    half = replace(forged, signature=root.sign(forged.signed_bytes()))
    with pytest.raises(VerificationError, match=r"zhang\.min does not verify"):
        messages.verify(half, root.public, IDENTITY)
    log = note.parse_verifier_key(note.verifier_key("log", IDENTITY))
    line = note.NoteSignature("log", log.key_id, ANY_MESSAGE)
    with pytest.raises(VerificationError, match="log does not verify"):
        note.verify(note.Note("text\n", (line,)), [log])
    witness = cosignature.parse_verifier_key(cosignature.verifier_key("w", IDENTITY))
    line = note.NoteSignature("w", witness.key_id, bytes(7) + b"\x01" + ANY_MESSAGE)
    with pytest.raises(VerificationError, match="w does not verify"):
        cosignature.cosigners(note.Note("text\n", (line,)), [witness])


def test_the_message_that_is_signed_still_verifies() -> None:
    key = SigningKey.generate()
    data = canonical.encode({"a": 1})
    ed25519.verify(key.public, key.sign(data), data, "it")
