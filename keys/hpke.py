"""Sealing to a party's card: HPKE base mode (RFC 9180), one message per seal.

Suite: KEM MLKEM768-X25519 (X-Wing, 0x647a), KDF HKDF-SHA256, AEAD AES-256-GCM, all by the cryptography package. The
hybrid KEM keeps traffic that is stored today closed to a quantum computer tomorrow. A sealed message is the
encapsulation (1,120 bytes), then the ciphertext (the plaintext's length plus 16). What ``info`` binds is the
matcher's; it is the same at both ends or the message does not open.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from keys.errors import DamagedKeyError, SealError
from keys.secret import Secret

SUITE_NAME = "MLKEM768-X25519, HKDF-SHA256, AES-256-GCM"
MLKEM_PUBLIC_SIZE = 1184
MLKEM_SEED_SIZE = 64
X25519_SIZE = 32
PUBLIC_SIZE = MLKEM_PUBLIC_SIZE + X25519_SIZE
SECRET_SIZE = MLKEM_SEED_SIZE + X25519_SIZE
ENCAPSULATION_SIZE = 1088 + X25519_SIZE
OVERHEAD = ENCAPSULATION_SIZE + 16
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class EncryptionKey:
    """One decryption key. ``public`` is 1,216 bytes: the ML-KEM-768 encapsulation key, then the X25519 public key."""

    __slots__ = ("_mlkem", "_x25519", "public")

    def __init__(self, mlkem: MLKEM768PrivateKey, x25519: X25519PrivateKey) -> None:
        self._mlkem = mlkem
        self._x25519 = x25519
        self.public = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> EncryptionKey:
        """A fresh key."""
        return cls(MLKEM768PrivateKey.generate(), X25519PrivateKey.generate())

    @classmethod
    def from_bytes(cls, secret: Secret) -> EncryptionKey:
        """The key of its 96 secret bytes. Raises DamagedKeyError for another length."""
        if len(secret) != SECRET_SIZE:
            raise DamagedKeyError(f"an encryption key is {SECRET_SIZE} bytes long, not {len(secret)}")
        value = secret.reveal()
        return cls(
            MLKEM768PrivateKey.from_seed_bytes(value[:MLKEM_SEED_SIZE]),
            X25519PrivateKey.from_private_bytes(value[MLKEM_SEED_SIZE:]),
        )

    @property
    def secret(self) -> Secret:
        """The secret bytes, ML-KEM seed (64) then X25519 (32), to be sealed into a key file."""
        return Secret(self._mlkem.private_bytes_raw() + self._x25519.private_bytes_raw())

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """The plaintext of ``sealed``. Raises SealError when it is altered, cut, or for another key or ``info``."""
        if len(sealed) < OVERHEAD:
            raise SealError(f"a sealed message of {len(sealed)} bytes is too short")
        try:
            return _SUITE.decrypt(sealed, MLKEM768X25519PrivateKey(self._mlkem, self._x25519), info=info)
        except (InvalidTag, ValueError) as error:
            raise SealError("a sealed message does not open with this key and context") from error

    def __repr__(self) -> str:
        return f"EncryptionKey(public={self.public[-X25519_SIZE:].hex()})"


def seal(public: bytes, plaintext: bytes, info: bytes) -> bytes:
    """``plaintext`` sealed to a card's encryption key; 1,136 bytes longer. Raises SealError for a malformed key."""
    if len(public) != PUBLIC_SIZE:
        raise SealError(f"an encryption key is {PUBLIC_SIZE} bytes long, not {len(public)}")
    try:
        recipient = MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(public[:MLKEM_PUBLIC_SIZE]),
            X25519PublicKey.from_public_bytes(public[MLKEM_PUBLIC_SIZE:]),
        )
        return _SUITE.encrypt(plaintext, recipient, info=info)
    except ValueError as error:
        raise SealError("an encryption key is malformed") from error
