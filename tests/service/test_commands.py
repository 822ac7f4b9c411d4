"""The operator's commands, in processes of their own: init, admit while serving, status, purge, and their refusals."""

from __future__ import annotations

import json
import os
import shutil
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import server
from keys.errors import KeyFileError
from keys.service import ServiceKeys
from matcher.protocol import canonical, messages
from matcher.text import edge
from tests.service.party import Party
from tests.service.process import PASSPHRASE, Serving
from tests.service.process import command as command_elsewhere
from tests.service.world import Template


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


class Operator:
    """Runs commands in this process, as the console script does."""

    def __init__(self, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch) -> None:
        self._capture = capture
        self._patch = patch

    def command(self, home: Path, *arguments: str, passphrase: str = PASSPHRASE) -> Done:
        self._patch.setenv("CONCORDAT_PASSPHRASE", passphrase)
        self._capture.readouterr()
        status = edge.run(server.build(), [*arguments, "--home", str(home)], KeyFileError)
        output, errors = self._capture.readouterr()
        return Done(status, output, " ".join(errors.split()))

    def run(self, home: Path, *arguments: str) -> Any:
        done = self.command(home, *arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture
def operator(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Operator:
    return Operator(capsys, monkeypatch)


@pytest.fixture
def home(tmp_path: Path, template: Template) -> Path:
    shutil.copytree(template.path, tmp_path / "service")
    return tmp_path / "service"


@pytest.fixture
def serving(home: Path) -> Iterator[Serving]:
    process = Serving(home)
    yield process
    process.stop()


def test_backup_and_restore(home: Path, tmp_path: Path, serving: Serving, operator: Operator) -> None:
    made = operator.run(home, "backup", str(tmp_path / "backup"))
    assert (made["origin"], made["entries"]) == ("log.example/test", 0)
    restored = operator.run(tmp_path / "other", "restore", str(tmp_path / "backup"))
    assert restored["entries"] == 0
    status = operator.run(tmp_path / "other", "status")
    assert (status["log_size"], status["certificate_days"] > 300) == (0, True)
    done = operator.command(home, "restore", str(tmp_path / "backup"))
    assert done.returncode == 5
    assert "already holds a service" in done.stderr


def test_the_certificate_is_renewed_while_nothing_is_served(home: Path, operator: Operator) -> None:
    before = json.loads((home / "service.json").read_text())
    operator.run(home, "renew-tls")
    after = json.loads((home / "service.json").read_text())
    assert before["tls_certificate"] != after["tls_certificate"]
    assert {**before, "tls_certificate": ""} == {**after, "tls_certificate": ""}
    serving = Serving(home)
    try:
        done = operator.command(home, "renew-tls")
        assert done.returncode == 5
        assert "another process serves" in done.stderr
    finally:
        serving.stop()
    assert json.loads((home / "service.json").read_text())["tls_certificate"] == after["tls_certificate"]


def test_the_passphrase_is_changed(home: Path, tmp_path: Path, operator: Operator) -> None:
    file = tmp_path / "new"
    file.write_text("another passphrase")
    file.chmod(0o600)
    operator.run(home, "keys", "passphrase", "--new-passphrase-file", str(file))
    assert operator.command(home, "renew-tls").returncode == 4
    assert operator.command(home, "renew-tls", passphrase="another passphrase").returncode == 0


def test_the_end_of_the_certificate_is_said(home: Path) -> None:
    def renew(days: int) -> None:
        ServiceKeys.open(home / "keys", PASSPHRASE).renew_tls("service", int(time.time()) + days * 86400 + 3600)

    renew(-395)
    Serving(home).stop()
    assert "good for 5 more days" in " ".join((home / "serve.log").read_text().split())
    renew(-401)
    with pytest.raises(RuntimeError, match="certificate-expired"):
        Serving(home)


def card_file(path: Path, party: Party) -> Path:
    card = path / f"{party.id}.json"
    card.write_bytes(canonical.encode(messages.to_json(party.card())))
    return card


def now() -> int:
    return int(time.time())


def test_init_makes_a_service_once(operator: Operator, tmp_path: Path) -> None:
    home = tmp_path / "new"
    made = operator.run(home, "init", "--origin", "log.example/new")
    public = json.loads((home / "service.json").read_text())
    assert (public["origin"], public["log_key"]) == ("log.example/new", made["log_key"])
    assert set(public) == {"address", "origin", "log_key", "tls_certificate"}
    for path in home.rglob("*"):
        open_to_others = path.stat().st_mode & 0o077
        assert not open_to_others or path.name == "service.json"
    again = operator.command(home, "init", "--origin", "log.example/new")
    assert again.returncode == 5
    assert "already holds a service" in again.stderr


def test_a_party_is_admitted_while_serving(operator: Operator, home: Path, serving: Serving, tmp_path: Path) -> None:
    party = Party("bureau", now)
    admitted = operator.run(home, "admit", str(card_file(tmp_path, party)))
    assert admitted == {"party": "bureau", "serial": 1, "root": canonical.b64(party.root.public)}
    public = json.loads((home / "service.json").read_text())
    assert public["address"] == serving.address
    with party.channel(serving.address, public["tls_certificate"]) as channel:
        assert channel.hello("concordat-v1", "0.1.0").party == "bureau"
    status = operator.run(home, "status")
    assert (status["log_size"], status["parties"][0]["party"]) == (1, "bureau")
    assert "bureau" in operator.command(home, "status").stdout


def test_what_is_no_card_is_refused(operator: Operator, home: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    for content in (b"", b"{}", b"[1]", b"\xff\xfe", b'{"kind":"card"}'):
        bad.write_bytes(content)
        done = operator.command(home, "admit", str(bad))
        assert (done.returncode, "is no card" in done.stderr) == (3, True)
    assert operator.command(home, "admit", str(tmp_path / "missing.json")).returncode == 2


def test_a_wrong_passphrase_changes_nothing(operator: Operator, home: Path, tmp_path: Path) -> None:
    card = card_file(tmp_path, Party("bureau", now))
    before = (home / "control.db").read_bytes()
    done = operator.command(home, "admit", str(card), passphrase="wrong")
    assert (done.returncode, "passphrase" in done.stderr) == (4, True)
    assert (home / "control.db").read_bytes() == before


def test_one_process_serves_a_home(home: Path, serving: Serving) -> None:
    second = command_elsewhere(home, "serve", "--listen", "127.0.0.1:0")
    assert second.returncode == 5
    assert "another process serves" in second.stderr


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:0", "example.com:0"])
def test_the_network_is_opened_on_purpose_only(operator: Operator, home: Path, listen: str) -> None:
    done = operator.command(home, "serve", "--listen", listen)
    assert (done.returncode, "--allow-network" in done.stderr) == (2, True)


@pytest.mark.parametrize("listen", ["127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000"])
def test_an_address_needs_a_port(operator: Operator, home: Path, listen: str) -> None:
    assert operator.command(home, "serve", "--listen", listen).returncode == 2


def test_no_home_is_a_usage_error(operator: Operator, home: Path, tmp_path: Path) -> None:
    assert operator.command(tmp_path / "nothing", "status").returncode == 5
    assert operator.command(home, "purge").returncode == 2
    assert operator.command(home, "purge", "--due", "--early").returncode == 2


def test_purging_needs_a_period(operator: Operator, home: Path) -> None:
    assert operator.run(home, "purge", "--due") == {"purged": []}
    done = operator.command(home, "purge", "--agreement", "a", "--flow", "f", "--period", "2022-05")
    assert (done.returncode, "no period" in done.stderr) == (5, True)


def test_a_term_signal_stops_it_cleanly(home: Path) -> None:
    serving = Serving(home)
    assert serving.stop() == 0
    lines = [json.loads(line) for line in (home / "serve.log").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["serving", "stopped"]


def test_metrics_are_served_on_request(home: Path) -> None:
    port = 20_000 + os.getpid() % 20_000
    serving = Serving(home, "--metrics-port", str(port))
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert b"concordat_calls_running 0.0" in answer.read()
    finally:
        serving.stop()


def test_rows_are_exported_of_a_run_that_there_is(home: Path, tmp_path: Path, operator: Operator) -> None:
    done = operator.command(home, "segments", "export", "12", str(tmp_path / "rows"))
    assert (done.returncode, "named by its digest" in done.stderr) == (3, True)
    done = operator.command(home, "segments", "export", "ab" * 32, str(tmp_path / "rows"))
    assert done.returncode == 5
    assert not (tmp_path / "rows").exists()
