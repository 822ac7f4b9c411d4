"""An agency's directory: who it is, its keys, and where everything else lies.

HOME/party.json names the party; HOME/keys holds its sealed keys, HOME/people the operator keys; agreements, the vault,
the cache of record secrets, the spool, the exchange's journal and the last verified checkpoint lie beside them.
Opening is cheap: one key derivation, no network.
"""

from __future__ import annotations

import importlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from keys import passphrase as passphrases
from keys import people
from keys.agency import AgencyKeys
from keys.identity import IdentifiedKeys
from keys.signing import SigningKey
from matcher.agency.exchange import seen, service_card
from matcher.agency.exchange.journal import Journal
from matcher.protocol import bodies
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import InputError, StateError
from matcher.text.terminal import Invocation

if TYPE_CHECKING:
    from matcher.channel.client import Channel

PARTY_FILE = "party.json"
PARTY_FORMAT = "concordat-party-v1"
PEOPLE_DIRECTORY = "people"
AGREEMENTS_DIRECTORY = "agreements"


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who acts: the id, and the operator key that signs for it."""

    id: str
    key: SigningKey


def party_of(path: Path) -> tuple[str, bool]:
    """(party id, is an auditor) of the home at ``path``. Raises StateError (there is none), InputError (damaged)."""
    file = path / PARTY_FILE
    if not file.is_file():
        raise StateError(
            "there is no home here", remedy="Give --home DIR, or make one: `concordat init --party ID --home DIR`."
        )
    try:
        value = json.loads(file.read_bytes())
        if value["format"] != PARTY_FORMAT:
            raise InputError(f"party.json: format {value['format']!r} is not known")
        return str(value["party"]), bool(value["auditor"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            "party.json is damaged", remedy="Restore it from a backup; the keys are not affected."
        ) from error


class AgencyHome:
    """One agency's home, opened. Holds secrets: do not print, pickle or pass on more than is needed."""

    def __init__(self, path: Path, party: str, keys: AgencyKeys) -> None:
        self.path = path
        self.party = party
        self.keys = keys

    @classmethod
    def open(cls, path: Path, passphrase: str) -> AgencyHome:
        """Open the home at ``path``. Raises StateError (no home), KeyFileError (passphrase, permissions, damage)."""
        party, auditor = party_of(path)
        if auditor:
            raise StateError(
                f"{party} is an auditor: this command is for data parties", remedy="Use `concordat audit`."
            )
        return cls(path, party, AgencyKeys.open(path / "keys", passphrase))

    @classmethod
    def of(cls, invocation: Invocation) -> AgencyHome:
        """Open the home a command was given, asking for the passphrase where neither file nor environment has it.

        gRPC, which most commands talk through afterwards, loads while the key derivation keeps another core busy.
        """
        party_of(invocation.home)
        passphrase = passphrases.of_party(invocation.passphrase_file)
        with ThreadPoolExecutor(1) as beside:
            opened = beside.submit(cls.open, invocation.home, passphrase)
            importlib.import_module("matcher.channel.dialling")
            return opened.result()

    def __repr__(self) -> str:
        return f"AgencyHome({self.party!r})"

    @property
    def vault_path(self) -> Path:
        """The agency's own rows."""
        return self.path / "vault.db"

    @property
    def secrets_path(self) -> Path:
        """The encrypted cache of record secrets."""
        return self.path / "secrets.db"

    @property
    def spool_path(self) -> Path:
        """Blinded rows on their way to the service."""
        return self.path / "spool"

    @property
    def agreements_path(self) -> Path:
        """Agreements by digest."""
        return self.path / AGREEMENTS_DIRECTORY

    @cached_property
    def journal(self) -> Journal:
        """The exchange's durable state."""
        return Journal(self.path / "exchange.db")

    @cached_property
    def service(self) -> service_card.ServiceCard:
        """The service this home talks to. Raises StateError when none was added."""
        return service_card.load(self.path)

    def channel(self) -> Channel:
        """A new connection to the service. Raises StateError as ``dial`` does."""
        return dial(self.path, self.service, self.keys, self.party, self.now())

    def agreement(self, flow: str | None = None, digest: bytes | None = None) -> Agreement:
        """The agreement in force that is stored here: the one of ``digest``, or the newest one, which has ``flow``.

        Raises AgreementError when there is none, or it is not fully signed, or its term does not include now.
        """
        from matcher.agency.agreements import known  # signatures.py signs through this module's home

        return known.in_force(self, flow=flow, digest=digest)

    def person(self, invocation: Invocation) -> Person:
        """The person a command was given with --person. Raises InputError (none named), KeyFileError."""
        if not invocation.person:
            raise InputError("this act needs a person", remedy="Say who acts: --person ID.")
        if not bodies.is_id(invocation.person):
            raise InputError("--person: an id is lower-case letters, digits, dot and hyphen")
        path = self.path / PEOPLE_DIRECTORY / f"{invocation.person}.key"
        secret = passphrases.of_person(invocation.person, invocation.person_passphrase_file)
        return Person(invocation.person, people.open_person(path, invocation.person, secret))

    def now(self) -> int:
        """Seconds since 1970."""
        return int(time.time())


def dial(path: Path, service: service_card.ServiceCard, keys: IdentifiedKeys, party: str, now: int) -> Channel:
    """A connection to the service of the home at ``path``; see matcher/channel/dialling.py. Raises StateError."""
    from matcher.channel import dialling  # loads gRPC: see AgencyHome.of

    return dialling.dial(service, keys, party, now, lambda: seen.last(path, service.origin))
