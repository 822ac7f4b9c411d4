"""``concordat doctor``: what works here and what does not, one line each, with the remedy."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

import click

from keys import passphrase as passphrases
from matcher.agency import health
from matcher.text import _, error_text
from matcher.text.terminal import Invocation, emit

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"OK": "green", "WARN": "yellow", "FAIL": "bold red"}
_FAILED_EXIT_STATUS = 1


def register(group: click.Group) -> None:
    """Add the command to ``group``."""
    group.add_command(doctor)


@click.command(help=_("Check versions, backend, keys, certificates, clock, reachability and agreements."))
@click.pass_obj
def doctor(invocation: Invocation) -> None:
    """Check everything; the exit status is 1 when a check fails."""
    lines = list(
        health.examine(
            invocation.home, lambda: passphrases.of_party(invocation.passphrase_file), metadata.version("concordat")
        )
    )
    result = {
        "healthy": all(line.level != "FAIL" for line in lines),
        "checks": [
            {"check": line.check, "level": line.level, "text": line.text, "remedy": line.remedy} for line in lines
        ],
    }

    def show(console: Console) -> None:
        for line in lines:
            console.print(f"[{_STYLES[line.level]}]{line.level:4}[/] ", end="")
            console.print(f"{_(line.check)}: {error_text(line.text)}", markup=False, soft_wrap=True)
            if line.remedy:
                console.print(f"     {_('What to do')}: {error_text(line.remedy)}", markup=False, soft_wrap=True)

    emit(invocation, result, show)
    if not result["healthy"]:
        raise click.exceptions.Exit(_FAILED_EXIT_STATUS)
