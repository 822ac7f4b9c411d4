"""Signatures: the crate takes what libsodium takes, with and without a table, and what OpenSSL and our rule take."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import native as backend
from keys import verifying
from keys.errors import SignatureError
from keys.signing import SigningKey
from matcher.protocol import ed25519
from matcher.protocol.errors import VerificationError
from tests.keys import edwards
from tests.keys.edwards import Forged, forge
from tests.native.columns import column, long_count, native

Signed = tuple[bytes, bytes, bytes]  # key, signature, data
USES_BEFORE_A_TABLE = 16


def _one_by_one(items: Sequence[Signed]) -> bytes:
    """What libsodium says; the protocol's own way must say the same."""
    answers = bytearray()
    for public, signature, data in items:
        taken = [1, 1]
        try:
            verifying.verify(public, signature, data)
        except SignatureError:
            taken[0] = 0
        try:
            ed25519.verify(public, signature, data, "it")
        except VerificationError:
            taken[1] = 0
        assert taken[0] == taken[1]
        answers.append(taken[0])
    return bytes(answers)


def _crate(items: Sequence[Signed], keys: Sequence[Any] = ()) -> bytes:
    """What the crate says of keys it never saw, and of keys that have had tables made for them; by the kernel, and by
    curve25519-dalek alone: four answers, which must be one."""
    module = native()
    publics, signatures = b"".join(item[0] for item in items), b"".join(item[1] for item in items)
    messages = column([item[2] for item in items])
    answers = set()
    for verifier in keys or (module.Ed25519Keys(lanes=True), module.Ed25519Keys(lanes=False)):
        answers.add(verifier.verify(publics, signatures, *messages))
        for public in dict.fromkeys(item[0] for item in items):
            many = USES_BEFORE_A_TABLE + 1
            verifier.verify(public * many, bytes(64 * many), *column([b""] * many))
        answers.add(verifier.verify(publics, signatures, *messages))
    (answer,) = answers
    return bytes(answer)


def _signed(forged: Forged) -> Signed:
    return forged.public, forged.signature, forged.data


def _forgeries(source: random.Random, count: int) -> list[Signed]:
    """Keys and nonces of every order, small, mixed and prime; scalars beyond L; encodings beyond the field."""
    made = []
    for _ in range(count):
        written = b""
        if source.randrange(5) == 0:
            written = (edwards.P + source.randrange(19) | source.getrandbits(1) << 255).to_bytes(32, "little")
        secret = 0 if written or source.randrange(4) == 0 else None
        nonce = 0 if source.randrange(4) == 0 else None
        parts = source.randrange(8), source.randrange(8)
        public, signature, data = _signed(forge(source, *parts, secret=secret, nonce=nonce, written=written))
        if source.randrange(5) == 0:
            larger = int.from_bytes(signature[32:], "little") + edwards.L * source.randrange(1, 15)
            signature = signature[:32] + larger.to_bytes(33, "little")[:32]
        made.append((public, signature, data))
    return made


@settings(max_examples=25)
@given(st.randoms(use_true_random=False))
def test_whatever_a_forger_hands_in(source: random.Random) -> None:
    items = _forgeries(source, 8)
    assert _crate(items) == _one_by_one(items)


def test_many_forgeries() -> None:
    source = random.Random("forgeries")  # noqa: S311 - reproducible test values
    answers = set()
    for _ in range(long_count(4, 1_000)):
        items = _forgeries(source, 100)
        found = _crate(items)
        assert found == _one_by_one(items)
        answers |= set(found)
    assert answers == {0, 1}


def test_a_key_of_mixed_order_is_taken_where_the_equation_holds() -> None:
    """One in eight does so by chance; a combined check of several would take them all, or none."""
    source = random.Random("mixed")  # noqa: S311 - reproducible test values
    forged = [forge(source, 1, source.randrange(8)) for _ in range(80)]
    found = _crate([_signed(item) for item in forged])
    assert list(map(bool, found)) == [item.equation for item in forged]
    assert set(found) == {0, 1}


@pytest.mark.parametrize("part", range(8))
def test_a_nonce_of_small_order_is_refused_where_the_equation_holds(part: int) -> None:
    source = random.Random(part)  # noqa: S311 - reproducible test values
    forged = [forge(source, 0 if part == 0 else 1, part, nonce=0) for _ in range(40)]
    assert any(item.equation for item in forged)
    assert _crate([_signed(item) for item in forged]) == bytes(40)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 255, 256, 257])
