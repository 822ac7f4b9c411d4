"""Signatures are verified together: each wrong one is named at its entry, by either backend."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bench.audit_log import long_world
from keys import native, verifying
from matcher.protocol import canonical
from tests.auditor.world import LABOUR, World
from tests.native.columns import native as installed

IDENTITY = b"\x01" + bytes(31)
SIZE = 700  # some batches


@pytest.fixture(params=[native.NATIVE, native.PORTABLE])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    if request.param == native.NATIVE:
        installed()
    monkeypatch.setenv(native.VARIABLE, request.param)
    native.module.cache_clear()
    assert native.name() == request.param
    yield request.param
    monkeypatch.undo()
    native.module.cache_clear()


def change(world: World, index: int, field: str, signature: bytes | None = None) -> None:
    """Put another signature into the entry: one with a bit changed, unless given."""
    value = canonical.decode(world.entries[index])
    changed = bytearray(canonical.unb64(value["message"][field], 64))
    changed[40] ^= 1
    value["message"][field] = canonical.b64(signature or bytes(changed))
    world.entries[index] = canonical.encode(value)


def named(world: World) -> list[tuple[int, int | None, str]]:
    return [(failure.number, failure.index, failure.reason) for failure in world.verify().failures]


def wrong(number: int, index: int, who: str) -> tuple[int, int, str]:
    return number, index, f"the signature of {who} does not verify"


@pytest.mark.usefixtures("backend")
def test_each_wrong_signature_is_named_at_its_entry() -> None:
    world = long_world(SIZE)
    requests = [index for index, data in enumerate(world.entries) if b'"reveal-requested"' in data]
    assert named(world) == []
    first, middle, last = requests[0], requests[len(requests) // 2], requests[-1]
    assert last - first > 512
    for index in (first, last):
        change(world, index, "person_signature")
    change(world, middle, "signature")
    change(world, middle, "person_signature")
    assert named(world) == [
        wrong(8, first, "person zhang.min"), wrong(7, middle, LABOUR), wrong(8, middle, "person zhang.min"),
        wrong(8, last, "person zhang.min"),
    ]  # fmt: skip


@pytest.mark.usefixtures("backend")
def test_failures_of_an_entry_go_by_their_numbers() -> None:
    """The signature's check comes first, though it is verified last."""
    world = World.good()
    index = world.request(3, purpose="curiosity")
    change(world, index, "signature")
    world.rewrite(index, time=1000)
    assert [number for number, _at, _reason in named(world)] == [5, 7, 11, 15, 24]


@pytest.mark.usefixtures("backend")
def test_a_signature_that_openssl_would_take_is_named() -> None:
    """A person's key is the identity: anything is signed, as OpenSSL sees it."""
    world = World.good()
    world.admit(LABOUR, "key-rotated", people=[{"id": "zhang.min", "key": canonical.b64(IDENTITY)}])
    index = world.request(3)
    change(world, index, "person_signature", IDENTITY + bytes(32))
    assert named(world) == [wrong(8, index, "person zhang.min")]


def test_both_backends_verify_every_signature(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many as messages and people's names, none left aside at the end."""
    counts: list[int] = []
    refused = verifying.Pending.refused
    monkeypatch.setattr(verifying.Pending, "refused", lambda self: counts.append(len(self)) or refused(self))
    world = long_world(SIZE)
    assert named(world) == []
    values = [canonical.decode(data)["message"] for data in world.entries]
    cards = sum(value is not None and value["kind"] == "card" for value in values)
    people = sum(value is not None and "person" in value for value in values)
    assert sum(counts) == sum(value is not None for value in values) - cards + people
    assert max(counts) < sum(counts)
