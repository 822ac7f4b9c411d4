"""``concordat keys passphrase``: the passphrase of an agency's or an auditor's key ring."""

from __future__ import annotations

from pathlib import Path

import click

from keys import passphrase as passphrases
from keys.ring import KeyRing
from matcher.agency.home import party_of
from matcher.text import _
from matcher.text.terminal import Invocation, emit

_FILE = click.Path(path_type=Path, dir_okay=False)


def register(group: click.Group) -> None:
    """Add the commands to ``group``."""
    keys = click.Group("keys", help=_("This party's key ring."))
    keys.add_command(change_passphrase)
    group.add_command(keys)


@click.command("passphrase", help=_("Seal the key ring under a new passphrase."))
@click.option("--new-passphrase-file", type=_FILE, help=_("File with the new passphrase; otherwise a prompt."))
@click.pass_obj
def change_passphrase(invocation: Invocation, new_passphrase_file: Path | None) -> None:
    """Change the passphrase. People's operator keys have their own."""
    party_of(invocation.home)
    path = invocation.home / "keys"
    ring = KeyRing.open(path, passphrases.of_party(invocation.passphrase_file))
    ring.change_passphrase(passphrases.replacement(new_passphrase_file))
    lines = [
        _("The keys are sealed under the new passphrase. Back them up again."),
        _("Start `concordat agent` and `concordat audit witness` again if they run here."),
    ]
    emit(invocation, {"keys": str(path)}, lambda console: console.print("\n".join(lines), markup=False))
