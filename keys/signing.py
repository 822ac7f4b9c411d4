"""Ed25519 signing keys (RFC 8032): a party's root, a person's operator key, the service's log key.

Verifying needs no secret and is not here. What is signed, and under which label, is the matcher's.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from keys.errors import DamagedKeyError
from keys.secret import Secret

PUBLIC_SIZE = 32
SECRET_SIZE = 32
SIGNATURE_SIZE = 64


class SigningKey:
    """One Ed25519 key. ``public`` is 32 bytes."""

    __slots__ = ("_private", "public")

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.public = private.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> SigningKey:
        """A fresh key."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_bytes(cls, secret: Secret) -> SigningKey:
        """The key of a 32-byte RFC 8032 secret. Raises DamagedKeyError for another length."""
        if len(secret) != SECRET_SIZE:
            raise DamagedKeyError(f"a signing key is {SECRET_SIZE} bytes long, not {len(secret)}")
        return cls(Ed25519PrivateKey.from_private_bytes(secret.reveal()))

    @property
    def secret(self) -> Secret:
        """The 32 secret bytes, to be sealed into a key file."""
        return Secret(self._private.private_bytes_raw())

    def sign(self, data: bytes) -> bytes:
        """The signature, 64 bytes, over ``data``."""
        return self._private.sign(data)

    def __repr__(self) -> str:
        return f"SigningKey(public={self.public.hex()})"
