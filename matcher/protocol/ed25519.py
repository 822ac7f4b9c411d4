"""Verifying one Ed25519 signature: which are taken, the same by every side (docs/log.md, "Signatures").

RFC 8032 leaves a choice, and OpenSSL takes more than libsodium 1.0.18. Taken here is exactly what that takes: the
equation without the cofactor, S below the group's order, a key in its canonical form, and neither key nor R of small
order. Of these OpenSSL checks the first two; what is left are comparisons of encodings.

Left to others: many signatures at once (keys/verifying.py, which takes the same ones); what is signed.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from matcher.protocol.errors import VerificationError

PUBLIC_SIZE = 32
SIGNATURE_SIZE = 64
_P = 2**255 - 19
_WITHOUT_SIGN = 2**255 - 1  # an encoding's top bit is the sign of x
# y of the eight points whose order divides 8: x is either root.
_ORDER_EIGHT = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_SMALL_ORDER = frozenset((0, 1, _P - 1, _ORDER_EIGHT, _P - _ORDER_EIGHT))


def verify(public: bytes, signature: bytes, data: bytes, what: str) -> None:
    """Raise VerificationError unless ``signature`` over ``data`` is of the key ``public``; ``what`` is for the message.

    A key that is not 32 bytes and a signature that is not 64 verify nothing.
    """
    key, nonce = _y(public), _y(signature[:PUBLIC_SIZE])
    try:
        if key >= _P or key in _SMALL_ORDER or nonce in _SMALL_ORDER:
            raise ValueError(what)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except (InvalidSignature, ValueError) as error:
        raise VerificationError(f"{what} does not verify") from error


def _y(encoding: bytes) -> int:
    return int.from_bytes(encoding, "little") & _WITHOUT_SIGN
