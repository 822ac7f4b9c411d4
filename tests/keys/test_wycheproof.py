"""Wycheproof on the primitives as this program uses them: 256-bit AES-GCM with 96-bit nonces, HKDF-Expand with
SHA-512, HMAC of the standard library, Ed25519."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from keys import group
from keys.errors import DamagedKeyError
from keys.secret import Secret
from keys.signing import SigningKey

Load = Callable[[str], Iterator[tuple[Any, Any]]]
MAX_HKDF_SHA512 = 255 * 64


@pytest.fixture(scope="module")
def cases(shared_vectors: Callable[[str], Path]) -> Load:
    def load(name: str) -> Iterator[tuple[Any, Any]]:
        value = json.loads(shared_vectors(f"wycheproof/{name}_test.json").read_text())
        return ((group, case) for group in value["testGroups"] for case in group["tests"])

    return load


def octets(case: Any, *names: str) -> list[bytes]:
    return [bytes.fromhex(case[name]) for name in names]


def test_aes_256_gcm(cases: Load) -> None:
    results = {"valid": 0, "invalid": 0}
    for parameters, case in cases("aes_gcm"):
        if (parameters["ivSize"], parameters["keySize"], parameters["tagSize"]) != (96, 256, 128):
            continue
        key, nonce, associated, message, sealed, tag = octets(case, "key", "iv", "aad", "msg", "ct", "tag")
        if case["result"] == "valid":
            assert AESGCM(key).encrypt(nonce, message, associated) == sealed + tag
            assert AESGCM(key).decrypt(nonce, sealed + tag, associated) == message
        else:
            with pytest.raises(InvalidTag):
                AESGCM(key).decrypt(nonce, sealed + tag, associated)
        results[case["result"]] += 1
    assert results == {"valid": 39, "invalid": 27}


def test_hkdf_expand_sha512(cases: Load) -> None:
    results = {"valid": 0, "invalid": 0}
    for _parameters, case in cases("hkdf_sha512"):
        material, salt, info, output = octets(case, "ikm", "salt", "info", "okm")
        extracted = hmac.digest(salt or bytes(64), material, "sha512")
        if case["result"] == "valid":
            assert HKDFExpand(hashes.SHA512(), case["size"], info).derive(extracted) == output
        else:
            assert case["size"] > MAX_HKDF_SHA512
            with pytest.raises(ValueError, match="larger"):
                HKDFExpand(hashes.SHA512(), case["size"], info)
        results[case["result"]] += 1
    assert results == {"valid": 80, "invalid": 3}


@pytest.mark.parametrize(("name", "algorithm"), [("hmac_sha256", "sha256"), ("hmac_sha512", "sha512")])
def test_hmac(cases: Load, name: str, algorithm: str) -> None:
    results = {"valid": 0, "invalid": 0}
    for parameters, case in cases(name):
        key, message, tag = octets(case, "key", "msg", "tag")
        computed = hmac.digest(key, message, algorithm)[: parameters["tagSize"] // 8]
        assert hmac.compare_digest(computed, tag) == (case["result"] == "valid")
        results[case["result"]] += 1
    assert results == {"valid": 66, "invalid": 108}


def test_the_group_key_function_is_hmac_sha512(cases: Load) -> None:
    checked = 0
    for parameters, case in cases("hmac_sha512"):
        key, message, tag = octets(case, "key", "msg", "tag")
        if len(key) == group.KEY_SIZE and case["result"] == "valid":
            assert group.evaluate(Secret(key), message)[: parameters["tagSize"] // 8] == tag
            checked += 1
    assert checked > 0


def test_ed25519_verification(cases: Load) -> None:
    results = {"valid": 0, "invalid": 0}
    for parameters, case in cases("ed25519"):
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(parameters["publicKey"]["pk"]))
        message, signature = octets(case, "msg", "sig")
        if case["result"] == "valid":
            key.verify(signature, message)
        else:
            with pytest.raises(InvalidSignature):
                key.verify(signature, message)
        results[case["result"]] += 1
    assert sum(results.values()) == 151
    assert min(results.values()) > 0


def test_ed25519_signing() -> None:
    """RFC 8032 section 7.1, TEST 2."""
    key = SigningKey.from_bytes(
        Secret(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))
    )
    assert key.public.hex() == "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"
    assert key.sign(b"\x72").hex() == (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert SigningKey.from_bytes(key.secret).public == key.public
    assert key.secret.reveal().hex() not in repr(key)
    with pytest.raises(DamagedKeyError, match="31"):
        SigningKey.from_bytes(Secret(bytes(31)))


def test_a_group_key_is_32_bytes() -> None:
    key = group.generate()
    assert key != group.generate()
    assert group.evaluate_batch(key, [b"a", b"b"]) == [group.evaluate(key.reveal(), b"a"), group.evaluate(key, b"b")]
    assert len(group.evaluate(key, b"a")) == group.OUTPUT_SIZE
    with pytest.raises(ValueError, match="33"):
        group.evaluate(bytes(33), b"a")
