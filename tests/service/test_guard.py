"""The door of every call: room, deadlines, error texts, health, reflection - and default deny for every RPC."""

from __future__ import annotations

import inspect
import itertools
import json
import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from prometheus_client import generate_latest

from matcher.protocol import entries, errors
from matcher.protocol.errors import ConcordatError, DeniedError, OverloadedError, UnreachableError
from matcher.service import journal, limits, policy
from matcher.service.acts.directory import Directory
from matcher.service.rpc import status
from matcher.service.store.database import ControlDatabase
from matcher.wire import concordat_pb2 as pb
from matcher.wire import concordat_pb2_grpc as stubs
from tests.service import paper
from tests.service.bare import raw_channel
from tests.service.world import World


@pytest.fixture
def raw(world: World) -> Iterator[grpc.Channel]:
    """A bare gRPC channel with the bureau's identity."""
    with raw_channel(world, world.parties[paper.ASKING]) as channel:
        yield channel


def test_overload_says_when_to_come_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CALLS_PER_PARTY", 1)
    waiting = threading.Thread(target=world.channel(paper.ASKING).receive, kwargs={"wait_seconds": 3})
    waiting.start()
    with pytest.raises(OverloadedError) as refused:
        list(itertools.starmap(world.channel(paper.ASKING).checkpoint, [()] * 500))
    assert refused.value.retry_seconds == pytest.approx(limits.RETRY_SECONDS, rel=0.51)
    world.channel(paper.ANSWERING).checkpoint()
    waiting.join()
    world.channel(paper.ASKING).checkpoint()


def test_a_deadline_ends_a_wait(raw: grpc.Channel) -> None:
    started = time.monotonic()
    reply = stubs.MailboxStub(raw).Receive(pb.ReceiveRequest(wait_seconds=30), timeout=3)
    assert list(reply.items) == []
    assert time.monotonic() - started < 3


def test_an_unexpected_error_has_a_fixed_text(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_arguments: object) -> None:
        raise ValueError("account 6222020200112233445")

    monkeypatch.setattr(Directory, "listed", broken)
    with pytest.raises(ConcordatError, match="the service failed"):
        world.channel(paper.ASKING).list_agreements()
    [record] = [item for item in caplog.records if item.getMessage() == "call-failed"]
    line = journal._JsonLines().format(record)
    assert json.loads(line)["error"] == "ValueError"
    assert "6222" not in line


STATUSES: list[tuple[ConcordatError, grpc.StatusCode, type[ConcordatError]]] = [
    (errors.InputError("x"), grpc.StatusCode.INVALID_ARGUMENT, errors.InputError),
    (errors.VerificationError("x"), grpc.StatusCode.INVALID_ARGUMENT, errors.VerificationError),
    (errors.DeniedError("x", code="role"), grpc.StatusCode.PERMISSION_DENIED, errors.DeniedError),
    (errors.DeniedError("x", code="expired-card"), grpc.StatusCode.UNAUTHENTICATED, errors.DeniedError),
    (errors.QuotaError("x"), grpc.StatusCode.RESOURCE_EXHAUSTED, errors.QuotaError),
    (errors.OverloadedError("x", retry_seconds=2.5), grpc.StatusCode.RESOURCE_EXHAUSTED, errors.OverloadedError),
    (errors.StateError("x"), grpc.StatusCode.FAILED_PRECONDITION, errors.StateError),
    (errors.AgreementError("x"), grpc.StatusCode.FAILED_PRECONDITION, errors.AgreementError),
    (errors.NotFoundError("x"), grpc.StatusCode.NOT_FOUND, errors.NotFoundError),
    (errors.ConcordatError("secret"), grpc.StatusCode.INTERNAL, errors.ConcordatError),
]


