"""The runner of commands: results, failures that tell what to do, and no process left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from matcher.demo.processes import Processes, StepError


def _alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_failing_command_shows_itself_its_error_and_its_log(tmp_path: Path) -> None:
    with Processes(tmp_path, "en") as processes, pytest.raises(StepError) as caught:
        processes.run("client", "agreement", "check", str(tmp_path / "nothing"))
    text = str(caught.value)
    assert "concordat agreement check" in text
    assert "does not exist" in text
    log = next(tmp_path.glob("01-client-agreement-check.log"))
    assert str(log) in text
    assert caught.value.remedy


def test_output_without_a_json_object_is_an_error(tmp_path: Path) -> None:
    with Processes(tmp_path, "en") as processes, pytest.raises(StepError, match="no JSON object"):
        processes.run("client", "--help")


def test_environment_of_the_caller_does_not_reach_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORDAT_HOME", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("CONCORDAT_PASSPHRASE", "leaks")
    with Processes(tmp_path, "en") as processes:
        environment = processes._environment()
    assert [name for name in environment if name.startswith("CONCORDAT_")] == ["CONCORDAT_LANG"]


@pytest.fixture
def sleepers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command sleeps, far longer than a test lasts."""
    sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
    monkeypatch.setattr("matcher.demo.processes._program", lambda _module: sleep)


@pytest.mark.usefixtures("sleepers")
def test_background_processes_end_with_the_block(tmp_path: Path) -> None:
    started = []

    def interrupted() -> None:
        with Processes(tmp_path, "en") as processes:
            started.append(processes.start("sleeper", "client").process.pid)
            assert _alive(started[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not _alive(started[0])


def test_a_background_process_that_ends_early_is_noticed(tmp_path: Path) -> None:
    with Processes(tmp_path, "en") as processes:
        background = processes.start("server", "server", "serve", "--home", str(tmp_path / "nothing"))
        background.process.wait(60)
        with pytest.raises(StepError, match="ended early"):
            processes.wait_for_file(tmp_path / "ready", "the service")


@pytest.mark.usefixtures("sleepers")
def test_a_command_under_way_is_ended_and_none_starts_after(tmp_path: Path) -> None:
    with Processes(tmp_path, "en") as processes:
        timer = threading.Timer(0.3, processes.end_commands)
        timer.start()
        with pytest.raises(StepError, match="status -9"):
            processes.run("client", "sleep")
        with pytest.raises(StepError, match="ending"):
            processes.run("client", "sleep")


def test_termination_ends_the_whole_demonstration(tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "client", "demo", "--seed", "1", "--projects", "5", "--planted", "1"]
    command += ["--accounts", "50", "--out", str(out), "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    address = out / "service.address"
    for _turn in range(600):
        if address.is_file():
            break
        time.sleep(0.1)
    assert address.is_file()
    process.send_signal(signal.SIGTERM)
    output, _errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert output == b""
    left = [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(out).encode() in _read(path)]
    assert not left


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
