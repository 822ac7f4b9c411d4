"""Operator keys: one file for each person, under that person's own passphrase (HOME/people/ID.key, docs/keys.md).

The public key stands in the clear, so the party can put it on its card without the person; it is checked against
the secret whenever the person signs. Roles are the agreement's. A person's key is renewed by a new file and a card.
"""

from __future__ import annotations

from pathlib import Path

from keys import container, files
from keys.errors import SealError
from keys.framing import lp
from keys.lock import KDF_NAME, Lock
from keys.ring import wrong_passphrase
from keys.signing import SigningKey

PERSON_FORMAT = "concordat-person-key-v1"
_FIELDS = frozenset(("person", "public", "kdf", "salt", "check", "sealed"))
_SEAL_NAME = "person"


def create(path: Path, person: str, passphrase: str) -> bytes:
    """Make a fresh operator key at ``path`` and return its public key, 32 bytes.

    Raises ExistsError if the file is there already, NoPassphraseError for an empty passphrase, PermissionsError.
    """
    lock = Lock.new(passphrase)
    key = SigningKey.generate()
    files.make_directory(path.parent, there_already=True)
    fields = {
        "format": PERSON_FORMAT,
        "person": person,
        "public": container.text(key.public),
        "kdf": KDF_NAME,
        "salt": container.text(lock.salt),
        "check": container.text(lock.check),
        "sealed": container.text(lock.seal(_SEAL_NAME, _bound(person, key.public), key.secret.reveal())),
    }
    files.write(path, container.encode(fields))
    return key.public


def open_person(path: Path, person: str, passphrase: str) -> SigningKey:
    """The operator key of ``person``.

    Raises MissingKeyError, PermissionsError, DamagedKeyError (altered, or another person's), WrongPassphraseError,
    NoPassphraseError.
    """
    fields = _read(path, person)
    lock = Lock(passphrase, container.unpack(fields["salt"], path))
    if not lock.recognises(container.unpack(fields["check"], path)):
        raise wrong_passphrase(path)
    public = container.unpack(fields["public"], path)
    try:
        secret = lock.open(_SEAL_NAME, _bound(person, public), container.unpack(fields["sealed"], path))
    except SealError:
        raise container.damaged(path, "it is altered") from None
    return SigningKey.from_bytes(secret)


def public_key(path: Path, person: str) -> bytes:
    """The public key, 32 bytes, of ``person``, without a passphrase. Raises as ``open_person`` does before it."""
    return container.unpack(_read(path, person)["public"], path)


def _read(path: Path, person: str) -> dict[str, str]:
    files.require_private_directory(path.parent)
    fields = container.decode(files.read(path), path, PERSON_FORMAT, _FIELDS)
    if fields["person"] != person:
        raise container.damaged(path, f"it is the key of another person than {person!r}")
    if fields["kdf"] != KDF_NAME:
        raise container.damaged(path, f"its key derivation is not {KDF_NAME!r}")
    return fields


def _bound(person: str, public: bytes) -> bytes:
    return lp(PERSON_FORMAT.encode()) + lp(person.encode()) + lp(public)
