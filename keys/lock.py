"""From a passphrase to keys: scrypt once, then HKDF for each sealed thing (RFC 7914, RFC 5869, AES-256-GCM).

The parameters are part of the format and fixed: n = 2^15, r = 8, p = 1, 32 MiB and about 0.1 s. A file that asks for
others is refused, so nobody can weaken them by editing it, or make opening it exhaust the machine.
"""

from __future__ import annotations

import hmac
import os
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from keys.errors import NoPassphraseError, SealError
from keys.framing import lp
from keys.secret import Secret

KDF_NAME = "scrypt n=32768 r=8 p=1"
SALT_SIZE = 16
NONCE_SIZE = 12
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 32768, 8, 1
_KEY_SIZE = 32
_CHECK_LABEL = b"concordat-key-v1 check"
_SEAL_LABEL = b"concordat-key-v1 seal"


class Lock:
    """What a passphrase opens. ``check`` (32 bytes) recognises the right one; it opens nothing."""

    __slots__ = ("_master", "check", "salt")

    def __init__(self, passphrase: str, salt: bytes) -> None:
        """Raises NoPassphraseError for an empty passphrase."""
        if not passphrase:
            raise NoPassphraseError("an empty passphrase protects nothing", remedy="Choose a passphrase.")
        # The same characters typed on another machine may arrive composed differently.
        entered = unicodedata.normalize("NFC", passphrase).encode()
        self.salt = salt
        self._master = Secret(Scrypt(salt, _KEY_SIZE, _SCRYPT_N, _SCRYPT_R, _SCRYPT_P).derive(entered))
        self.check = self._expand(lp(_CHECK_LABEL))

    @classmethod
    def new(cls, passphrase: str) -> Lock:
        """A lock with a fresh salt."""
        return cls(passphrase, os.urandom(SALT_SIZE))

    def recognises(self, check: bytes) -> bool:
        """Whether the passphrase is the one whose check value is ``check``."""
        return hmac.compare_digest(self.check, check)

    def seal(self, name: str, bound: bytes, secret: bytes) -> bytes:
        """nonce (12) | ciphertext of ``secret`` under the key of ``name``, bound to ``bound``."""
        nonce = os.urandom(NONCE_SIZE)
        return nonce + AESGCM(self._key(name)).encrypt(nonce, secret, bound)

    def open(self, name: str, bound: bytes, sealed: bytes) -> Secret:
        """The secret that ``seal`` sealed. Raises SealError when it was altered or belongs elsewhere."""
        if len(sealed) < NONCE_SIZE:
            raise SealError("a sealed secret is too short")
        try:
            return Secret(AESGCM(self._key(name)).decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], bound))
        except InvalidTag as error:
            raise SealError("a sealed secret does not open") from error

    def _key(self, name: str) -> bytes:
        return self._expand(lp(_SEAL_LABEL) + lp(name.encode()))

    def _expand(self, info: bytes) -> bytes:
        return HKDFExpand(hashes.SHA256(), _KEY_SIZE, info).derive(self._master.reveal())
