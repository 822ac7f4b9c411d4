"""An auditor's directory: who it is, its keys, the service it reads from, and the last checkpoint it verified.

    HOME/party.json     the party's id
    HOME/keys/          signing root, TLS identity
    HOME/service.json   the service: address, origin, log key, certificate
    HOME/mirror.db      the auditor's own copy of the log: every leaf that was verified
    HOME/checkpoints/   the last verified checkpoint of each log, named by the log's key id
    HOME/evidence/      checkpoints that contradict each other

``concordat init --auditor`` makes it and ``concordat service add`` adds the service. An auditor trusts the log key in
service.json, handed over by hand; check 12 demands that every agreement names the same one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from keys import files
from keys import passphrase as passphrases
from keys.auditor import AuditorKeys
from keys.expiry import expiry
from matcher.auditor.mirror.store import MIRROR_FILE, MirrorStore
from matcher.channel.client import Channel
from matcher.channel.dialling import dial
from matcher.protocol import checkpoint, note
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import InputError, StateError
from matcher.text import _
from matcher.text.terminal import Invocation

_RENEW = "Run `concordat card --renew-tls --out FILE` and have the service admit the new card."
_NEW_FILE = "Ask the service's operator for its new service.json and run `concordat service add FILE`."
PARTY_FILE = "party.json"
PARTY_FORMAT = "concordat-party-v1"
SERVICE_FILE = "service.json"
KEYS_DIRECTORY = "keys"
CHECKPOINTS_DIRECTORY = "checkpoints"
EVIDENCE_DIRECTORY = "evidence"


@dataclass(frozen=True, slots=True)
class Service:
    """What service.json says. ``log_key`` is a C2SP verifier key, ``tls_certificate`` PEM."""

    address: str
    origin: str
    log_key: str
    tls_certificate: str


class AuditorHome:
    """One auditor's home. Reading an exported log needs no key, so the passphrase is asked for only when dialling."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def of(cls, invocation: Invocation) -> AuditorHome:
        """The home a command was given. Raises StateError (none there, or an agency's), InputError (damaged)."""
        record = _read(invocation.home / PARTY_FILE, "Give --home DIR, or make one: `concordat init --auditor`.")
        if record.get("format") != PARTY_FORMAT or not isinstance(record.get("party"), str):
            raise InputError("party.json is damaged", remedy="Restore it from a backup; the keys are not affected.")
        if record.get("auditor") is not True:
            raise StateError(
                f"{record['party']} is no auditor: only an auditor reads the whole log",
                remedy="Make an auditor's home: `concordat init --auditor`.",
            )
        return cls(invocation.home)

    @property
    def service(self) -> Service:
        """The service this home reads from. Raises StateError when none was added, InputError when damaged."""
        record = _read(self.path / SERVICE_FILE, "Run `concordat service add FILE` with the operator's service.json.")
        names = ("address", "origin", "log_key", "tls_certificate")
        if not all(isinstance(record.get(name), str) for name in names):
            raise InputError("service.json is damaged", remedy="Run `concordat service add FILE` again.")
        return Service(*(record[name] for name in names))

    @property
    def party(self) -> str:
        """This auditor's id."""
        return str(_read(self.path / PARTY_FILE, "Make a home: `concordat init --auditor`.")["party"])

    def keys(self, invocation: Invocation) -> AuditorKeys:
        """The auditor's keys, opened. Raises KeyFileError (passphrase, permissions, damage)."""
        return AuditorKeys.open(self.path / KEYS_DIRECTORY, passphrases.of_party(invocation.passphrase_file))

    def mirror(self) -> MirrorStore:
        """This auditor's own copy of the service's log. Raises StateError when it is of another log."""
        return MirrorStore(self.path / MIRROR_FILE, self.service.log_key)

    def channel(
        self, invocation: Invocation, opened: AuditorKeys | None = None, shown: Callable[[], str] | None = None
    ) -> Channel:
        """A new connection to the service, as dialling.py opens it; a certificate near its end is said on standard
        error. ``shown`` gives the newest checkpoint held, unless it is the last one verified here. Raises StateError
        (``certificate-expired``), KeyFileError (passphrase, permissions)."""
        service = self.service
        keys = opened or self.keys(invocation)
        last = shown or partial(self._last_note, service.log_key)
        channel = dial(service, keys, self.party, int(time.time()), last, reads_ended=True)
        if not invocation.as_json:
            _warn_of_expiry(self.party, keys.tls_certificate_pem, _RENEW)
            _warn_of_expiry("the service", service.tls_certificate, _NEW_FILE)
        return channel

    def _last_note(self, log_key: str) -> str:
        path = self._checkpoint_path(log_key)
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def last_seen(self, log_key: str) -> Checkpoint | None:
        """The last checkpoint of this log that was verified here. Raises VerificationError when it is damaged."""
        signed = self._last_note(log_key)
        return checkpoint.verify(signed, log_key) if signed else None

    def keep_seen(self, log_key: str, signed: str) -> None:
        """Keep ``signed`` as the last verified checkpoint of this log; whole or not at all."""
        path = self._checkpoint_path(log_key)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        files.write(path, signed.encode(), replace=True)

    def _checkpoint_path(self, log_key: str) -> Path:
        # A log that was ended is followed by one with another origin and key; both keep their own line.
        return self.path / CHECKPOINTS_DIRECTORY / f"{note.parse_verifier_key(log_key).key_id.hex()}.note"

    def keep_evidence(self, log_key: str, signed: str) -> Path:
        """Keep the last verified checkpoint and the one that contradicts it; returns the directory."""
        directory = self.path / EVIDENCE_DIRECTORY
        directory.mkdir(mode=0o700, exist_ok=True)
        number = len(list(directory.glob("*-seen.note"))) + 1
        seen = self._checkpoint_path(log_key)
        if seen.is_file():
            files.write(directory / f"{number:04d}-seen.note", seen.read_bytes(), replace=True)
        files.write(directory / f"{number:04d}-shown.note", signed.encode(), replace=True)
        return directory


def _warn_of_expiry(who: str, certificate: str, remedy: str) -> None:
    left = expiry(certificate, int(time.time()))
    if left.limit:
        text = _("The TLS certificate of {who} is good for {n} more days.", who=_(who), n=left.days)
        click.echo(f"{text} {_(remedy)}", err=True)


def _read(path: Path, remedy: str) -> dict[str, Any]:
    if not path.is_file():
        raise StateError(f"{path.name} is missing in this home", remedy=remedy)
    try:
        value = json.loads(path.read_bytes())
    except ValueError as error:
        raise InputError(f"{path.name} is damaged", remedy="Restore it from a backup.") from error
    if not isinstance(value, dict):
        raise InputError(f"{path.name} is damaged", remedy="Restore it from a backup.")
    return value
