"""What TLS refuses is told: counted, and logged with its reason, however often anybody knocks."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest

from keys.service import ServiceKeys
from matcher.protocol import entries
from matcher.protocol.errors import StateError
from matcher.service import app, limits, policy, transport_log
from matcher.service.acts import directory
from matcher.service.acts.handshakes import BROKEN, RPC, Handshakes, reason_of
from matcher.service.acts.refusals import Refusals
from matcher.service.home import ServiceHome
from matcher.service.store import log
from tests.service import paper
from tests.service.party import Party
from tests.service.process import PASSPHRASE, Serving
from tests.service.world import Template, World

_DAY = 86_400
_PREFIX = "I1124 12:54:51.856923   18339 ssl_transport_security.cc:2563] Handshake failed with error SSL_ERROR_SSL: "
LINES = {
    "error:100000c0:SSL routines:OPENSSL_internal:PEER_DID_NOT_RETURN_A_CERTIFICATE: Invalid": "no-certificate",
    "error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: self signed certificate": (
        "unknown-certificate"
    ),
    "error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: certificate has expired": (
        "expired-certificate"
    ),
    "error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED: certificate is not yet valid": (
        "expired-certificate"
    ),
    "error:1000009c:SSL routines:OPENSSL_internal:HTTP_REQUEST: Invalid certificate verification context": BROKEN,
}
UNKNOWN = _PREFIX + list(LINES)[1]


def reasons(world: World) -> list[str]:
    """The reasons of refused handshakes that the log has."""
    return [
        entry.facts["reason"] for entry in world.log() if entry.type == "access-denied" and entry.facts["rpc"] == RPC
    ]


@pytest.mark.parametrize(("line", "reason"), LINES.items())
def test_a_line_stands_for_a_reason(line: str, reason: str) -> None:
    assert reason_of(_PREFIX + line) == reason
    assert reason == BROKEN or reason in policy.REASONS
    assert reason_of(line) is None


def test_each_reason_is_logged_once_an_hour_and_counted_always(
    admitted: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("matcher.service.acts.refusals.monotonic", lambda: now)
    waiting: list[str] = []
    watch = Handshakes(
        lambda: [waiting.pop() for _line in list(waiting)],
        Refusals(admitted.storage.database, admitted.storage.log, admitted.metrics),
    )
    for _time in range(50):
        waiting += [_PREFIX + line for line in LINES] * 10
        watch.look()
    assert sorted(reasons(admitted)) == ["expired-certificate", "no-certificate", "unknown-certificate"]
    counted = {
        sample.labels["reason"]: sample.value
        for metric in admitted.metrics.denials.collect()
        for sample in metric.samples
        if sample.name.endswith("_total")
    }
    assert counted == {
        "expired-certificate": 1000, "no-certificate": 500, "unknown-certificate": 500, BROKEN: 500,
    }  # fmt: skip
    now += limits.HANDSHAKE_SPAN_SECONDS
    waiting.append(UNKNOWN)
    watch.look()
    assert reasons(admitted).count("unknown-certificate") == 2


def test_a_log_that_takes_nothing_stops_nothing(admitted: World, caplog: pytest.LogCaptureFixture) -> None:
    admitted.storage.log.end(StateError("older", code="log-ended"))
    watch = Handshakes(lambda: [UNKNOWN, "something else"], Refusals(
        admitted.storage.database, admitted.storage.log, admitted.metrics
    ))  # fmt: skip
    with caplog.at_level(logging.WARNING):
        watch.look()
    assert {"handshakes-not-logged", "transport"} <= {record.getMessage() for record in caplog.records}
    assert reasons(admitted) == []


def test_whole_lines_are_read_once_and_the_file_stays_short(tmp_path: Path) -> None:
    path = tmp_path / "transport.log"
    path.write_bytes(b"the last words of a process that crashed\n")
    with transport_log.taken(path) as transport:
        assert transport.lines() == ["the last words of a process that crashed"]
        os.write(2, b"one\ntwo\nthr")
        assert transport.lines() == ["one", "two"]
        os.write(2, b"ee\n\n" + b"x" * 5000 + b"\n")
        assert transport.lines() == ["three", "x" * 500]
        for _time in range(30):
            os.write(2, b"y" * 20_000 + b"\n")
            transport.lines()
        assert path.stat().st_size < 300_000
        os.write(2, b"after\n")
        assert transport.lines() == ["after"]


def test_standard_error_goes_where_it_went(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with transport_log.taken(tmp_path / "transport.log") as transport:
        sys.stderr.write("said by the program\n")
        os.write(2, b"said by the core\n")
        assert transport.lines() == ["said by the core"]
    assert (tmp_path / "transport.log").stat().st_mode & 0o777 == 0o600
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "said by the program\nafterwards\n"


@pytest.fixture
def expired() -> Party:
    """A party whose card and certificate have ended."""
    return Party("expired", lambda: int(time.time()) - 500 * _DAY)


@pytest.fixture
def home(tmp_path: Path, template: Template, expired: Party) -> ServiceHome:
    """A service's home that admitted a party whose card and certificate have ended since."""
    shutil.copytree(template.path, tmp_path / "service")
    home = ServiceHome(tmp_path / "service")
    long_ago = int(time.time()) - 450 * _DAY
    keys = ServiceKeys.open(home.keys, PASSPHRASE)
    with app.opened(home, keys, lambda: long_ago * 1000) as storage:
        directory.admit(
            storage.database, storage.log, expired.card(), lambda: long_ago * 1000
        )  # fmt: skip
    return home


