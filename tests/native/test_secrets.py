"""Record secrets of the crate are those of ``keys``, bit for bit, and the RFC's (RFC 9497, ristretto255-SHA512)."""

from __future__ import annotations

import hmac
import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from keys import dleq, oprf, ristretto
from matcher.protocol.suite import link_prefix, lp
from tests.native.columns import column, native

PREFIX = link_prefix("daxing-wages", "account")


def _key(number: int) -> bytes:
    return oprf.derive_key_pair(bytes(31) + bytes((number,)), b"test")[0].reveal()


def _portable(key: bytes, inputs: list[bytes]) -> bytes:
    """F of each input, one by one: batches may go through the crate itself."""
    return b"".join(oprf.evaluate(key, entry) for entry in inputs)


def _values(count: int, seed: int) -> list[bytes]:
    choose = random.Random(seed)  # noqa: S311 - reproducible test values
    return [choose.randbytes(choose.choice((0, 1, 19, 19, 19, 40, 63, 111, 112, 200, 300))) for _ in range(count)]


@pytest.mark.parametrize("prefix", [None, PREFIX])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 255, 256, 257])
def test_evaluations_are_equal_to_the_portable_ones(count: int, prefix: bytes | None) -> None:
    values = _values(count, count)
    inputs = values if prefix is None else [prefix + lp(value) for value in values]
    found = native().oprf_evaluate(_key(1), *column(values), prefix=prefix)
    assert found == _portable(_key(1), inputs)


@pytest.mark.parametrize(
    "key", [1, 2, 3, 8, 2**252, 0x1111 << 200, (1 << 252) + 27742317777372353535851937790883648492]
)
def test_keys_of_unusual_digits(key: int) -> None:
    secret, values = key.to_bytes(32, "little"), _values(20, 3)
    assert native().oprf_evaluate(secret, *column(values)) == _portable(secret, values)


def test_an_exchange_gives_what_the_holder_computes() -> None:
    module, values = native(), _values(300, 5)
    blinds, elements = module.oprf_blind(*column(values), prefix=PREFIX)
    inputs = [PREFIX + lp(value) for value in values]
    assert elements == b"".join(oprf._blind(entry, blinds[at * 32 : at * 32 + 32]) for at, entry in enumerate(inputs))
    evaluated = module.oprf_blind_evaluate(_key(2), elements)
    assert evaluated == b"".join(
        ristretto.multiply(_key(2), elements[at : at + 32]) for at in range(0, len(elements), 32)
    )
    secrets = module.oprf_finalize(*column(values), blinds, evaluated, prefix=PREFIX)
    assert secrets == _portable(_key(2), inputs)


def test_blinds_are_fresh() -> None:
    module = native()
    first, second = module.oprf_blind(*column([b"x"] * 50)), module.oprf_blind(*column([b"x"] * 50))
    blinds = first[0] + second[0]
    assert len({blinds[at : at + 32] for at in range(0, len(blinds), 32)}) == 100
    assert len({(first[1] + second[1])[at : at + 32] for at in range(0, len(blinds), 32)}) == 100


def test_keyed_hashes_are_equal_to_the_portable_ones() -> None:
    key, values = os.urandom(32), _values(2_000, 9)
    for prefix in (None, PREFIX):
        inputs = values if prefix is None else [prefix + lp(value) for value in values]
        expected = b"".join(hmac.digest(key, entry, "sha512") for entry in inputs)
        assert native().hmac_evaluate(key, *column(values), prefix=prefix) == expected


def test_threads_change_nothing() -> None:
    module, values = native(), _values(1_500, 11)
    for threads in (1, 3):
        assert module.oprf_evaluate(_key(4), *column(values), threads=threads) == module.oprf_evaluate(
            _key(4), *column(values)
        )


_BAD = [
    bytes(32),  # the identity
    b"\xed" + b"\xff" * 30 + b"\x7f",  # p, which is not canonical
    b"\x01" + bytes(31),  # negative
    b"\xff" * 32,
    b"\x26\x94\x8d\x35\xca\x62\xe6\x43\xe2\x6a\x83\x17\x73\x32\xe6\xb6\xaf\xeb\x9d\x08\xe4\x26\x8b\x65\x0f\x1f\x5b\xbd\x8d\x81\xd3\x71",
]  # fmt: skip


@pytest.mark.parametrize("bad", _BAD)
@pytest.mark.parametrize("index", [0, 7, 8, 299])
def test_an_element_is_refused_by_its_index(bad: bytes, index: int) -> None:
    module, values = native(), _values(300, 13)
    blinds, elements = module.oprf_blind(*column(values))
    assert not ristretto.is_valid(bad)
    wrong = elements[: index * 32] + bad + elements[index * 32 + 32 :]
    calls: list[Callable[[], object]] = [
        lambda: module.require_elements(wrong),
        lambda: module.oprf_blind_evaluate(_key(1), wrong),
        lambda: module.oprf_finalize(*column(values), blinds, wrong),
    ]
    for call in calls:
        with pytest.raises(module.RejectedError, match="not canonical, or is the identity") as caught:
            call()
        assert caught.value.args[1] == index
    module.require_elements(elements)


