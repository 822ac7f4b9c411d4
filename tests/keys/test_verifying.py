"""Ed25519 by libsodium: takes what OpenSSL takes of honest signers, and nothing that OpenSSL refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from keys import verifying
from keys.errors import SignatureError
from keys.signing import SigningKey

KEY = SigningKey.generate()


@given(st.binary(max_size=300))
def test_a_signature_verifies(data: bytes) -> None:
    verifying.verify(KEY.public, KEY.sign(data), data)


@given(st.binary(min_size=1, max_size=300), st.data())
def test_any_changed_bit_is_refused(message: bytes, data: st.DataObject) -> None:
    parts = [bytearray(KEY.public), bytearray(KEY.sign(message)), bytearray(message)]
    part = data.draw(st.sampled_from(parts))
    part[data.draw(st.integers(0, len(part) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    public, signature, changed = map(bytes, parts)
    with pytest.raises(SignatureError):
        verifying.verify(public, signature, changed)


@pytest.mark.parametrize(("public", "signature"), [(31, 64), (33, 64), (0, 64), (32, 63), (32, 65), (32, 0)])
def test_other_lengths_are_refused(public: int, signature: int) -> None:
    with pytest.raises(SignatureError, match="length"):
        verifying.verify(bytes(public), bytes(signature), b"")


def test_a_key_of_small_order_signs_nothing() -> None:
    """OpenSSL takes this: with the identity as key and nonce, and zero as the scalar, anything is signed."""
    identity = b"\x01" + bytes(31)
    signature = identity + bytes(32)
    Ed25519PublicKey.from_public_bytes(identity).verify(signature, b"anything")
    with pytest.raises(SignatureError):
        verifying.verify(identity, signature, b"anything")


def test_wycheproof(shared_vectors: Callable[[str], Path]) -> None:
    value = json.loads(shared_vectors("wycheproof/ed25519_test.json").read_text())
    seen = {"valid": 0, "invalid": 0}
    for group in value["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
            seen[case["result"]] += 1
            if case["result"] == "valid":
                verifying.verify(public, signature, message)
                continue
            with pytest.raises(SignatureError):
                verifying.verify(public, signature, message)
            with pytest.raises((InvalidSignature, ValueError)):
                Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    assert sum(seen.values()) == 151
    assert min(seen.values()) > 0
