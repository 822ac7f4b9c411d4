"""Verifying Ed25519 signatures (RFC 8032), many of them, by libsodium: less than half of OpenSSL's time.

libsodium refuses whatever OpenSSL refuses, and also keys and nonces of small order and keys that are not canonical,
which no honest signer makes. So this takes no signature that another side refuses.
"""

from __future__ import annotations

import ctypes

from keys import sodium
from keys.errors import SignatureError
from keys.signing import PUBLIC_SIZE, SIGNATURE_SIZE

_verify = sodium.load().crypto_sign_ed25519_verify_detached
_verify.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulonglong, ctypes.c_char_p]
_verify.restype = ctypes.c_int


def verify(public: bytes, signature: bytes, data: bytes) -> None:
    """Raise SignatureError unless ``signature`` (64 bytes) over ``data`` is of the key ``public`` (32 bytes)."""
    if len(public) != PUBLIC_SIZE or len(signature) != SIGNATURE_SIZE:
        raise SignatureError("a public key or a signature has another length than Ed25519's")
    if _verify(signature, data, len(data), public) != 0:
        raise SignatureError("a signature does not verify under its key")