@pytest.mark.parametrize(
    "key", [bytes(32), bytes(31), bytes.fromhex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")]
)
def test_a_malformed_key_is_refused(key: bytes) -> None:
    module = native()
    with pytest.raises(module.RejectedError, match="secret key"):
        module.oprf_evaluate(key, *column([b"x"]))
    with pytest.raises(module.RejectedError, match="secret key"):
        module.oprf_blind_evaluate(key, b"")


def test_malformed_columns_are_refused() -> None:
    module = native()
    for data, offsets in ((b"abc", b""), (b"abc", b"\0\0\0\0\4\0\0\0"), (b"abc", b"\2\0\0\0\1\0\0\0"), (b"", b"\0")):
        with pytest.raises(module.RejectedError):
            module.oprf_evaluate(_key(1), data, offsets)
    with pytest.raises(module.RejectedError, match="65,535"):
        module.oprf_evaluate(_key(1), *column([b"", bytes(65_536)]))
    with pytest.raises(module.RejectedError, match="blinds"):
        module.oprf_finalize(*column([b"x", b"y"]), bytes(32), bytes(64))


def test_the_published_vectors(shared_vectors: Callable[[str], Path]) -> None:
    module = native()
    suites = json.loads(shared_vectors("rfc9497/allVectors.json").read_text())
    (suite,) = [entry for entry in suites if entry["identifier"] == "ristretto255-SHA512" and entry["mode"] == 1]
    key = bytes.fromhex(suite["skSm"])
    for vector in suite["vectors"]:
        inputs, blinds, blinded, evaluated, outputs = (
            [bytes.fromhex(item) for item in vector[name].split(",")]
            for name in ("Input", "Blind", "BlindedElement", "EvaluationElement", "Output")
        )
        assert module.oprf_blind(*column(inputs), blinds=b"".join(blinds)) == (b"".join(blinds), b"".join(blinded))
        assert module.oprf_blind_evaluate(key, b"".join(blinded)) == b"".join(evaluated)
        assert module.oprf_finalize(*column(inputs), b"".join(blinds), b"".join(evaluated)) == b"".join(outputs)
        assert module.oprf_evaluate(key, *column(inputs)) == b"".join(outputs)


@pytest.mark.parametrize("lanes", [True, False])
def test_the_published_encodings(shared_vectors: Callable[[str], Path], lanes: bool) -> None:
    module = native()
    vectors = json.loads(shared_vectors("rfc9496/ristretto255.json").read_text())
    assert vectors["source"].startswith("RFC 9496 Appendix A")
    multiples = [bytes.fromhex(item) for item in vectors["generator_multiples_0_to_15"]]
    for number in range(1, 16):
        key = number.to_bytes(32, "little")
        assert module.oprf_blind_evaluate(key, multiples[1], lanes=lanes) == multiples[number]
        assert module.oprf_blind_evaluate(key, multiples[1] * 9, lanes=lanes) == multiples[number] * 9
    for entry in vectors["invalid_encodings"]:
        with pytest.raises(module.RejectedError):
            module.oprf_blind_evaluate(_key(1), bytes.fromhex(entry["encoding"]), lanes=lanes)
    assert len(vectors["invalid_encodings"]) == 29


@pytest.mark.parametrize("lanes", [True, False])
def test_both_arithmetics_are_equal_to_the_portable_one(lanes: bool) -> None:
    module, values = native(), _values(520, 21)
    secrets = module.oprf_evaluate(_key(5), *column(values), lanes=lanes)
    assert secrets == _portable(_key(5), values)
    blinds, elements = module.oprf_blind(*column(values), lanes=lanes)
    evaluated = module.oprf_blind_evaluate(_key(5), elements, lanes=lanes)
    assert module.oprf_finalize(*column(values), blinds, evaluated, lanes=lanes) == secrets
    key = os.urandom(32)
    keyed = module.hmac_evaluate(key, *column(values), lanes=lanes)
    assert keyed == b"".join(hmac.digest(key, value, "sha512") for value in values)


@pytest.mark.parametrize("count", [1, 8, 300])
def test_the_sums_under_a_proof_are_the_portable_ones(count: int) -> None:
    module, public = native(), ristretto.multiply_base(_key(3))
    _blinds, blinded = module.oprf_blind(*column(_values(count, 31)))
    evaluated = module.oprf_blind_evaluate(_key(3), blinded)
    inputs, outputs = dleq.split(blinded, "blinded"), dleq.split(evaluated, "evaluated")
    weights = list(dleq._weights(public, inputs, outputs))
    expected = [dleq._weighted_sum(weights, part, "part") for part in (inputs, outputs)]
    assert module.dleq_composites(public, blinded, evaluated) == tuple(expected)
    assert module.dleq_composites(public, blinded, evaluated, both=False) == (expected[0], None)


@pytest.mark.parametrize("bad", _BAD)
def test_the_sums_under_a_proof_refuse_an_element_by_its_index(bad: bytes) -> None:
    module, public = native(), ristretto.multiply_base(_key(3))
    _blinds, good = module.oprf_blind(*column(_values(300, 37)))
    wrong = good[: 299 * 32] + bad
    with pytest.raises(module.RejectedError, match=r"^\('blinded element 299 is not canonical") as caught:
        module.dleq_composites(public, wrong, good)
    assert caught.value.args[1] == 299
    with pytest.raises(module.RejectedError, match=r"^\('evaluated element 299 is not canonical"):
        module.dleq_composites(public, good, wrong)
    with pytest.raises(module.RejectedError, match="evaluated elements: 299"):
        module.dleq_composites(public, good, good[32:])
