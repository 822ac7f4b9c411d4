"""Writes docs/commands.md from the command trees: ``python docs/write_commands.py``. A test compares."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

os.environ["CONCORDAT_LANG"] = "en"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import click

import client
import server

TARGET = Path(__file__).resolve().parent / "commands.md"
HEAD = """# Commands

Written from the programs by `python docs/write_commands.py`; a test fails when it is out of date. Exit codes and error
codes: [operations.md](operations.md), [errors.md](errors.md).

Every command also takes these, before or after its name:

| option | meaning |
|---|---|
"""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _spelling(option: click.Option) -> str:
    names = ", ".join(option.opts + option.secondary_opts)
    if option.is_flag:
        return names
    return f"{names} {option.make_metavar(click.Context(click.Command('none')))}"


def _options(command: click.Command) -> Iterator[click.Option]:
    """The command's own options: the shared ones hand no value to the command, they change what it is given."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden and parameter.expose_value:
            yield parameter


def _notes(option: click.Option) -> str:
    notes = [option.help or ""]
    if option.required:
        notes.append("Required.")
    if option.multiple:
        notes.append("May be repeated.")
    if option.show_default and option.default is not None:
        notes.append(f"Default: {option.default}.")
    return _cell(" ".join(notes))


def _describe(command: click.Command, path: str) -> Iterator[str]:
    arguments = [
        parameter.make_metavar(click.Context(command))
        for parameter in command.params
        if isinstance(parameter, click.Argument)
    ]
    yield f"\n### `{' '.join([path, *arguments])}`\n\n{_cell(command.help or '')}\n"
    options = list(_options(command))
    if options:
        yield "\n| option | meaning |\n|---|---|\n"
        for option in options:
            yield f"| `{_cell(_spelling(option))}` | {_notes(option)} |\n"


def leaves(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """(full name, command) of every command that does something, in the order of the tree."""
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from leaves(below, f"{path} {name}")
    else:
        yield path, command


def text() -> str:
    """The whole page."""
    agency, service = client.build_all(), server.build()
    parts = [HEAD]
    for option in agency.params:
        if isinstance(option, click.Option) and not option.expose_value and option.opts[0] != "--version":
            parts.append(f"| `{_cell(_spelling(option))}` | {_notes(option)} |\n")
    for title, group, name in (
        ("Agencies and auditors: `concordat`", agency, "concordat"),
        ("The service: `concordat-server`", service, "concordat-server"),
    ):
        parts.append(f"\n## {title}\n")
        for path, command in leaves(group, name):
            parts.extend(_describe(command, path))
    return "".join(parts)


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
