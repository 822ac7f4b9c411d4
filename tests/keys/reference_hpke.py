"""A second implementation of HPKE base mode (RFC 9180), for tests only: plain, slow, and read beside the RFC.

It is proven on the RFC's own vectors, and then stands against the cryptography package, whose one-shot interface
cannot replay them (it has no place for the ephemeral key, nor for a second message).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

X25519_KEM = 0x0020
XWING_KEM = 0x647A
HASHES = {1: "sha256", 3: "sha512"}
AEADS = {1: (AESGCM, 16), 2: (AESGCM, 32), 3: (ChaCha20Poly1305, 32)}
# draft-connolly-cfrg-xwing-kem section 5.3
XWING_LABEL = b"\\.//^\\"


def extract(algorithm: str, salt: bytes, material: bytes) -> bytes:
    return hmac.digest(salt or bytes(hashlib.new(algorithm).digest_size), material, algorithm)


def expand(algorithm: str, key: bytes, info: bytes, length: int) -> bytes:
    output, block, number = b"", b"", 1
    while len(output) < length:
        block = hmac.digest(key, block + info + bytes((number,)), algorithm)
        output += block
        number += 1
    return output[:length]


class Labeled(NamedTuple):
    """LabeledExtract and LabeledExpand of one suite id (RFC 9180 section 4)."""

    algorithm: str
    suite_id: bytes

    def extract(self, salt: bytes, label: bytes, material: bytes) -> bytes:
        return extract(self.algorithm, salt, b"HPKE-v1" + self.suite_id + label + material)

    def expand(self, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
        labeled = length.to_bytes(2, "big") + b"HPKE-v1" + self.suite_id + label + info
        return expand(self.algorithm, key, labeled, length)


_KEM = Labeled("sha256", b"KEM" + X25519_KEM.to_bytes(2, "big"))


def derive_x25519(material: bytes) -> X25519PrivateKey:
    """DeriveKeyPair of DHKEM(X25519, HKDF-SHA256), RFC 9180 section 7.1.3."""
    key = _KEM.extract(b"", b"dkp_prk", material)
    return X25519PrivateKey.from_private_bytes(_KEM.expand(key, b"sk", b"", 32))


def encapsulate_x25519(recipient: bytes, ephemeral: X25519PrivateKey) -> tuple[bytes, bytes]:
    """(shared secret, enc) of DHKEM(X25519, HKDF-SHA256) with a given ephemeral key."""
    enc = ephemeral.public_key().public_bytes_raw()
    return _dhkem(ephemeral.exchange(X25519PublicKey.from_public_bytes(recipient)), enc, recipient), enc


def decapsulate_x25519(private: X25519PrivateKey, enc: bytes) -> bytes:
    """The shared secret of DHKEM(X25519, HKDF-SHA256)."""
    shared = private.exchange(X25519PublicKey.from_public_bytes(enc))
    return _dhkem(shared, enc, private.public_key().public_bytes_raw())


def _dhkem(exchanged: bytes, enc: bytes, recipient: bytes) -> bytes:
    key = _KEM.extract(b"", b"eae_prk", exchanged)
    return _KEM.expand(key, b"shared_secret", enc + recipient, 32)


def encapsulate_xwing(public: bytes) -> tuple[bytes, bytes]:
    """(shared secret, enc) of X-Wing for a public key of 1,216 bytes."""
    ephemeral = X25519PrivateKey.generate()
    from_lattice, lattice = MLKEM768PublicKey.from_public_bytes(public[:1184]).encapsulate()
    curve = ephemeral.public_key().public_bytes_raw()
    from_curve = ephemeral.exchange(X25519PublicKey.from_public_bytes(public[1184:]))
    return _xwing(from_lattice, from_curve, curve, public[1184:]), lattice + curve


def decapsulate_xwing(secret: bytes, enc: bytes) -> bytes:
    """The shared secret of X-Wing for ML-KEM seed (64) | X25519 secret (32)."""
    private = X25519PrivateKey.from_private_bytes(secret[64:])
    from_lattice = MLKEM768PrivateKey.from_seed_bytes(secret[:64]).decapsulate(enc[:1088])
    from_curve = private.exchange(X25519PublicKey.from_public_bytes(enc[1088:]))
    return _xwing(from_lattice, from_curve, enc[1088:], private.public_key().public_bytes_raw())


def _xwing(from_lattice: bytes, from_curve: bytes, curve: bytes, public: bytes) -> bytes:
    return hashlib.sha3_256(from_lattice + from_curve + curve + public + XWING_LABEL).digest()


class Context:
    """Key schedule and messages of base mode (RFC 9180 sections 5.1 and 5.2)."""

    def __init__(self, kem: int, kdf: int, aead: int, shared_secret: bytes, info: bytes) -> None:
        suite_id = b"HPKE" + b"".join(number.to_bytes(2, "big") for number in (kem, kdf, aead))
        labeled = Labeled(HASHES[kdf], suite_id)
        cipher, key_size = AEADS[aead]
        context = (
            b"\x00" + labeled.extract(b"", b"psk_id_hash", b"") + labeled.extract(b"", b"info_hash", info)
        )  # fmt: skip
        secret = labeled.extract(shared_secret, b"secret", b"")
        self._cipher = cipher(labeled.expand(secret, b"key", context, key_size))
        self._base_nonce = int.from_bytes(labeled.expand(secret, b"base_nonce", context, 12), "big")
        self._sequence = 0

    def seal(self, plaintext: bytes, associated: bytes = b"") -> bytes:
        """The next message, sealed."""
        return self._cipher.encrypt(self._nonce(), plaintext, associated)

    def open(self, ciphertext: bytes, associated: bytes = b"") -> bytes:
        """The next message, opened."""
        return self._cipher.decrypt(self._nonce(), ciphertext, associated)

    def _nonce(self) -> bytes:
        nonce = (self._base_nonce ^ self._sequence).to_bytes(12, "big")
        self._sequence += 1
        return nonce
