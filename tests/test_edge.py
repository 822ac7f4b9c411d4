"""The edge: options before and after a command, errors as messages with a remedy, exit statuses, no traceback."""

from __future__ import annotations

import io
import json
from pathlib import Path

import click
import pytest
from rich.console import Console

from matcher.protocol import errors
from matcher.text import edge, terminal
from matcher.text.terminal import Invocation, table


class KeyTrouble(Exception):
    """Stands for the keys' own error tree, which the edge knows only by class."""

    code = "wrong-passphrase"
    remedy = "Try again."


def build(action: object) -> click.Group:
    """A group with one command that calls ``action`` with the invocation."""
    group = click.Group("concordat")

    @group.command("act")
    @click.pass_obj
    def act(invocation: Invocation) -> None:
        action(invocation)  # type: ignore[operator]

    edge.share_options(group, people=True)
    return group


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "--home", "/h", "--person", "zhang.min", "act"],
        ["act", "--json", "--home", "/h", "--person", "zhang.min"],
        ["--home", "/other", "act", "--home", "/h", "--json", "--person=zhang.min"],
    ],
)
def test_shared_options_stand_anywhere(arguments: list[str]) -> None:
    seen: list[Invocation] = []
    assert edge.run(build(seen.append), arguments, KeyTrouble) == 0
    assert (seen[0].as_json, seen[0].home, seen[0].person) == (True, Path("/h"), "zhang.min")


def test_environment_gives_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORDAT_HOME", "/from-environment")
    seen: list[Invocation] = []
    assert edge.run(build(seen.append), ["act"], KeyTrouble) == 0
    assert seen[0].home == Path("/from-environment")


def raising(error: BaseException) -> object:
    """An action that raises ``error``."""

    def action(_invocation: Invocation) -> None:
        raise error

    return action


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.InputError("line 3, column account: too short", remedy="Correct it."), 3),
        (errors.DeniedError("no role"), 5),
        (errors.StateError("already sealed"), 5),
        (errors.UnreachableError("no answer"), 6),
        (errors.OverloadedError("busy", retry_seconds=1), 6),
        (errors.VerificationError("proof does not verify"), 7),
        (KeyTrouble("the passphrase is wrong"), 4),
        (ValueError("6222020200112233"), 1),
        (KeyboardInterrupt(), 130),
        (click.UsageError("no such thing"), 2),
    ],
)
def test_exit_statuses(error: BaseException, status: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert edge.run(build(raising(error)), ["act"], KeyTrouble) == status
    shown = capsys.readouterr()
    assert "Traceback" not in shown.err
    assert "6222020200112233" not in shown.err + shown.out
    assert shown.out == ""


def test_an_error_is_json_when_asked(capsys: pytest.CaptureFixture[str]) -> None:
    error = errors.QuotaError("200 rows are allowed", remedy="Wait.")
    assert edge.run(build(raising(error)), ["act", "--json"], KeyTrouble) == 5
    assert json.loads(capsys.readouterr().err) == {
        "error": {"code": "quota", "message": "200 rows are allowed", "remedy": "Wait."}
    }


def test_square_brackets_in_an_error_are_text(capsys: pytest.CaptureFixture[str]) -> None:
    edge.run(build(raising(errors.InputError("column [red]x[/]"))), ["act"], KeyTrouble)
    assert "[red]x[/]" in capsys.readouterr().err


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal.progress("rows", 10) as update:
        for done in range(10):
            update(done)
    assert capsys.readouterr().err == ""


def test_a_cell_is_text_whatever_brackets_it_holds() -> None:
    shown = io.StringIO()
    Console(file=shown, width=80).print(table("t", ("[bold]", "b"), [("某公司[/]（[red]）", 1_000)]))
    assert "某公司[/]（[red]）" in shown.getvalue()
    assert "[bold]" in shown.getvalue()
    assert "1,000" in shown.getvalue()
