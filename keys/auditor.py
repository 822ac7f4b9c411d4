"""All keys of an auditor: a signing root, a TLS identity, and the witness key, which cosigns checkpoints only.

An auditor opens nothing, so it has no encryption key.
"""

from __future__ import annotations

from pathlib import Path

from keys import identity
from keys.ring import KeyRing
from keys.signing import SigningKey

_ROOT, _SIGNING_KIND = "root", "signing"
# A kind of its own: a ring that was put together wrongly cannot make the root cosign, or the witness sign messages.
_WITNESS, _COSIGNING_KIND = "witness", "cosigning"


class AuditorKeys(identity.IdentifiedKeys):
    """An auditor's keys, opened: ``root`` signs what it says, ``witness`` cosigns checkpoints."""

    def __init__(self, ring: KeyRing) -> None:
        """Read everything from an opened ring. Raises KeyFileError as ``KeyRing.read`` does."""
        super().__init__(ring)
        self.root = SigningKey.from_bytes(ring.read(_ROOT, _SIGNING_KIND))
        self.witness = SigningKey.from_bytes(ring.read(_WITNESS, _COSIGNING_KIND))

    @classmethod
    def create(cls, path: Path, passphrase: str, party: str, *, now: int) -> AuditorKeys:
        """Make all keys of ``party`` in a new ring at ``path``; ``now`` in seconds since 1970.

        Raises ExistsError (nothing is overwritten), NoPassphraseError. A crash leaves no ring.
        """
        with KeyRing.creating(path, passphrase) as ring:
            ring.write(_ROOT, _SIGNING_KIND, SigningKey.generate().secret)
            ring.write(_WITNESS, _COSIGNING_KIND, SigningKey.generate().secret)
            identity.create(ring, party, now)
        return cls(ring)

    @classmethod
    def open(cls, path: Path, passphrase: str) -> AuditorKeys:
        """The keys in the ring at ``path``. Raises KeyFileError as ``KeyRing.open`` and ``read`` do.

        A ring that was made before there were witnesses gets its witness key here.
        """
        ring = KeyRing.open(path, passphrase)
        if ring.has(_ROOT) and not ring.has(_WITNESS):
            ring.write(_WITNESS, _COSIGNING_KIND, SigningKey.generate().secret)
        return cls(ring)
