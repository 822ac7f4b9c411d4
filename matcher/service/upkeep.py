"""The operator's commands for a service that lasts: backup, restore, renew-tls, keys passphrase."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import click

from keys import passphrase
from keys.ring import KeyRing
from keys.service import COMMON_NAME, ServiceKeys
from matcher.service import app
from matcher.service import backup as backups
from matcher.service.home import ServiceHome
from matcher.text import _
from matcher.text.terminal import Invocation, emit

_DIRECTORY = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


def register(group: click.Group) -> None:
    """Add the commands to ``group``."""
    keys = click.Group("keys", help=_("The service's key ring."))
    keys.add_command(change_passphrase)
    for command in (backup, restore, renew_tls, keys):
        group.add_command(command)


def home_of(invocation: Invocation) -> ServiceHome:
    """The home a command was given. Raises click.UsageError when there is none."""
    if invocation.home == Path():
        raise click.UsageError(_("Give the service's directory with --home (or CONCORDAT_HOME)."))
    return ServiceHome(invocation.home)


@click.command(help=_("Back up control data, log and sealed keys into a new directory. Works while the service runs."))
@click.argument("target", metavar="DIR", type=_DIRECTORY)
@click.pass_obj
def backup(invocation: Invocation, target: Path) -> None:
    """Back up; needs no passphrase."""
    home = home_of(invocation)
    home.require()
    made = backups.backup(home, target, app.system_clock)
    lines = [
        _("{n} log entries are in the backup {path}.", n=made.entries, path=target),
        _("Periods' keys are in no backup: on another disk, the periods that were begun can only be purged."),
    ]
    emit(
        invocation, {**asdict(made), "path": str(target)},
        lambda console: console.print("\n".join(lines), markup=False, soft_wrap=True),
    )  # fmt: skip


@click.command(help=_("Bring a backup into an empty home. A log restored to an older state is ended."))
@click.argument("source", metavar="DIR", type=_DIRECTORY)
@click.pass_obj
def restore(invocation: Invocation, source: Path) -> None:
    """Restore; needs no passphrase."""
    made = backups.restore(source, home_of(invocation))
    day = datetime.fromtimestamp(made.taken_at / 1000, UTC).isoformat(timespec="seconds")
    lines = [
        _("Restored the log {origin} with {n} entries, as of {day}.", origin=made.origin, n=made.entries, day=day),
        _("If anything was logged after that, this log is ended: the service says so as soon as somebody shows it."),
    ]
    emit(
        invocation, asdict(made), lambda console: console.print("\n".join(lines), markup=False, soft_wrap=True)
    )  # fmt: skip


@click.command("renew-tls", help=_("Make a new TLS identity and write it into service.json, while nothing is served."))
@click.pass_obj
def renew_tls(invocation: Invocation) -> None:
    """Renew the service's certificate."""
    home = home_of(invocation)
    home.require()
    keys = ServiceKeys.open(home.keys, passphrase.of_party(invocation.passphrase_file))
    with home.serving():
        keys.renew_tls(COMMON_NAME, app.system_clock() // 1000)
        home.write_public(replace(home.read_public(), tls_certificate=keys.tls_certificate_pem))
    text = _("The service has a new certificate. Hand this file to every party again: {path}", path=home.public_file)
    emit(
        invocation, {"file": str(home.public_file)},
        lambda console: console.print(text, markup=False, soft_wrap=True),
    )  # fmt: skip


@click.command("passphrase", help=_("Seal the key ring under a new passphrase."))
@click.option("--new-passphrase-file", type=_FILE, help=_("File with the new passphrase; otherwise a prompt."))
@click.pass_obj
def change_passphrase(invocation: Invocation, new_passphrase_file: Path | None) -> None:
    """Change the passphrase of the service's keys."""
    home = home_of(invocation)
    home.require()
    ring = KeyRing.open(home.keys, passphrase.of_party(invocation.passphrase_file))
    with home.serving():
        ring.change_passphrase(passphrase.replacement(new_passphrase_file))
    text = _("The keys are sealed under the new passphrase. Back them up again.")
    emit(invocation, {"keys": str(home.keys)}, lambda console: console.print(text, markup=False))
