"""All keys of an auditor: a signing root and a TLS identity. An auditor opens nothing, so it has no encryption key."""

from __future__ import annotations

from pathlib import Path

from keys import identity
from keys.ring import KeyRing
from keys.signing import SigningKey

_ROOT, _SIGNING_KIND = "root", "signing"


class AuditorKeys(identity.IdentifiedKeys):
    """An auditor's keys, opened: ``root`` signs what it says."""

    def __init__(self, ring: KeyRing) -> None:
        """Read everything from an opened ring. Raises KeyFileError as ``KeyRing.read`` does."""
        super().__init__(ring)
        self.root = SigningKey.from_bytes(ring.read(_ROOT, _SIGNING_KIND))

    @classmethod
    def create(cls, path: Path, passphrase: str, party: str, *, now: int) -> AuditorKeys:
        """Make all keys of ``party`` in a new ring at ``path``; ``now`` in seconds since 1970.

        Raises ExistsError (nothing is overwritten), NoPassphraseError. A crash leaves no ring.
        """
        with KeyRing.creating(path, passphrase) as ring:
            ring.write(_ROOT, _SIGNING_KIND, SigningKey.generate().secret)
            identity.create(ring, party, now)
        return cls(ring)

    @classmethod
    def open(cls, path: Path, passphrase: str) -> AuditorKeys:
        """The keys in the ring at ``path``. Raises KeyFileError as ``KeyRing.open`` and ``read`` do."""
        return cls(KeyRing.open(path, passphrase))
