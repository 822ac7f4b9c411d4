"""RFC 9497, suite ristretto255-SHA512, mode 1 (VOPRF): every published vector, batch and proof included."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keys import dleq, oprf
from keys.expand import expand_message_xmd
from keys.secret import Secret


def octets(text: str) -> list[bytes]:
    return [bytes.fromhex(part) for part in text.split(",")]


@pytest.fixture(scope="module")
def suite(shared_vectors: Callable[[str], Path]) -> Any:
    every = json.loads(shared_vectors("rfc9497/allVectors.json").read_text())
    chosen = [s for s in every if s["identifier"] == oprf.IDENTIFIER and s["mode"] == oprf.MODE]
    assert len(chosen) == 1
    return chosen[0]


@pytest.fixture(scope="module")
def key_pair(suite: Any) -> tuple[Secret, bytes]:
    return oprf.derive_key_pair(bytes.fromhex(suite["seed"]), bytes.fromhex(suite["keyInfo"]))


def test_the_suite_is_the_one_the_design_names(suite: Any) -> None:
    assert oprf.IDENTIFIER == "ristretto255-SHA512"
    assert oprf.MODE == 0x01
    assert oprf.CONTEXT_STRING == b"OPRFV1-\x01-ristretto255-SHA512"
    assert bytes.fromhex(suite["groupDST"]) == b"HashToGroup-" + oprf.CONTEXT_STRING
    assert suite["hash"] == "SHA512"


def test_the_key_pair(suite: Any, key_pair: tuple[Secret, bytes]) -> None:
    secret_key, public_key = key_pair
    assert secret_key.reveal().hex() == suite["skSm"]
    assert public_key.hex() == suite["pkSm"]


def test_every_vector(suite: Any, key_pair: tuple[Secret, bytes]) -> None:
    secret_key, public_key = key_pair
    assert [vector["Batch"] for vector in suite["vectors"]] == [1, 1, 2]
    for vector in suite["vectors"]:
        inputs, blinds, outputs = octets(vector["Input"]), octets(vector["Blind"]), octets(vector["Output"])
        assert len(inputs) == vector["Batch"]

        blinded = b"".join(map(oprf._blind, inputs, blinds))
        assert blinded == b"".join(octets(vector["BlindedElement"]))

        evaluated = oprf.blind_evaluate(secret_key, public_key, blinded)
        assert evaluated == b"".join(octets(vector["EvaluationElement"]))

        randomness = bytes.fromhex(vector["Proof"]["r"])
        proof = dleq._prove(secret_key.reveal(), public_key, blinded, evaluated, randomness)
        assert proof.hex() == vector["Proof"]["proof"]
        oprf.verify_proof(public_key, blinded, evaluated, proof)

        assert oprf.finalize_batch(inputs, b"".join(blinds), evaluated) == outputs
        assert oprf.evaluate_batch(secret_key, inputs) == outputs
        for message, blind, element, output in zip(
            inputs, blinds, octets(vector["EvaluationElement"]), outputs, strict=True
        ):
            assert oprf.finalize(message, blind, element) == output
            assert oprf.evaluate(secret_key, message) == output


def test_expand_message_xmd(shared_vectors: Callable[[str], Path]) -> None:
    value = json.loads(shared_vectors("rfc9380/expand_message_xmd_SHA512_38.json").read_text())
    assert (value["name"], value["hash"]) == ("expand_message_xmd", "SHA512")
    assert len(value["tests"]) == 10
    for case in value["tests"]:
        length = int(case["len_in_bytes"], 16)
        expanded = expand_message_xmd(case["msg"].encode(), value["DST"].encode(), length)
        assert expanded.hex() == case["uniform_bytes"]


@pytest.mark.parametrize(("tag", "length"), [(b"", 64), (bytes(256), 64), (b"tag", 0), (b"tag", 255 * 64 + 1)])
def test_expand_message_xmd_refuses_what_it_cannot_do(tag: bytes, length: int) -> None:
    with pytest.raises(ValueError, match="out of range"):
        expand_message_xmd(b"", tag, length)


def test_an_expansion_beyond_the_vectors_follows_the_formula() -> None:
    """The published lengths need two blocks at most; RFC 9380 section 5.3.1, steps 7 to 11, gives the third."""
    tail = b"tag\x03"
    first = hashlib.sha512(bytes(128) + b"message" + b"\x00\xc0" + b"\x00" + tail).digest()
    blocks = [hashlib.sha512(first + b"\x01" + tail).digest()]
    for number in (2, 3):
        mixed = int.from_bytes(first, "big") ^ int.from_bytes(blocks[-1], "big")
        blocks.append(hashlib.sha512(mixed.to_bytes(64, "big") + bytes([number]) + tail).digest())
    assert expand_message_xmd(b"message", b"tag", 192) == b"".join(blocks)


def test_the_longest_expansion_has_its_length() -> None:
    assert len(expand_message_xmd(b"", b"tag", 255 * 64)) == 255 * 64
    assert expand_message_xmd(b"m", b"t", 65)[:64] != expand_message_xmd(b"m", b"t", 64)
