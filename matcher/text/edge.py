"""The edge between a command and a person: shared options at every level, errors as messages, exit codes.

Options such as ``--json`` may stand before or after the command's name. No error reaches the terminal as a
traceback; CONCORDAT_DEBUG=1 shows it to a developer.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from matcher.protocol.errors import ConcordatError
from matcher.text import LANGUAGES, _, error_text
from matcher.text.disk import trouble
from matcher.text.terminal import Invocation, fail

INTERRUPTED = 130
KEYS_EXIT_STATUS = 4
USAGE_EXIT_STATUS = 2
DISK_EXIT_STATUS = 9


def _update(field: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if value is None or value is False:
            return
        current = context.obj if isinstance(context.obj, Invocation) else _nothing()
        context.obj = replace(current, **{field: value})

    return callback


def _nothing() -> Invocation:
    return Invocation(Path(), as_json=False, passphrase_file=None, person="", person_passphrase_file=None)


def _shared(*, people: bool) -> list[click.Option]:
    path = click.Path(path_type=Path)
    options = [
        click.Option(
            ["--home"], type=path, envvar="CONCORDAT_HOME", expose_value=False, callback=_update("home"),
            help=_("This party's directory (or CONCORDAT_HOME)."),
        ),
        click.Option(
            ["--json", "as_json"], is_flag=True, expose_value=False, callback=_update("as_json"),
            help=_("Print one JSON object instead of text."),
        ),
        click.Option(
            ["--passphrase-file"], type=path, envvar="CONCORDAT_PASSPHRASE_FILE", expose_value=False,
            callback=_update("passphrase_file"),
            help=_("File with the passphrase of this party's keys (or CONCORDAT_PASSPHRASE, or a prompt)."),
        ),
        click.Option(
            ["--lang"], type=click.Choice(LANGUAGES), expose_value=False,
            help=_("Language of messages."),
        ),
    ]  # fmt: skip
    if people:
        options += [
            click.Option(
                ["--person"], envvar="CONCORDAT_PERSON", expose_value=False, callback=_update("person"),
                help=_("Who acts: the id of a person of this party."),
            ),
            click.Option(
                ["--person-passphrase-file"], type=path, envvar="CONCORDAT_PERSON_PASSPHRASE_FILE",
                expose_value=False, callback=_update("person_passphrase_file"),
                help=_("File with that person's passphrase (or CONCORDAT_PERSON_PASSPHRASE, or a prompt)."),
            ),
        ]  # fmt: skip
    return options


def share_options(command: click.Command, *, people: bool) -> None:
    """Give ``command`` and everything below it the shared options, unless it has its own of that name."""
    taken = {name for parameter in command.params for name in parameter.opts}
    command.params.extend(option for option in _shared(people=people) if not taken & set(option.opts))
    if isinstance(command, click.Group):
        for below in command.commands.values():
            share_options(below, people=people)


def run(group: click.Group, arguments: Sequence[str], key_errors: type[Exception]) -> int:
    """Run ``group`` and return the process's exit status; see docs/operations.md for the list."""
    as_json = "--json" in arguments
    try:
        try:
            status = group.main(args=list(arguments), standalone_mode=False, obj=_nothing())
        except click.exceptions.Exit as leaving:
            return leaving.exit_code
        except click.UsageError as error:
            if as_json:
                fail("usage", error.format_message(), "", USAGE_EXIT_STATUS, as_json=True)
            error.show()
            return USAGE_EXIT_STATUS
        except click.ClickException as error:
            fail("input", error.format_message(), "", USAGE_EXIT_STATUS, as_json=as_json)
        except (click.Abort, KeyboardInterrupt):
            return INTERRUPTED
        except ConcordatError as error:
            _debug()
            fail(error.code, error_text(str(error)), error_text(error.remedy), error.exit_status, as_json=as_json)
        except key_errors as error:
            _debug()
            code, remedy = getattr(error, "code", "keys"), getattr(error, "remedy", "")
            fail(code, error_text(str(error)), error_text(remedy), KEYS_EXIT_STATUS, as_json=as_json)
        except Exception as error:  # the one place where nothing may escape
            _debug()
            if (named := trouble(error)) is not None:
                fail(named.code, _(named.message), _(named.remedy), DISK_EXIT_STATUS, as_json=as_json)
            kind = type(error).__name__
            remedy = _("Run again with CONCORDAT_DEBUG=1 and report what it shows; it may contain file names.")
            fail("unexpected", _("an unexpected error: {kind}", kind=kind), remedy, 1, as_json=as_json)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    return status if isinstance(status, int) else 0


def _debug() -> None:
    if os.environ.get("CONCORDAT_DEBUG"):
        traceback.print_exc(file=sys.stderr)
