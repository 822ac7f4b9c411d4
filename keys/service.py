"""All keys of the service: the log key, which signs notes only, a TLS identity, and the key its own storage is under.

It holds no key to any record.
"""

from __future__ import annotations

import os
from pathlib import Path

from keys import identity
from keys.ring import KeyRing, require_size
from keys.secret import Secret
from keys.signing import SigningKey

COMMON_NAME = "concordat-service"
STORAGE_SIZE = 32
_LOG, _SIGNING_KIND = "log", "signing"
_STORAGE, _STORAGE_KIND = "storage", "symmetric"


class ServiceKeys(identity.IdentifiedKeys):
    """The service's keys, opened.

    ``log`` signs checkpoints; ``tls_key_pem`` and ``tls_certificate_pem`` identify the service; ``storage_key`` (32
    bytes) seals the wrapping keys of periods on disk.
    """

    def __init__(self, ring: KeyRing) -> None:
        """Read everything from an opened ring. Raises KeyFileError as ``KeyRing.read`` does."""
        super().__init__(ring)
        self.log = SigningKey.from_bytes(ring.read(_LOG, _SIGNING_KIND))
        self.storage_key: Secret = require_size(ring.read(_STORAGE, _STORAGE_KIND), STORAGE_SIZE, "the storage key")

    @classmethod
    def create(cls, path: Path, passphrase: str, *, now: int) -> ServiceKeys:
        """Make all keys in a new ring at ``path``; ``now`` in seconds since 1970.

        Raises ExistsError (nothing is overwritten), NoPassphraseError. A crash leaves no ring.
        """
        with KeyRing.creating(path, passphrase) as ring:
            ring.write(_LOG, _SIGNING_KIND, SigningKey.generate().secret)
            ring.write(_STORAGE, _STORAGE_KIND, os.urandom(STORAGE_SIZE))
            identity.create(ring, COMMON_NAME, now)
        return cls(ring)

    @classmethod
    def open(cls, path: Path, passphrase: str) -> ServiceKeys:
        """The keys in the ring at ``path``. Raises KeyFileError as ``KeyRing.open`` and ``read`` do."""
        return cls(KeyRing.open(path, passphrase))
