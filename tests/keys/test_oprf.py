"""The OPRF between two sides that do not trust each other: each wrong answer is a named mutation of a good one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import dleq, oprf, ristretto
from keys.errors import CountError, ElementError, ProofError, ScalarError
from keys.secret import Secret

SIZE = oprf.ELEMENT_SIZE
SEED = bytes(range(32))
SECRET_KEY, PUBLIC_KEY = oprf.derive_key_pair(SEED, b"test")
OTHER_SECRET_KEY, OTHER_PUBLIC_KEY = oprf.derive_key_pair(SEED, b"another epoch")
NOT_CANONICAL = b"\xff" * SIZE


class Exchange(NamedTuple):
    """One good exchange of five inputs."""

    inputs: list[bytes]
    blinds: bytes
    blinded: bytes
    evaluated: bytes
    proof: bytes


@pytest.fixture(scope="module")
def good() -> Exchange:
    inputs = [b"input %d" % number for number in range(5)]
    blinds, blinded = oprf.blind_batch(inputs)
    evaluated = oprf.blind_evaluate(SECRET_KEY, PUBLIC_KEY, blinded)
    proof = oprf.generate_proof(SECRET_KEY, PUBLIC_KEY, blinded, evaluated)
    return Exchange(inputs, blinds, blinded, evaluated, proof)


def replaced(elements: bytes, index: int, element: bytes) -> bytes:
    return elements[: index * SIZE] + element + elements[(index + 1) * SIZE :]


@settings(max_examples=15)
@given(st.lists(st.binary(max_size=80), min_size=1, max_size=4))
def test_the_exchange_gives_what_the_holder_computes(inputs: list[bytes]) -> None:
    blinds, blinded = oprf.blind_batch(inputs)
    evaluated = oprf.blind_evaluate(SECRET_KEY, PUBLIC_KEY, blinded)
    oprf.verify_proof(PUBLIC_KEY, blinded, evaluated, oprf.generate_proof(SECRET_KEY, PUBLIC_KEY, blinded, evaluated))
    outputs = oprf.finalize_batch(inputs, blinds, evaluated)
    assert outputs == oprf.evaluate_batch(SECRET_KEY, inputs)
    assert all(len(output) == oprf.OUTPUT_SIZE for output in outputs)


def test_one_by_one_is_the_same_as_a_batch() -> None:
    blind, element = oprf.blind(b"x")
    evaluated = oprf.blind_evaluate(SECRET_KEY, PUBLIC_KEY, element)
    assert oprf.finalize(b"x", blind, evaluated) == oprf.evaluate(SECRET_KEY, b"x")
    assert oprf.evaluate_batch(SECRET_KEY.reveal(), [b"x"]) == [oprf.evaluate(SECRET_KEY, b"x")]


def test_an_empty_list_blinds_to_nothing() -> None:
    assert oprf.blind_batch([]) == (b"", b"")
    assert oprf.evaluate_batch(SECRET_KEY, []) == []


def test_other_epochs_agreements_and_kinds_have_other_keys() -> None:
    assert SECRET_KEY != OTHER_SECRET_KEY
    assert oprf.evaluate(SECRET_KEY, b"x") != oprf.evaluate(OTHER_SECRET_KEY, b"x")
    assert oprf.derive_key_pair(Secret(SEED), b"test") == (SECRET_KEY, PUBLIC_KEY)
    with pytest.raises(ScalarError, match="seed"):
        oprf.derive_key_pair(SEED + b"\x00", b"test")


def test_blinds_and_proofs_are_fresh(good: Exchange) -> None:
    """A blind used twice links two requests; a proof's random scalar used twice gives the key away."""
    blinds, blinded = oprf.blind_batch(good.inputs)
    assert {blinds[at : at + SIZE] for at in range(0, len(blinds), SIZE)}.isdisjoint(
        good.blinds[at : at + SIZE] for at in range(0, len(good.blinds), SIZE)
    )
    assert blinded != good.blinded
    again = oprf.generate_proof(SECRET_KEY, PUBLIC_KEY, good.blinded, good.evaluated)
    assert again[:32] != good.proof[:32]
    assert again[32:] != good.proof[32:]


@pytest.mark.parametrize("index", [0, 2, 4])
@pytest.mark.parametrize("bad", [ristretto.IDENTITY, NOT_CANONICAL], ids=["identity", "not-canonical"])
def test_a_bad_element_is_refused_by_its_index(good: Exchange, index: int, bad: bytes) -> None:
    blinded = replaced(good.blinded, index, bad)
    evaluated = replaced(good.evaluated, index, bad)
    for call in (
        lambda: oprf.blind_evaluate(SECRET_KEY, PUBLIC_KEY, blinded),
        lambda: oprf.generate_proof(SECRET_KEY, PUBLIC_KEY, blinded, good.evaluated),
        lambda: oprf.verify_proof(PUBLIC_KEY, blinded, good.evaluated, good.proof),
        lambda: oprf.verify_proof(PUBLIC_KEY, good.blinded, evaluated, good.proof),
        lambda: oprf.finalize_batch(good.inputs, good.blinds, evaluated),
    ):
        with pytest.raises(ElementError, match=f"element {index} ") as caught:
            call()
        assert caught.value.index == index


