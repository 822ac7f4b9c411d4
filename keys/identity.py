"""What all key rings share: a TLS identity, key and certificate in one sealed file, so that renewing is one step.

Agencies, auditors and the service add their own keys to it (agency.py, auditor.py, service.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from keys import tls
from keys.errors import DamagedKeyError
from keys.ring import KeyRing
from keys.secret import Secret

NAME = "tls"
KIND = "tls-identity"
# Long enough for a year's rounds; a card with a new certificate changes no token, so renewing is cheap.
VALID_DAYS = 400
_CERTIFICATE_START = b"-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """A private key and its certificate, both PEM."""

    key_pem: Secret
    certificate_pem: str


def create(ring: KeyRing, common_name: str, now: int, *, replace: bool = False) -> TlsIdentity:
    """Make a fresh identity in ``ring``; ``now`` in seconds since 1970. Raises ExistsError unless ``replace``."""
    key_pem, certificate_pem = tls.new_identity(common_name, now, VALID_DAYS)
    ring.write(NAME, KIND, key_pem.reveal() + certificate_pem.encode(), replace=replace)
    return TlsIdentity(key_pem, certificate_pem)


def load(ring: KeyRing) -> TlsIdentity:
    """The identity in ``ring``. Raises KeyFileError as ``KeyRing.read`` does."""
    value = ring.read(NAME, KIND).reveal()
    at = value.find(_CERTIFICATE_START)
    if at <= 0:
        raise DamagedKeyError("the TLS identity has no key or no certificate")
    return TlsIdentity(Secret(value[:at]), value[at:].decode())


class IdentifiedKeys:
    """Opened keys with a TLS identity: ``tls_key_pem`` and ``tls_certificate_pem`` prove who dials or answers."""

    def __init__(self, ring: KeyRing) -> None:
        """Read the identity from an opened ring. Raises KeyFileError as ``KeyRing.read`` does."""
        self._ring = ring
        self._take(load(ring))

    def renew_tls(self, common_name: str, now: int) -> None:
        """Replace the TLS identity, atomically; ``now`` in seconds since 1970. Others need to be told the new one."""
        self._take(create(self._ring, common_name, now, replace=True))

    def _take(self, new: TlsIdentity) -> None:
        self.tls_key_pem = new.key_pem
        self.tls_certificate_pem = new.certificate_pem
