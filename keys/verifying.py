"""Verifying many Ed25519 signatures (RFC 8032): by the native crate where it is installed, else by libsodium.

Both take exactly the signatures that matcher/protocol/ed25519.py takes (docs/log.md, "Signatures"), each by itself: a
random combination of several would take keys of mixed order otherwise. libsodium needs less than half of OpenSSL's
time, the crate a tenth of libsodium's: it makes tables for keys that sign often, and takes eight at a time.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache

from keys import native, sodium
from keys.errors import SignatureError
from keys.signing import PUBLIC_SIZE, SIGNATURE_SIZE

_Verify = Callable[[bytes, bytes, int, bytes], int]


@cache
def _sodium() -> _Verify:
    function = sodium.load().crypto_sign_ed25519_verify_detached
    function.argtypes = [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulonglong, ctypes.c_char_p]
    function.restype = ctypes.c_int
    return function


def verify(public: bytes, signature: bytes, data: bytes) -> None:
    """Raise SignatureError unless ``signature`` (64 bytes) over ``data`` is of the key ``public`` (32 bytes)."""
    if len(public) != PUBLIC_SIZE or len(signature) != SIGNATURE_SIZE:
        raise SignatureError("a public key or a signature has another length than Ed25519's")
    if _sodium()(signature, data, len(data), public) != 0:
        raise SignatureError("a signature does not verify under its key")


class Pending:
    """Signatures that are verified together, a thousand or so at a time."""

    def __init__(self) -> None:
        crate = native.module()
        self._keys = None if crate is None else crate.Ed25519Keys()
        self._publics: list[bytes] = []
        self._signatures: list[bytes] = []
        self._messages: list[bytes] = []

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, public: bytes, signature: bytes, data: bytes) -> None:
        """Put one aside. Raises SignatureError at once for a key or signature of a wrong length."""
        if len(public) != PUBLIC_SIZE or len(signature) != SIGNATURE_SIZE:
            raise SignatureError("a public key or a signature has another length than Ed25519's")
        self._publics.append(public)
        self._signatures.append(signature)
        self._messages.append(data)

    def refused(self) -> list[int]:
        """Verify all that were put aside, and begin anew: the places, from 0 on, of those that do not verify."""
        aside = self._publics, self._signatures, self._messages
        self._publics, self._signatures, self._messages = [], [], []
        if self._keys is None:
            check = _sodium()
            return [
                place
                for place, (public, signature, data) in enumerate(zip(*aside, strict=True))
                if check(signature, data, len(data), public) != 0
            ]
        publics, signatures, messages = aside
        taken = self._keys.verify(b"".join(publics), b"".join(signatures), *native.column(messages))
        return [place for place, is_taken in enumerate(taken) if is_taken != 1]
