"""All keys of an agency: what HOME/keys holds, made in one step and opened under one passphrase (docs/keys.md).

The root certifies everything else and never changes under an agreement. Encryption key and TLS identity are renewed
at will, by a new card. The handle key, the OPRF seed and the group keys decide tokens and handles: losing one ends
the periods that use it, so they are in the backup.
"""

from __future__ import annotations

import os
from pathlib import Path

from keys import group, identity
from keys.errors import MissingKeyError, SealError
from keys.hpke import EncryptionKey
from keys.ring import KeyRing, require_size
from keys.secret import Secret, raw
from keys.seed import SEED_SIZE, generate_seed
from keys.signing import SigningKey

SYMMETRIC_SIZE = 32
_ROOT, _ENCRYPTION, _HANDLE, _CACHE, _OPRF_SEED = "root", "encryption", "handle", "cache", "oprf-seed"
_SIGNING_KIND, _ENCRYPTION_KIND, _SYMMETRIC_KIND, _SEED_KIND, _GROUP_KIND = (
    "signing", "encryption", "symmetric", "oprf-seed", "group",
)  # fmt: skip
_GROUP_PREFIX = "group."
_FORMER_PREFIX = "encryption."


class AgencyKeys(identity.IdentifiedKeys):
    """An agency's keys, opened.

    ``root`` signs; ``encryption`` is the card's; ``tls_key_pem`` and ``tls_certificate_pem`` identify the agency to
    the service; ``handle_key`` and ``cache_key`` are 32 bytes; ``oprf_seed`` is 32 bytes for a key holder, else None.
    """

    def __init__(self, ring: KeyRing) -> None:
        """Read everything from an opened ring. Raises KeyFileError as ``KeyRing.read`` does."""
        super().__init__(ring)
        self.root = SigningKey.from_bytes(ring.read(_ROOT, _SIGNING_KIND))
        self.encryption = EncryptionKey.from_bytes(ring.read(_ENCRYPTION, _ENCRYPTION_KIND))
        self.handle_key = require_size(ring.read(_HANDLE, _SYMMETRIC_KIND), SYMMETRIC_SIZE, "the handle key")
        self.cache_key = require_size(ring.read(_CACHE, _SYMMETRIC_KIND), SYMMETRIC_SIZE, "the cache key")
        self.oprf_seed: Secret | None = None
        if ring.has(_OPRF_SEED):
            self.oprf_seed = require_size(ring.read(_OPRF_SEED, _SEED_KIND), SEED_SIZE, "the OPRF seed")

    @classmethod
    def create(cls, path: Path, passphrase: str, party: str, *, holder: bool, now: int) -> AgencyKeys:
        """Make all keys of ``party`` in a new ring at ``path``; ``now`` in seconds since 1970.

        Raises ExistsError (nothing is overwritten), NoPassphraseError. A crash leaves no ring.
        """
        with KeyRing.creating(path, passphrase) as ring:
            ring.write(_ROOT, _SIGNING_KIND, SigningKey.generate().secret)
            ring.write(_ENCRYPTION, _ENCRYPTION_KIND, EncryptionKey.generate().secret)
            identity.create(ring, party, now)
            ring.write(_HANDLE, _SYMMETRIC_KIND, os.urandom(SYMMETRIC_SIZE))
            ring.write(_CACHE, _SYMMETRIC_KIND, os.urandom(SYMMETRIC_SIZE))
            if holder:
                ring.write(_OPRF_SEED, _SEED_KIND, generate_seed())
        return cls(ring)

    @classmethod
    def open(cls, path: Path, passphrase: str) -> AgencyKeys:
        """The keys in the ring at ``path``. Raises KeyFileError as ``KeyRing.open`` and ``read`` do."""
        return cls(KeyRing.open(path, passphrase))

    def renew_encryption(self) -> None:
        """Replace the encryption key. The former one stays, so what was sealed to the former card still opens."""
        former = self.encryption
        fresh = EncryptionKey.generate()
        name = _FORMER_PREFIX + former.public[-8:].hex()
        if not self._ring.has(name):
            self._ring.write(name, _ENCRYPTION_KIND, former.secret)
        self._ring.write(_ENCRYPTION, _ENCRYPTION_KIND, fresh.secret, replace=True)
        self.encryption = fresh

    def open_sealed(self, sealed: bytes, info: bytes) -> bytes:
        """The plaintext of bytes sealed to this agency's card, or to a former one. Raises SealError."""
        try:
            return self.encryption.open(sealed, info)
        except SealError:
            for name in self._ring.names():
                if not name.startswith(_FORMER_PREFIX):
                    continue
                try:
                    return EncryptionKey.from_bytes(self._ring.read(name, _ENCRYPTION_KIND)).open(sealed, info)
                except SealError:
                    continue
            raise

    def group_key(self, kind: str) -> Secret:
        """The group key of a link kind (mode ``hmac``), 32 bytes. Raises MissingKeyError when it has not arrived."""
        if not self.has_group_key(kind):
            raise MissingKeyError(
                f"there is no group key for link kind {kind!r}",
                remedy="Its maker sends it: run `concordat agent`, which collects it, then try again.",
            )
        return require_size(self._ring.read(_GROUP_PREFIX + kind, _GROUP_KIND), group.KEY_SIZE, "the group key")

    def has_group_key(self, kind: str) -> bool:
        """Whether the group key of a link kind is here."""
        return self._ring.has(_GROUP_PREFIX + kind)

    def store_group_key(self, kind: str, key: Secret | bytes) -> None:
        """Keep the group key of a link kind. The same key again is no error; ExistsError for another one."""
        secret = require_size(Secret(raw(key)), group.KEY_SIZE, "the group key")
        if not (self.has_group_key(kind) and self.group_key(kind) == secret):
            self._ring.write(_GROUP_PREFIX + kind, _GROUP_KIND, secret)