def test_some_wrong_ones_among_many(count: int) -> None:
    """Whoever stands beside one in the kernel's lanes does not change its answer."""
    source = random.Random(count)  # noqa: S311 - reproducible test values
    keys = [SigningKey.generate() for _ in range(3)]
    items, expected = [], []
    for number in range(count):
        key, message = keys[source.randrange(3)], source.randbytes(source.randrange(300))
        signature = bytearray(key.sign(message))
        expected.append(int(number % 5 != 3))
        if not expected[-1]:
            signature[source.randrange(64)] ^= 1 << source.randrange(8)
        items.append((key.public, bytes(signature), message))
    assert _crate(items) == _one_by_one(items) == bytes(expected)


@settings(max_examples=50)
@given(st.data())
def test_one_changed_bit(data: st.DataObject) -> None:
    key, message = SigningKey.generate(), data.draw(st.binary(min_size=1, max_size=300))
    parts = [bytearray(key.public), bytearray(key.sign(message)), bytearray(message)]
    good = tuple(map(bytes, parts))
    part = data.draw(st.sampled_from(parts))
    part[data.draw(st.integers(0, len(part) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    changed = tuple(map(bytes, parts))
    assert _crate([good, changed, good]) == _one_by_one([good, changed, good]) == bytes((1, 0, 1))


@pytest.mark.parametrize("size", [0, 1, 47, 48, 63, 64, 111, 112, 175, 176, 2_000, 70_000])
def test_messages_of_every_length(size: int) -> None:
    key = SigningKey.generate()
    message = bytes(size)
    assert _crate([(key.public, key.sign(message), message)]) == b"\x01"


def test_more_keys_than_are_remembered() -> None:
    """The tables of 64 keys are kept, and 4,096 keys; then it begins anew. Answers stay what they are."""
    verifiers = [native().Ed25519Keys(lanes=lanes) for lanes in (True, False)]
    for round_ in range(2):
        keys = [SigningKey.generate() for _ in range(70)]
        items = [(key.public, key.sign(b"x"), b"x" if round_ == 0 else b"y") for key in keys]
        assert _crate(items, verifiers) == _one_by_one(items) == bytes([1 - round_]) * 70
        strangers = b"".join(edwards.encode(edwards.multiply(n, edwards.BASE)) for n in (2, 3)) * 2_100
        strangers = b"".join(
            strangers[at : at + 30] + (at % 65_536).to_bytes(2, "little") for at in range(0, len(strangers), 32)
        )
        count = len(strangers) // 32
        for verifier in verifiers:
            assert verifier.verify(strangers, bytes(64 * count), *column([b""] * count)) == bytes(count)


def test_wycheproof(shared_vectors: Callable[[str], Path]) -> None:
    value = json.loads(shared_vectors("wycheproof/ed25519_test.json").read_text())
    items, expected = [], []
    for group in value["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            if len(case["sig"]) == 128:
                items.append((public, bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])))
                expected.append(int(case["result"] == "valid"))
    assert len(items) > 100
    assert _crate(items) == _one_by_one(items) == bytes(expected)


@pytest.mark.parametrize(
    ("public", "signature", "count"), [(31, 64, 1), (32, 63, 1), (32, 64, 2), (64, 64, 1), (0, 0, 1)]
)
def test_columns_of_other_lengths(public: int, signature: int, count: int) -> None:
    module = native()
    with pytest.raises(module.RejectedError):
        module.Ed25519Keys().verify(bytes(public), bytes(signature), *column([b""] * count))


@pytest.mark.parametrize("wanted", [backend.NATIVE, backend.PORTABLE])
def test_pending_names_the_same_places(monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    native()
    monkeypatch.setenv(backend.VARIABLE, wanted)
    backend.module.cache_clear()
    try:
        pending = verifying.Pending()
    finally:
        monkeypatch.undo()
        backend.module.cache_clear()
    assert pending.refused() == []
    items = _forgeries(random.Random("pending"), 60)  # noqa: S311 - reproducible test values
    answers = _one_by_one(items)
    for _round in range(2):
        for public, signature, data in items:
            pending.add(public, signature, data)
        assert len(pending) == len(items)
        assert pending.refused() == [place for place, taken in enumerate(answers) if not taken]
        assert len(pending) == 0
    for public, signature in ((b"", bytes(64)), (bytes(32), bytes(63))):
        with pytest.raises(SignatureError, match="length"):
            pending.add(public, signature, b"")
