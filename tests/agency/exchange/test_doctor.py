"""`concordat doctor`: each thing that can be wrong is named, with a remedy, and nothing stops the other checks."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

import client
from keys import tls
from matcher.agency import health
from matcher.agency.exchange import service_card
from matcher.channel.types import Greeted, Hello
from matcher.protocol.errors import UnreachableError
from matcher.protocol.suite import SUITE
from tests.agency.exchange.world import BUREAU, ORIGIN, LogService, Templates

NOW = int(time.time())
DAY = 86_400


def certificate(days: int) -> str:
    return tls.new_identity("concordat", NOW - 3600, days)[1]


@pytest.mark.parametrize(
    ("days", "level"), [(400, "OK"), (62, "OK"), (60, "WARN"), (30, "WARN"), (7, "WARN"), (1, "WARN")]
)
def test_certificates_warn_in_time(days: int, level: str) -> None:
    line = health.certificate_line("certificate", certificate(days), NOW, "renew")
    assert line.level == level
    assert (line.remedy == "renew") == (level == "WARN")


def test_an_expired_certificate_fails() -> None:
    line = health.certificate_line("certificate", certificate(3), NOW + 5 * DAY, "renew")
    assert (line.level, line.remedy) == ("FAIL", "renew")


@pytest.mark.parametrize(("seconds", "level"), [(0, "OK"), (60, "OK"), (61, "WARN"), (600, "WARN"), (601, "FAIL")])
def test_clocks(seconds: int, level: str) -> None:
    assert health.clock_line(NOW, NOW + seconds).level == level
    assert health.clock_line(NOW + seconds, NOW).level == level


class Reachable(LogService):
    """A service that says hello."""

    def __init__(self, **changes: object) -> None:
        super().__init__()
        self.changes = changes
        self.append(b"{}")

    def greet(self) -> Greeted:
        values: dict[str, object] = {
            "suite": SUITE, "server_version": "1", "time": int(time.time() * 1000), "log_origin": ORIGIN,
            "log_key": self.log_key, "max_chunk_bytes": 1, "party": BUREAU, **self.changes,
        }  # fmt: skip
        return Greeted(Hello(**values), time.time(), 0.0)  # type: ignore[arg-type]


@pytest.fixture
def home(tmp_path: Path, home_templates: Templates) -> Path:
    shutil.copytree(home_templates.path / BUREAU, tmp_path / "home")
    return tmp_path / "home"


def examine(home: Path, service: object, monkeypatch: pytest.MonkeyPatch) -> dict[str, health.Line]:
    @contextmanager
    def connect(*_arguments: object) -> Iterator[object]:
        if isinstance(service, Exception):
            raise service
        yield service

    monkeypatch.setattr(health, "dial", connect)
    key = service.log_key if isinstance(service, LogService) else LogService().log_key
    service_card.store(home, service_card.ServiceCard("127.0.0.1:1", ORIGIN, key, certificate(400)))
    return {line.check: line for line in health.examine(home, lambda: "secret", "1")}


def test_all_is_well(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = examine(home, Reachable(), monkeypatch)
    assert {line.level for line in lines.values() if line.check not in ("agreement", "calendar")} == {"OK"}
    assert lines["agreement"].level == "WARN"
    assert {"program", "backend", "keys", "calendar", "certificate", "clock", "log", "permissions"} <= set(lines)


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"party": "other"}, "identity"),
        ({"log_origin": "other.example/log"}, "log"),
        ({"time": (NOW - 3600) * 1000}, "clock"),
    ],
)
def test_a_service_that_is_not_what_was_expected(
    home: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], check: str
) -> None:
    assert examine(home, Reachable(**changes), monkeypatch)[check].level == "FAIL"


def test_an_unreachable_service_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = examine(home, UnreachableError("no answer", remedy="look at the network"), monkeypatch)
    assert (lines["service"].level, lines["service"].remedy) == ("FAIL", "look at the network")
    assert "agreement" in lines


def test_files_that_others_may_read_are_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "people" / "ann.key").chmod(0o644)
    line = examine(home, Reachable(), monkeypatch)["permissions"]
    assert line.level == "FAIL"
    assert "ann.key" in line.text


def test_the_command_says_it_and_leaves_with_1(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORDAT_PASSPHRASE", "wrong")
    result = CliRunner().invoke(client.build(), ["doctor", "--home", str(home), "--json"], obj=client.edge._nothing())
    assert result.exit_code == 1
    checks = {item["check"]: item for item in json.loads(result.output)["checks"]}
    assert checks["keys"]["level"] == "FAIL"
    assert checks["keys"]["remedy"]
