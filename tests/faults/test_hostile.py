"""Hostile input, short: decoders, the wire, bombs, endless and silent streams, idle connections."""

from __future__ import annotations

import gzip
import itertools
import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.service import limits
from matcher.wire import concordat_pb2 as pb
from matcher.wire import concordat_pb2_grpc as stubs
from tests.faults.decoders import REFUSED, attack, decoders
from tests.faults.wire_attack import attack_wire, memory
from tests.service import paper
from tests.service.bare import raw_channel
from tests.service.evaluation import ELEMENTS, ask
from tests.service.world import Template, World, new_world

_DECODERS = decoders()
# Parsing malformed certificates warns of what they have; they are refused or not used.
pytestmark = pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")


@pytest.fixture
def world(tmp_path: Path, template: Template) -> Iterator[World]:
    with new_world(tmp_path / "service", template) as made:
        made.agree()
        yield made


@pytest.mark.parametrize("name", sorted(set(_DECODERS) - {"inclusion proof", "consistency proof", "protobuf"}))
def test_examples_are_good(name: str) -> None:
    for example in _DECODERS[name].examples:
        _DECODERS[name].decode(example)


def test_mutations_are_refused_by_name() -> None:
    tally = attack(24_000, seed=1)
    assert tally.crashes == []
    assert 0 < tally.accepted < tally.sent / 2


def _of_version(version: int) -> bytes:
    """A certificate whose version X.509 does not know."""
    [example] = _DECODERS["certificate"].examples
    data = bytearray(x509.load_pem_x509_certificate(example).public_bytes(Encoding.DER))
    at = data.index(b"\xa0\x03\x02\x01\x02")  # [0] INTEGER 2, which says version 3
    data[at + 4] = version
    return bytes(data)


# What longer attacks have found.
FOUND: dict[str, tuple[str, bytes]] = {
    "a certificate of no version": ("certificate", _of_version(18)),
    "JSON as deep as the stack": ("service.json", b"[" * 100_000),
    "no byte of a row": ("row", b""),
}


@pytest.mark.parametrize(("name", "data"), FOUND.values(), ids=FOUND)
def test_what_was_found_is_refused_by_name(name: str, data: bytes) -> None:
    with pytest.raises(REFUSED):
        _DECODERS[name].decode(data)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(_DECODERS)), st.binary(max_size=400))
def test_any_bytes_are_refused_by_name(name: str, data: bytes) -> None:
    try:
        _DECODERS[name].decode(data)
    except REFUSED:
        pass


def test_the_wire_answers_with_a_status_that_fits(world: World) -> None:
    tally = attack_wire(world, 1_200)
    assert tally.crashes == []
    assert {"INVALID_ARGUMENT", "PERMISSION_DENIED", "NOT_FOUND"} <= set(tally.statuses)
    assert tally.grown_kilobytes < 60_000
    world.channel(paper.ASKING).send(ask(world), ELEMENTS)
    world.log()


def test_bytes_that_are_no_message(world: World) -> None:
    with raw_channel(world, world.parties[paper.ASKING]) as channel:
        for call in (
            lambda: channel.unary_unary("/concordat.v1.Mailbox/Send")(b"\xff\xff", timeout=5),
            lambda: list(channel.stream_stream("/concordat.v1.Submissions/Upload")(iter([b"\xff"]), timeout=5)),
            lambda: list(channel.unary_stream("/concordat.v1.Matching/Run")(b"\x0a\xff", timeout=5)),
        ):
            with pytest.raises(grpc.RpcError) as refused:
                call()
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_a_compressed_bomb_is_not_unpacked(world: World) -> None:
    bomb = pb.SendRequest(attachment=bytes(64 << 20)).SerializeToString()
    assert len(gzip.compress(bomb[: 1 << 20])) < 5_000
    before = memory()
    with raw_channel(world, world.parties[paper.ASKING]) as channel:
        call = channel.unary_unary("/concordat.v1.Mailbox/Send")
        with pytest.raises(grpc.RpcError) as refused:
            call(bomb, timeout=30, compression=grpc.Compression.Gzip)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    del bomb
    assert memory() - before < 32 << 10


def test_an_endless_stream_ends(world: World) -> None:
    def forever() -> Iterator[pb.RowChunk]:
        for number in itertools.count():
            yield pb.RowChunk(submission_id=b"s" * 16, first_row=number, rows=1, sealed=bytes(1000))

    with raw_channel(world, world.parties[paper.ANSWERING]) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            list(stubs.SubmissionsStub(channel).Upload(forever(), timeout=20))
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_silent_stream_gives_its_place_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IDLE_STREAM_SECONDS", 0.3)
    submission = b"s" * 16
    bank = world.channel(paper.ANSWERING)
    bank.open_upload(submission, world.agreement.digest, paper.FLOW, paper.PERIOD, 1, 9)
    release = threading.Event()

    def silent() -> Iterator[pb.RowChunk]:
        release.wait(20)
        yield pb.RowChunk(submission_id=submission)

    with raw_channel(world, world.parties[paper.ANSWERING]) as channel:
        started = time.monotonic()
        with pytest.raises(grpc.RpcError) as refused:
            list(stubs.SubmissionsStub(channel).Upload(silent(), timeout=20))
        assert refused.value.code() is grpc.StatusCode.CANCELLED
        assert time.monotonic() - started < 5
        release.set()
    assert bank.open_upload(submission, world.agreement.digest, paper.FLOW, paper.PERIOD, 1, 9).next_row == 0


def test_idle_connections_leave_room_for_work(world: World) -> None:
    host, _colon, port = world.server.address.rpartition(":")
    before = memory()
    idle = []
    try:
        for number in range(3_000):
            idle.append(socket.create_connection((host, int(port)), timeout=5))
            if number % 3 == 0:
                idle[-1].sendall(random.Random(number).randbytes(20))  # noqa: S311 - noise
        started = time.monotonic()
        with world.parties[paper.ASKING].channel(world.server.address, world.public.tls_certificate) as channel:
            channel.send(ask(world), ELEMENTS)
        assert time.monotonic() - started < 10
        assert memory() - before < 200_000
    finally:
        for connection in idle:
            connection.close()
