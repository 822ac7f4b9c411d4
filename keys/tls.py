"""A party's TLS identity: a P-256 key and a certificate it signs itself.

Nobody vouches for a certificate but the card that carries it, so there is no authority, and gRPC is told to trust
exactly this one. P-256, because gRPC refuses Ed25519 certificates. All identities share the DNS name ``concordat``,
which clients expect whatever address they dial; the pinned certificate is what identifies.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from keys.errors import ReceivedError
from keys.secret import Secret

SHARED_NAME = "concordat"
# A party whose clock is behind must be able to use a fresh identity at once.
_CLOCK_ALLOWANCE = timedelta(hours=1)


def new_identity(common_name: str, now: int, days: int) -> tuple[Secret, str]:
    """(private key PEM, certificate PEM) of a fresh identity, valid from an hour before ``now`` for ``days`` days.

    ``now`` is in seconds since 1970. Raises ValueError for a name that X.509 cannot hold (above 64 characters).
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    start = datetime.fromtimestamp(now, UTC)
    alternatives = dict.fromkeys((SHARED_NAME, common_name))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - _CLOCK_ALLOWANCE)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(dns) for dns in alternatives]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    key_pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Secret(key_pem), certificate.public_bytes(serialization.Encoding.PEM).decode()


def fingerprint(certificate: str | bytes) -> str:
    """SHA-256 of the certificate's DER, 64 hex digits. Takes PEM or DER; raises ReceivedError for anything else."""
    return _load(certificate).fingerprint(hashes.SHA256()).hex()


def not_after(certificate: str | bytes) -> int:
    """When the certificate expires, in seconds since 1970. Takes PEM or DER; raises ReceivedError otherwise."""
    return int(_load(certificate).not_valid_after_utc.timestamp())


def _load(certificate: str | bytes) -> x509.Certificate:
    data = certificate.encode() if isinstance(certificate, str) else certificate
    try:
        if data.lstrip().startswith(b"-----BEGIN"):
            return x509.load_pem_x509_certificate(data)
        return x509.load_der_x509_certificate(data)
    except (ValueError, x509.InvalidVersion) as error:
        raise ReceivedError("a certificate is malformed") from error
