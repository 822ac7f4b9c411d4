"""Making a home, and issuing the card that goes to the others.

A home is built aside and renamed, so a crash leaves none or a whole one; nothing is ever overwritten. The card is
issued anew, with a higher serial, only when something in it has changed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from keys import files, people
from keys.agency import AgencyKeys
from keys.auditor import AuditorKeys
from matcher.agency.exchange import cards
from matcher.agency.exchange.outbox import sign_message
from matcher.agency.home import PARTY_FILE, PARTY_FORMAT, PEOPLE_DIRECTORY, AgencyHome
from matcher.protocol import bodies, canonical, cosignature, messages
from matcher.protocol.errors import InputError, StateError
from matcher.protocol.messages import NO_AGREEMENT, SignedMessage

CARD_FILE = "card.json"
WITNESS_FILE = "witness.vkey"
_KEYS_DIRECTORY = "keys"


def create_home(
    path: Path, party: str, passphrase: str, persons: Mapping[str, str], *, auditor: bool, holder: bool, now: int
) -> SignedMessage:
    """Make the home of ``party`` at ``path`` with operator keys for ``persons`` (id to passphrase); returns the card.

    Raises InputError (malformed id), StateError (something is there already), KeyFileError (empty passphrase).
    """
    for name in (party, *persons):
        require_id(name)
    if auditor and holder:
        raise InputError("an auditor holds no evaluation key", remedy="Leave out --holder.")
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise StateError(f"{path} is not empty: nothing was overwritten", remedy="Choose another --home.")
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.new-"))
    try:
        card = _fill(aside, party, passphrase, persons, auditor=auditor, holder=holder, now=now)
        files.sync_directory(aside)
        aside.rename(path)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    files.sync_directory(path.parent)
    return card


def require_id(name: str) -> None:
    """Raise InputError unless ``name`` may be a party's or person's id."""
    if not bodies.is_id(name):
        raise InputError(f"{name!r} is no id: use lower-case letters, digits, dot and hyphen, at most 64")


def _fill(
    path: Path, party: str, passphrase: str, persons: Mapping[str, str], *, auditor: bool, holder: bool, now: int
) -> SignedMessage:  # fmt: skip
    record = {"format": PARTY_FORMAT, "party": party, "auditor": auditor}
    files.write(path / PARTY_FILE, json.dumps(record, indent=2).encode() + b"\n", replace=True)
    for person, secret in persons.items():
        people.create(path / PEOPLE_DIRECTORY / f"{person}.key", person, secret)
    if auditor:
        auditor_keys = AuditorKeys.create(path / _KEYS_DIRECTORY, passphrase, party, now=now)
        _write_witness(path, party, auditor_keys)
        return _auditor_card(path, party, auditor_keys)
    keys = AgencyKeys.create(path / _KEYS_DIRECTORY, passphrase, party, holder=holder, now=now)
    home = AgencyHome(path, party, keys)
    try:
        return issue_card(home)
    finally:
        home.journal.close()


def issue_card(home: AgencyHome) -> SignedMessage:
    """The card of an agency: the one issued before if nothing has changed, else a new one with a higher serial."""
    issued = issued_card(home.path)
    serial = issued.content()["serial"] if issued is not None else 0
    keys = home.keys
    body = cards.body_of(
        home.party, keys.root.public, keys.encryption.public, keys.tls_certificate_pem, _public_keys(home.path), serial
    )
    if issued is not None and canonical.encode(body) == issued.body:
        return issued
    card = sign_message(home, "card", NO_AGREEMENT, "", "", "", {**body, "serial": serial + 1}, 0)
    return _keep(home.path, card)


def _auditor_card(path: Path, party: str, keys: AuditorKeys) -> SignedMessage:
    """An auditor's card. Cards are all that an auditor's home signs here, so the serial is the sequence number."""
    issued = issued_card(path)
    serial = issued.content()["serial"] if issued is not None else 0
    body = cards.body_of(party, keys.root.public, b"", keys.tls_certificate_pem, _public_keys(path), serial)
    if issued is not None and canonical.encode(body) == issued.body:
        return issued
    body = {**body, "serial": serial + 1}
    bodies.check("card", body)
    header = ("card", NO_AGREEMENT, "", "", party, "", serial + 1, 0, canonical.encode(body))
    return _keep(path, SignedMessage(*header, keys.root.sign(messages.signed_bytes(*header))))


def issue_auditor_card(path: Path, party: str, passphrase: str, *, renew_tls: bool, now: int) -> SignedMessage:
    """The card of the auditor's home at ``path``, as ``issue_card``."""
    keys = AuditorKeys.open(path / _KEYS_DIRECTORY, passphrase)
    if renew_tls:
        keys.renew_tls(party, now)
    _write_witness(path, party, keys)
    return _auditor_card(path, party, keys)


def _write_witness(path: Path, party: str, keys: AuditorKeys) -> None:
    """The verifier key that goes into the agreement: public, in the form of C2SP signed-note."""
    key = cosignature.verifier_key(cosignature.witness_name(party), keys.witness.public)
    files.write(path / WITNESS_FILE, key.encode() + b"\n", replace=True)


def issued_card(path: Path) -> SignedMessage | None:
    """The card that this home issued last."""
    file = path / CARD_FILE
    return messages.from_json(canonical.decode(file.read_bytes())) if file.is_file() else None


def _keep(path: Path, card: SignedMessage) -> SignedMessage:
    files.write(path / CARD_FILE, canonical.encode(messages.to_json(card)), replace=True)
    return card


def _public_keys(path: Path) -> dict[str, bytes]:
    """The public keys of this home's people."""
    directory = path / PEOPLE_DIRECTORY
    if not directory.is_dir():
        return {}
    return {file.stem: people.public_key(file, file.stem) for file in directory.glob("*.key")}
