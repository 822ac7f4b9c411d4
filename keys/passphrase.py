"""Where a passphrase comes from: a file, else the environment, else a prompt, which asks twice when keys are made.

A file must be its owner's alone (0600); one line break at its end does not count. An environment variable is for
service managers that keep it from other users. An empty passphrase is refused whatever its source.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable
from pathlib import Path

from keys import files
from keys.errors import DamagedKeyError, NoPassphraseError

PARTY_VARIABLE = "CONCORDAT_PASSPHRASE"
PERSON_VARIABLE = "CONCORDAT_PERSON_PASSPHRASE"
Ask = Callable[[str], str]


def of_party(file: Path | None, *, ask: Ask | None = None) -> str:
    """The passphrase of a party's or the service's keys. ``ask`` replaces the terminal's prompt.

    Raises NoPassphraseError (empty, or no source), MissingKeyError and PermissionsError for the file.
    """
    return _given(file, PARTY_VARIABLE) or _ask_once("Passphrase", ask)


def of_person(person: str, file: Path | None, *, ask: Ask | None = None) -> str:
    """The passphrase of a person's operator key. Raises as ``of_party`` does."""
    return _given(file, PERSON_VARIABLE) or _ask_once(f"Passphrase of {person}", ask)


def new_of_party(file: Path | None, *, ask: Ask | None = None) -> str:
    """The passphrase for keys about to be made; a prompt asks twice. Raises as ``of_party`` does."""
    return _given(file, PARTY_VARIABLE) or _ask_twice("New passphrase", ask)


def replacement(file: Path | None, *, ask: Ask | None = None) -> str:
    """The passphrase that takes the place of the present one: from a file, else a prompt that asks twice.

    Never from the environment, which holds the present one. Raises as ``of_party`` does.
    """
    return _from_file(file) if file is not None else _ask_twice("New passphrase", ask)


def new_of_person(person: str, file: Path | None, *, ask: Ask | None = None) -> str:
    """The passphrase for an operator key about to be made; a prompt asks twice. Raises as ``of_party`` does."""
    return _given(file, PERSON_VARIABLE) or _ask_twice(f"New passphrase of {person}", ask)


def _given(file: Path | None, variable: str) -> str:
    """What the file or the environment gives, or "" when there is neither."""
    if file is not None:
        return _from_file(file)
    value = os.environ.get(variable)
    if value is None:
        return ""
    if not value:
        raise NoPassphraseError(f"{variable} is empty", remedy=f"Set {variable}, or unset it to be asked.")
    return value


def _from_file(file: Path) -> str:
    try:
        value = files.read(file).decode()
    except UnicodeDecodeError:
        raise DamagedKeyError(f"{file} is not UTF-8 text", remedy="Write the passphrase as UTF-8.") from None
    value = value.removesuffix("\n").removesuffix("\r")
    if not value:
        raise NoPassphraseError(f"{file} is empty", remedy="Write the passphrase into it, on one line.")
    return value


def _ask_once(prompt: str, ask: Ask | None) -> str:
    value = (ask or _terminal())(f"{prompt}: ")
    if not value:
        raise NoPassphraseError("an empty passphrase protects nothing", remedy="Type the passphrase.")
    return value


def _ask_twice(prompt: str, ask: Ask | None) -> str:
    ask = ask or _terminal()
    value = _ask_once(prompt, ask)
    if ask(f"{prompt}, again: ") != value:
        raise NoPassphraseError("the two passphrases differ", remedy="Try again; nothing was created.")
    return value


def _terminal() -> Ask:
    if not sys.stdin.isatty():
        raise NoPassphraseError(
            "no passphrase was given, and there is no terminal to ask at",
            remedy="Give --passphrase-file FILE (mode 0600), or set the environment variable (docs/keys.md).",
        )
    return getpass.getpass