def test_every_invalid_encoding_of_rfc_9496_is_refused(shared_vectors: Callable[[str], Path], good: Exchange) -> None:
    vectors = json.loads(shared_vectors("rfc9496/ristretto255.json").read_text())
    invalid = [bytes.fromhex(case["encoding"]) for case in vectors["invalid_encodings"]]
    assert len(invalid) == 29
    for bad in invalid:
        with pytest.raises(ElementError, match="blinded element 1 "):
            oprf.blind_evaluate(SECRET_KEY, PUBLIC_KEY, replaced(good.blinded, 1, bad))
        with pytest.raises(ElementError, match="evaluated element 3 "):
            oprf.verify_proof(PUBLIC_KEY, good.blinded, replaced(good.evaluated, 3, bad), good.proof)
        with pytest.raises(ElementError, match="evaluated element 2 "):
            oprf.finalize_batch(good.inputs, good.blinds, replaced(good.evaluated, 2, bad))


def test_a_wrong_count_is_refused_by_name(good: Exchange) -> None:
    short = good.evaluated[:-SIZE]
    with pytest.raises(CountError, match="evaluated elements: 4 elements, 5 were expected"):
        oprf.verify_proof(PUBLIC_KEY, good.blinded, short, good.proof)
    with pytest.raises(CountError, match="evaluated elements: 6"):
        oprf.verify_proof(PUBLIC_KEY, good.blinded, good.evaluated + good.evaluated[:SIZE], good.proof)
    with pytest.raises(CountError, match="evaluated elements: 4"):
        oprf.generate_proof(SECRET_KEY, PUBLIC_KEY, good.blinded, short)
    with pytest.raises(CountError, match="evaluated elements: 4"):
        oprf.finalize_batch(good.inputs, good.blinds, short)
    with pytest.raises(CountError, match="blinds: 4"):
        oprf.finalize_batch(good.inputs, good.blinds[:-SIZE], good.evaluated)


@pytest.mark.parametrize("cut", [1, SIZE - 1])
def test_a_broken_length_is_refused(good: Exchange, cut: int) -> None:
    for call in (
        lambda: oprf.blind_evaluate(SECRET_KEY, PUBLIC_KEY, good.blinded[:-cut]),
        lambda: oprf.verify_proof(PUBLIC_KEY, good.blinded, good.evaluated[:-cut], good.proof),
        lambda: oprf.finalize_batch(good.inputs, good.blinds, good.evaluated + bytes(cut)),
        lambda: oprf.finalize_batch(good.inputs, good.blinds + bytes(cut), good.evaluated),
    ):
        with pytest.raises(CountError):
            call()


def test_an_empty_batch_is_refused() -> None:
    for call in (
        lambda: oprf.blind_evaluate(SECRET_KEY, PUBLIC_KEY, b""),
        lambda: oprf.verify_proof(PUBLIC_KEY, b"", b"", bytes(64)),
        lambda: oprf.finalize_batch([], b"", b""),
    ):
        with pytest.raises(CountError):
            call()


def test_a_batch_beyond_the_two_byte_index_is_refused() -> None:
    with pytest.raises(CountError, match="1 to 65535"):
        dleq.split(bytes(SIZE * (dleq.MAX_BATCH + 1)), "it")
    assert len(dleq.split(bytes(SIZE * dleq.MAX_BATCH), "it")) == dleq.MAX_BATCH


def test_every_changed_byte_of_a_proof_is_noticed(good: Exchange) -> None:
    for at in range(oprf.PROOF_SIZE):
        changed = bytearray(good.proof)
        changed[at] ^= 1
        with pytest.raises(ProofError):
            oprf.verify_proof(PUBLIC_KEY, good.blinded, good.evaluated, bytes(changed))


@pytest.mark.parametrize("part", [0, 1], ids=["challenge", "response"])
@pytest.mark.parametrize("value", [ristretto.ZERO, b"\xff" * 32], ids=["zero", "not-canonical"])
def test_a_malformed_scalar_in_a_proof_is_refused(good: Exchange, part: int, value: bytes) -> None:
    with pytest.raises(ProofError, match="malformed"):
        oprf.verify_proof(PUBLIC_KEY, good.blinded, good.evaluated, replaced(good.proof, part, value))


