"""Sealing to a card. RFC 9180's vectors prove a plain reference; the reference and the package then open each other.

What is checked, exactly: for DHKEM(X25519, HKDF-SHA256) with both KDFs and the three AEADs, DeriveKeyPair, enc and
1,000 messages of every vector by the reference; message 0 of each by the package. For the suite in use, for which
RFC 9180 has no vector, package and reference in both directions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import hpke
from keys.errors import DamagedKeyError, SealError
from keys.hpke import EncryptionKey
from keys.secret import Secret
from tests.keys import reference_hpke as reference

KDFS = {1: KDF.HKDF_SHA256, 3: KDF.HKDF_SHA512}
AEADS = {1: AEAD.AES_128_GCM, 2: AEAD.AES_256_GCM, 3: AEAD.CHACHA20_POLY1305}
SUITE_IN_USE = (reference.XWING_KEM, 1, 2)
KEY = EncryptionKey.generate()


@pytest.fixture(scope="module")
def vectors(shared_vectors: Callable[[str], Path]) -> Any:
    every = json.loads(shared_vectors("hpke/rfc9180.json").read_text())
    chosen = [
        v for v in every if v["mode"] == 0 and v["kem_id"] == reference.X25519_KEM and v["aead_id"] in reference.AEADS
    ]
    assert [(v["kdf_id"], v["aead_id"]) for v in chosen] == [(kdf, aead) for kdf in (1, 3) for aead in (1, 2, 3)]
    return chosen


class Draws:
    """The random inputs of the accumulated vectors: SHAKE128 of nothing, read as length byte, then that many bytes."""

    def __init__(self) -> None:
        self._stream = hashlib.shake_128().digest(600_000)
        self._at = 0

    def take(self) -> bytes:
        length = self._stream[self._at]
        start = self._at + 1
        self._at = start + length
        return self._stream[start : self._at]


def test_the_vectors_prove_the_reference(vectors: Any) -> None:
    for vector in vectors:
        recipient = reference.derive_x25519(bytes.fromhex(vector["ikmR"]))
        public = recipient.public_key().public_bytes_raw()
        assert (recipient.private_bytes_raw().hex(), public.hex()) == (vector["skRm"], vector["pkRm"])
        ephemeral = reference.derive_x25519(bytes.fromhex(vector["ikmE"]))
        shared, enc = reference.encapsulate_x25519(public, ephemeral)
        assert enc.hex() == vector["enc"]
        assert reference.decapsulate_x25519(recipient, enc) == shared
        context = reference.Context(
            vector["kem_id"], vector["kdf_id"], vector["aead_id"], shared, bytes.fromhex(vector["info"])
        )
        draws, sealed = Draws(), hashlib.shake_128()
        for _ in range(1000):
            associated, plaintext = draws.take(), draws.take()
            sealed.update(context.seal(plaintext, associated))
        assert sealed.hexdigest(16) == vector["encryptions_accumulated"]


def test_the_package_opens_the_first_message_of_each_vector(vectors: Any) -> None:
    for vector in vectors:
        recipient = reference.derive_x25519(bytes.fromhex(vector["ikmR"]))
        info = bytes.fromhex(vector["info"])
        suite = Suite(KEM.X25519, KDFS[vector["kdf_id"]], AEADS[vector["aead_id"]])
        shared, enc = reference.encapsulate_x25519(
            bytes.fromhex(vector["pkRm"]), reference.derive_x25519(bytes.fromhex(vector["ikmE"]))
        )
        numbers = (vector["kem_id"], vector["kdf_id"], vector["aead_id"])
        first = reference.Context(*numbers, shared, info).seal(b"first message")
        assert suite.decrypt(enc + first, recipient, info=info) == b"first message"
        again = suite.encrypt(b"and back", recipient.public_key(), info=info)
        back = reference.Context(*numbers, reference.decapsulate_x25519(recipient, again[:32]), info)
        assert back.open(again[32:]) == b"and back"


def test_the_suite_in_use_agrees_with_the_reference() -> None:
    assert hpke.SUITE_NAME == "MLKEM768-X25519, HKDF-SHA256, AES-256-GCM"
    sealed = hpke.seal(KEY.public, b"payload", b"context")
    shared = reference.decapsulate_xwing(KEY.secret.reveal(), sealed[: hpke.ENCAPSULATION_SIZE])
    assert reference.Context(*SUITE_IN_USE, shared, b"context").open(sealed[hpke.ENCAPSULATION_SIZE :]) == b"payload"

    shared, enc = reference.encapsulate_xwing(KEY.public)
    assert KEY.open(enc + reference.Context(*SUITE_IN_USE, shared, b"context").seal(b"back"), b"context") == b"back"


@settings(max_examples=20)
@given(st.binary(max_size=3000), st.binary(max_size=200))
def test_what_is_sealed_opens(plaintext: bytes, info: bytes) -> None:
    sealed = hpke.seal(KEY.public, plaintext, info)
    assert len(sealed) == len(plaintext) + hpke.OVERHEAD
    assert EncryptionKey.from_bytes(KEY.secret).open(sealed, info) == plaintext


def test_another_context_key_or_byte_does_not_open() -> None:
    sealed = hpke.seal(KEY.public, b"payload", b"context")
    with pytest.raises(SealError):
        KEY.open(sealed, b"another context")
    with pytest.raises(SealError):
        EncryptionKey.generate().open(sealed, b"context")
    for at in (0, 1087, 1088, hpke.ENCAPSULATION_SIZE - 1, hpke.ENCAPSULATION_SIZE, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[at] ^= 1
        with pytest.raises(SealError):
            KEY.open(bytes(changed), b"context")
    for size in (0, 32, hpke.ENCAPSULATION_SIZE, hpke.OVERHEAD - 1):
        with pytest.raises(SealError, match=f"{size} bytes is too short"):
            KEY.open(sealed[:size], b"context")
    with pytest.raises(SealError, match="does not open"):
        KEY.open(sealed[:-1], b"context")


def test_a_malformed_public_key_is_refused() -> None:
    for bad in (b"", KEY.public[:-1], KEY.public + b"\x00"):
        with pytest.raises(SealError, match=f"1216 bytes long, not {len(bad)}"):
            hpke.seal(bad, b"payload", b"context")
    with pytest.raises(SealError, match="malformed"):
        hpke.seal(b"\xff" * hpke.PUBLIC_SIZE, b"payload", b"context")
    # The X25519 part alone may be malformed too: the point of order 1.
    with pytest.raises(SealError, match="malformed"):
        hpke.seal(KEY.public[: hpke.MLKEM_PUBLIC_SIZE] + bytes(32), b"payload", b"context")


def test_a_malformed_secret_is_refused() -> None:
    with pytest.raises(DamagedKeyError, match="95"):
        EncryptionKey.from_bytes(Secret(bytes(95)))


def test_a_key_does_not_print_its_secret() -> None:
    assert KEY.secret.reveal().hex()[:16] not in repr(KEY)
    assert len(KEY.public) == hpke.PUBLIC_SIZE
