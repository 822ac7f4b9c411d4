"""RFC 9496 through libsodium: every published multiple, every invalid encoding, every derivation, and the scalars."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import ristretto
from keys.errors import ElementError, ScalarError

# RFC 9496 section 4: the order of the group.
ORDER = 2**252 + 27742317777372353535851937790883648493
# RFC 9496 appendix A.1, multiple 1.
GENERATOR = bytes.fromhex("e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76")
scalars = st.integers(1, ORDER - 1)


def little(value: int) -> bytes:
    return value.to_bytes(32, "little")


@pytest.fixture(scope="module")
def vectors(shared_vectors: Callable[[str], Path]) -> Any:
    value = json.loads(shared_vectors("rfc9496/ristretto255.json").read_text())
    assert value["source"].startswith("RFC 9496 Appendix A")
    return value


def test_multiples_of_the_generator(vectors: Any) -> None:
    multiples = [bytes.fromhex(text) for text in vectors["generator_multiples_0_to_15"]]
    assert len(multiples) == 16
    assert multiples[0] == ristretto.IDENTITY
    assert multiples[1] == GENERATOR
    total = ristretto.IDENTITY
    for number, expected in enumerate(multiples[1:], start=1):
        total = ristretto.add(total, GENERATOR)
        assert total == expected
        assert ristretto.multiply_base(little(number)) == expected
        assert ristretto.multiply(little(number), GENERATOR) == expected
        assert ristretto.is_valid(expected)


def test_every_invalid_encoding_is_refused_at_every_door(vectors: Any) -> None:
    invalid = [bytes.fromhex(case["encoding"]) for case in vectors["invalid_encodings"]]
    assert len(invalid) == 29
    for element in invalid:
        assert not ristretto.is_valid(element)
        with pytest.raises(ElementError):
            ristretto.require_valid(element, "it")
        with pytest.raises(ElementError):
            ristretto.multiply(little(3), element)
        with pytest.raises(ElementError):
            ristretto.add(GENERATOR, element)
        with pytest.raises(ElementError):
            ristretto.add(element, GENERATOR)


def test_element_derivation(vectors: Any) -> None:
    cases = vectors["element_derivation_64_bytes"]
    assert len(cases) == 11
    for case in cases:
        assert ristretto.from_uniform(bytes.fromhex(case["input"])).hex() == case["output"]


def test_the_identity_is_refused_where_it_is_received() -> None:
    assert not ristretto.is_valid(ristretto.IDENTITY)
    with pytest.raises(ElementError):
        ristretto.multiply(little(3), ristretto.IDENTITY)
    with pytest.raises(ElementError):
        ristretto.multiply(ristretto.ZERO, GENERATOR)
    with pytest.raises(ScalarError):
        ristretto.multiply_base(ristretto.ZERO)


@given(scalars, scalars)
def test_scalars_are_integers_modulo_the_order(left: int, right: int) -> None:
    a, b = little(left), little(right)
    assert ristretto.scalar_add(a, b) == little((left + right) % ORDER)
    assert ristretto.scalar_subtract(a, b) == little((left - right) % ORDER)
    assert ristretto.scalar_multiply(a, b) == little(left * right % ORDER)
    assert ristretto.scalar_invert(a) == little(pow(left, -1, ORDER))


@given(st.binary(min_size=64, max_size=64))
def test_reduction(data: bytes) -> None:
    assert ristretto.scalar_reduce(data) == little(int.from_bytes(data, "little") % ORDER)


@given(st.lists(scalars, max_size=9))
def test_inverting_many_is_inverting_each(values: list[int]) -> None:
    assert ristretto.invert_each([little(value) for value in values]) == [
        little(pow(value, -1, ORDER)) for value in values
    ]


def test_a_zero_among_many_has_no_inverse() -> None:
    for at in range(3):
        values = [little(5), little(6), little(7)]
        values[at] = ristretto.ZERO
        with pytest.raises(ScalarError):
            ristretto.invert_each(values)


def test_scalars_must_be_canonical() -> None:
    ristretto.require_scalar(little(ORDER - 1), "it")
    ristretto.require_scalar(ristretto.ZERO, "it", zero_allowed=True)
    for bad in (little(ORDER), little(ORDER + 1), little(2**255 + 1), bytes([255]) * 32, ristretto.ZERO, bytes(31)):
        with pytest.raises(ScalarError):
            ristretto.require_scalar(bad, "it")


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_a_wrong_length_never_reaches_the_library(size: int) -> None:
    bad = bytes(size)
    for call in (
        lambda: ristretto.multiply(bad, GENERATOR),
        lambda: ristretto.multiply(little(1), bad),
        lambda: ristretto.multiply_base(bad),
        lambda: ristretto.add(GENERATOR, bad),
        lambda: ristretto.add(bad, GENERATOR),
        lambda: ristretto.scalar_add(bad, little(1)),
        lambda: ristretto.scalar_subtract(little(1), bad),
        lambda: ristretto.scalar_multiply(bad, little(1)),
        lambda: ristretto.scalar_invert(bad),
        lambda: ristretto.from_uniform(bytes(63)),
        lambda: ristretto.scalar_reduce(bytes(65)),
    ):
        with pytest.raises(ElementError):
            call()
    assert not ristretto.is_valid(bad)


def test_random_values_are_fresh_and_valid() -> None:
    values = {ristretto.random_scalar() for _ in range(50)}
    assert len(values) == 50
    for value in values:
        ristretto.require_scalar(value, "it")
    elements = {ristretto.random_element() for _ in range(50)}
    assert len(elements) == 50
    assert all(map(ristretto.is_valid, elements))