@pytest.mark.parametrize("size", [0, 63, 65])
def test_a_proof_of_another_length_is_refused(good: Exchange, size: int) -> None:
    with pytest.raises(ProofError, match=f"{size} bytes"):
        oprf.verify_proof(PUBLIC_KEY, good.blinded, good.evaluated, (good.proof + b"\x00")[:size])


def test_a_scalar_that_is_equal_only_modulo_the_order_is_refused(good: Exchange) -> None:
    order = 2**252 + 27742317777372353535851937790883648493
    shifted = (int.from_bytes(good.proof[32:], "little") + order).to_bytes(32, "little")
    with pytest.raises(ProofError, match="malformed"):
        oprf.verify_proof(PUBLIC_KEY, good.blinded, good.evaluated, good.proof[:32] + shifted)


def test_one_evaluation_with_another_key_spoils_the_batch(good: Exchange) -> None:
    for index in range(5):
        element = good.blinded[index * SIZE : (index + 1) * SIZE]
        foreign = oprf.blind_evaluate(OTHER_SECRET_KEY, OTHER_PUBLIC_KEY, element)
        evaluated = replaced(good.evaluated, index, foreign)
        with pytest.raises(ProofError, match="agreed key"):
            oprf.verify_proof(PUBLIC_KEY, good.blinded, evaluated, good.proof)
        # Nor can the holder prove it: its proof is about its own key.
        with pytest.raises(ProofError):
            oprf.verify_proof(
                PUBLIC_KEY, good.blinded, evaluated,
                oprf.generate_proof(SECRET_KEY, PUBLIC_KEY, good.blinded, evaluated),
            )  # fmt: skip


def test_a_proof_holds_for_its_key_and_order_only(good: Exchange) -> None:
    with pytest.raises(ProofError):
        oprf.verify_proof(OTHER_PUBLIC_KEY, good.blinded, good.evaluated, good.proof)
    turned = good.evaluated[SIZE : 2 * SIZE] + good.evaluated[:SIZE] + good.evaluated[2 * SIZE :]
    with pytest.raises(ProofError):
        oprf.verify_proof(PUBLIC_KEY, good.blinded, turned, good.proof)
    for bad in (ristretto.IDENTITY, NOT_CANONICAL, PUBLIC_KEY[:-1]):
        with pytest.raises(ElementError, match="public key"):
            oprf.verify_proof(bad, good.blinded, good.evaluated, good.proof)


def test_the_holder_cannot_answer_with_a_key_that_is_not_the_agreed_one(good: Exchange) -> None:
    for call in (
        lambda: oprf.blind_evaluate(OTHER_SECRET_KEY, PUBLIC_KEY, good.blinded),
        lambda: oprf.generate_proof(OTHER_SECRET_KEY, PUBLIC_KEY, good.blinded, good.evaluated),
    ):
        with pytest.raises(ScalarError, match="public key is not"):
            call()


@pytest.mark.parametrize("bad", [ristretto.ZERO, b"\xff" * 32], ids=["zero", "not-canonical"])
def test_malformed_secrets_are_refused(good: Exchange, bad: bytes) -> None:
    for call in (
        lambda: oprf.evaluate(bad, b"x"),
        lambda: oprf.evaluate_batch(bad, [b"x"]),
        lambda: oprf.blind_evaluate(bad, PUBLIC_KEY, good.blinded),
        lambda: oprf.finalize_batch(good.inputs, replaced(good.blinds, 3, bad), good.evaluated),
    ):
        with pytest.raises(ScalarError):
            call()
    with pytest.raises(ScalarError, match="blind 3"):
        oprf.finalize_batch(good.inputs, replaced(good.blinds, 3, bad), good.evaluated)


def test_an_input_too_long_to_frame_is_refused_before_it_is_sent() -> None:
    with pytest.raises(CountError, match="65536"):
        oprf.blind_batch([bytes(65536)])
    oprf.blind_batch([bytes(65535)])


def test_padding_is_elements_like_any_other(good: Exchange) -> None:
    padding = oprf.padding(3)
    assert len(padding) == 3 * SIZE
    assert padding != oprf.padding(3)
    padded = good.blinded + padding
    evaluated = oprf.blind_evaluate(SECRET_KEY, PUBLIC_KEY, padded)
    oprf.verify_proof(PUBLIC_KEY, padded, evaluated, oprf.generate_proof(SECRET_KEY, PUBLIC_KEY, padded, evaluated))
    answered = evaluated[: len(good.blinded)]
    assert oprf.finalize_batch(good.inputs, good.blinds, answered) == oprf.evaluate_batch(SECRET_KEY, good.inputs)
