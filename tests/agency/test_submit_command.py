"""`concordat submit`: what it prints, where rejects go, and with which status it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from matcher.agency.commands import submit
from matcher.agency.home import AgencyHome
from matcher.agency.submit.flow import RowsRejectedError
from matcher.protocol.errors import InputError
from matcher.text.terminal import Invocation
from tests.agency.submission_world import ANSWERING, FLOW, PERIOD, World

Make = Callable[..., World]
ACCOUNTS = "账号,开户单位\n62220001,大兴建筑有限公司\n1E+15,别的公司\n"


def run(world: World, monkeypatch: pytest.MonkeyPatch, *arguments: str, as_json: bool = True) -> Result:
    home = world.homes[ANSWERING]
    monkeypatch.setattr(AgencyHome, "of", lambda _invocation: home)
    group = click.Group()
    submit.register(group)
    invocation = Invocation(home.path, as_json, None, "", None)
    words = ["submit", "--flow", FLOW, "--period", PERIOD, *arguments]
    return CliRunner().invoke(group, words, obj=invocation)


def test_the_result_is_one_json_object(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    path = world.file("accounts.csv", ACCOUNTS)
    result = run(world, monkeypatch, str(path))
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert set(found) == {
        "rows", "records", "accepted", "rejected", "reasons", "duplicates", "warnings", "sent", "deleted", "evaluated",
        "sequence", "log_index", "rejects_file", "seconds", "files", "local_rules",
    }  # fmt: skip
    assert found["reasons"] == {"excel-float": 1}
    assert found["rejects_file"] == str(path.with_suffix(".rejects.csv"))
    assert path.with_suffix(".rejects.csv").exists()


def test_strict_sends_nothing_when_a_row_is_rejected(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    rejects = world.path / "elsewhere.csv"
    path = world.file("accounts.csv", ACCOUNTS)
    result = run(world, monkeypatch, "--strict", "--rejects", str(rejects), str(path))
    assert isinstance(result.exception, RowsRejectedError)
    assert result.exception.exit_status == 8
    assert str(rejects) in result.exception.remedy
    assert not world.service.sealed
    assert rejects.exists()
    clean = world.file("accounts.csv", ACCOUNTS.replace("1E+15", "62220009"))
    assert run(world, monkeypatch, "--strict", "--rejects", str(rejects), str(clean)).exit_code == 0
    assert not rejects.exists()


def test_the_summary_is_for_people_and_without_content(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    path = world.file("accounts.csv", ACCOUNTS)
    result = run(world, monkeypatch, str(path), as_json=False)
    assert result.exit_code == 0
    assert "2 rows read" in result.output
    for value in ("62220001", "1E+15", "公司"):
        assert value not in result.output


def test_an_input_is_never_overwritten_by_rejects(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    path = world.file("accounts.csv", ACCOUNTS)
    result = run(world, monkeypatch, "--rejects", str(path), str(path))
    assert isinstance(result.exception, InputError)
    assert path.read_text(encoding="utf-8") == ACCOUNTS


def test_a_rejects_file_that_cannot_be_written_is_named(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    path = world.file("accounts.csv", ACCOUNTS)
    result = run(world, monkeypatch, "--rejects", str(Path(world.path) / "nowhere" / "x.csv"), str(path))
    assert isinstance(result.exception, InputError)
    assert "--rejects" in result.exception.remedy