@pytest.mark.parametrize(("error", "code", "kind"), STATUSES)
def test_an_error_reaches_the_client_as_itself(
    world: World, monkeypatch: pytest.MonkeyPatch, error: ConcordatError, code: grpc.StatusCode,
    kind: type[ConcordatError],
) -> None:  # fmt: skip
    error.remedy = "Do the other thing — or 另一件."

    def refuse(*_arguments: object) -> None:
        raise error

    monkeypatch.setattr(Directory, "listed", refuse)
    assert status.code_of(error) is code
    with pytest.raises(kind) as refused:
        world.channel(paper.ASKING).list_agreements()
    assert type(refused.value) is kind
    if kind is not ConcordatError:
        assert refused.value.code == error.code
        assert str(refused.value) == "x"
    else:
        assert "secret" not in str(refused.value)


def test_every_reason_has_a_text_that_the_log_takes() -> None:
    for code in policy.REASONS:
        facts = {
            "rpc": "Send", "reason": code, "detail": policy.detail(DeniedError("x", code=code)), "certificate": "",
            "message": "",
        }  # fmt: skip
        entries.without_message("access-denied", 1, facts)
    for kind in vars(errors).values():
        if inspect.isclass(kind) and issubclass(kind, ConcordatError):
            assert kind.code in policy.REASONS or kind.code in ("error", "unreachable", "gate-cosignatures")


def test_health_and_reflection_are_for_admitted_parties(world: World, raw: grpc.Channel) -> None:
    check = health_pb2_grpc.HealthStub(raw).Check(health_pb2.HealthCheckRequest(service="concordat.v1.Log"), timeout=5)
    assert check.status == health_pb2.HealthCheckResponse.SERVING
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    [reply] = reflection_pb2_grpc.ServerReflectionStub(raw).ServerReflectionInfo(iter([request]), timeout=5)
    names = {service.name for service in reply.list_services_response.service}
    assert {"concordat.v1.Mailbox", "grpc.health.v1.Health"} <= names
    with raw_channel(world, world.parties[paper.OTHER]) as stranger, pytest.raises(grpc.RpcError) as refused:
        health_pb2_grpc.HealthStub(stranger).Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_client_without_a_certificate_does_not_get_in(world: World) -> None:
    credentials = grpc.ssl_channel_credentials(world.public.tls_certificate.encode())
    options = [("grpc.ssl_target_name_override", "concordat")]
    with grpc.secure_channel(world.server.address, credentials, options) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            stubs.LogStub(channel).GetCheckpoint(pb.GetCheckpointRequest(), timeout=5)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    with grpc.insecure_channel(world.server.address) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            stubs.LogStub(channel).GetCheckpoint(pb.GetCheckpointRequest(), timeout=5)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_large_request_is_refused(raw: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        stubs.DirectoryStub(raw).PublishAgreement(
            pb.PublishAgreementRequest(matching_file=bytes(limits.MAX_REQUEST_BYTES + 1)), timeout=5
        )
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_stopping_service_finishes_what_runs(world: World) -> None:
    results: list[Any] = []
    waiting = threading.Thread(
        target=lambda: results.append(world.channel(paper.ASKING).receive(wait_seconds=20))
    )  # fmt: skip
    waiting.start()
    deadline = time.monotonic() + 5
    while not world.metrics.registry.get_sample_value("concordat_calls_running"):
        assert time.monotonic() < deadline
    world._stack.close()
    waiting.join(10)
    assert results == [[]]
    with pytest.raises(UnreachableError):
        world.channel(paper.ANSWERING).checkpoint()


def test_rows_reach_neither_log_nor_metrics_nor_journal(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:  # fmt: skip
    caplog.set_level(logging.INFO, "concordat.service")
    packed = [world.row(paper.ANSWERING, "planted", ("91", 5_000, 0))]
    world.submit(paper.ANSWERING, packed)
    world.submit(paper.ASKING, [world.row(paper.ASKING, "planted", ("91", 10_000, 0))])
    run = world.match()
    list(world.channel(paper.ASKING).list_findings(run.run_digest))
    said = "\n".join(journal._JsonLines().format(record) for record in caplog.records)
    said += generate_latest(world.metrics.registry).decode()
    database: ControlDatabase = world.storage.database
    with database.read() as transaction:
        said += "".join(row[0].decode() for row in transaction.execute("SELECT entry FROM entries"))
    for start in (1, 17, 33):
        piece = packed[0][start : start + 16]
        assert piece.hex() not in said
    assert "planted" not in said
