"""Who takes part in the demonstration: four homes, their passphrase files, the people who act.

Each home and each person has a random passphrase of its own, in a file only its owner may read.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

SERVICE = "service"
BUREAU = "labour-bureau"
REGULATOR = "bank-regulator"
AUDITOR = "audit-office"
# Who does what, as the example's agreement has it.
BUREAU_CLERK = "zhang.min"
BUREAU_HEAD = "li.wei"
REGULATOR_CLERK = "wang.fang"
REGULATOR_HEAD = "chen.jie"
AUDITOR_CLERK = "zhao.lei"
_PEOPLE = {
    SERVICE: (),
    BUREAU: (BUREAU_CLERK, BUREAU_HEAD),
    REGULATOR: (REGULATOR_CLERK, REGULATOR_HEAD),
    AUDITOR: (AUDITOR_CLERK,),
}


@dataclass(frozen=True, slots=True)
class Party:
    """One home. ``people`` maps a person's id to the file with that person's passphrase."""

    id: str
    home: Path
    passphrase_file: Path
    people: Mapping[str, Path]

    @property
    def card(self) -> Path:
        """The public card, as the party hands it over."""
        return self.home / "card.json"

    @property
    def witness(self) -> Path:
        """The verifier key of an auditor's witness, as it hands it over."""
        return self.home / "witness.vkey"

    def options(self) -> tuple[str | Path, ...]:
        """Options of a command that the party gives."""
        return "--home", self.home, "--passphrase-file", self.passphrase_file

    def acting(self, person: str) -> tuple[str | Path, ...]:
        """Options of a command that ``person`` gives."""
        return *self.options(), *self.as_person(person)

    def as_person(self, person: str) -> tuple[str | Path, ...]:
        """Options that say who acts."""
        return "--person", person, "--person-passphrase-file", self.people[person]


@dataclass(frozen=True, slots=True)
class Parties:
    """All four."""

    service: Party
    bureau: Party
    regulator: Party
    auditor: Party

    def __iter__(self) -> Iterator[Party]:
        """Those with a card: everybody but the service."""
        return iter((self.bureau, self.regulator, self.auditor))


def make_parties(out: Path) -> Parties:
    """Choose homes and write passphrase files under ``out``."""
    directory = out / "passphrases"
    directory.mkdir(mode=0o700)
    made = []
    for party, people in _PEOPLE.items():
        files = {person: _passphrase_file(directory / f"{party}.{person}") for person in people}
        made.append(Party(party, out / "homes" / party, _passphrase_file(directory / party), files))
    return Parties(*made)


def _passphrase_file(path: Path) -> Path:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(secrets.token_urlsafe(24) + "\n")
    return path