@pytest.fixture
def serving(home: ServiceHome) -> Iterator[Serving]:
    process = Serving(home.path)
    yield process
    process.stop()


def knock(serving: Serving, home: ServiceHome, party: Party | None) -> None:
    identity = (party.tls_key.reveal(), party.tls_certificate.encode()) if party else (None, None)
    credentials = grpc.ssl_channel_credentials(home.read_public().tls_certificate.encode(), *identity)
    options = [("grpc.ssl_target_name_override", "concordat"), ("grpc.use_local_subchannel_pool", 1)]
    with grpc.secure_channel(serving.address, credentials, options) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary("/concordat.v1.Directory/Hello")(b"", timeout=10)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


def denied(home: ServiceHome) -> list[str]:
    keys = ServiceKeys.open(home.keys, PASSPHRASE)
    with app.opened(home, keys, app.system_clock) as storage, storage.database.read() as transaction:
        found = [entries.parse(entry) for _index, entry in log.entries(transaction, 0, 100)]
    return sorted(entry.facts["reason"] for entry in found if entry.type == "access-denied")


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.1)


def test_a_serving_process_logs_who_is_refused_by_tls(home: ServiceHome, serving: Serving, expired: Party) -> None:
    for party in (None, Party(paper.ASKING, lambda: int(time.time())), expired):
        for _time in range(3):
            knock(serving, home, party)
    host, _colon, port = serving.address.rpartition(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        connection.recv(10)
    expected = ["expired-certificate", "no-certificate", "unknown-certificate"]
    until(lambda: denied(home) == expected)
    assert denied(home) == expected
    lines = (home.path / "serve.log").read_text().splitlines()
    assert all(isinstance(json.loads(line), dict) for line in lines), "standard error is JSON lines only"
    said = {line["reason"] for line in map(json.loads, lines) if line["event"] == "refused"}
    assert said == {*expected, BROKEN}


def test_a_refusal_that_the_disk_did_not_take_is_logged_once_it_does(
    admitted: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = Refusals(admitted.storage.database, admitted.storage.log, admitted.metrics)

    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(log.LogWriter, "append", full)
        for number in range(limits.MAX_DENIALS_LOGGED // 2):
            with pytest.raises(OSError):
                refusals.record("GetEntries", "bureau", "00" * 32, policy.deny("auditors-only", "no"), f"{number:064x}")
        Handshakes(tuple, refusals).look()
    assert "access-denied" not in admitted.log_types()
    Handshakes(tuple, refusals).look()
    found = [entry.facts["message"] for entry in admitted.log() if entry.type == "access-denied"]
    assert found == [f"{number:064x}" for number in range(limits.MAX_DENIALS_LOGGED // 2)]
