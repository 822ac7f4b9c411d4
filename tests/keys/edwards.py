"""Ed25519 with keys and nonces of any order, in plain Python: what a forger may hand in, and which of it verifies.

The curve is RFC 8032 section 5.1. A point's coordinates are (X, Y, Z, T); nothing here is fast or secret.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]
IDENTITY: Point = (0, 1, 1, 0)


def add(left: Point, right: Point) -> Point:
    """RFC 8032 section 5.1.4; complete, so it also doubles."""
    a, b = (left[1] - left[0]) * (right[1] - right[0]), (left[1] + left[0]) * (right[1] + right[0])
    c, d = 2 * left[3] * right[3] * D, 2 * left[2] * right[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar: int, point: Point) -> Point:
    """``scalar`` is any whole number, not reduced: points of other orders than L are multiplied as they are."""
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def encode(point: Point) -> bytes:
    """The canonical 32 bytes."""
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(y: int, sign: int) -> Point | None:
    """The point of this y, if there is one."""
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if (v * x * x - u) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (v * x * x - u) % P:
        return None
    x = P - x if x & 1 != sign and x else x
    return x, y, 1, x * y % P


def _torsion() -> list[Point]:
    y = 2
    while True:
        point = decode(y, 0)
        generator = multiply(L, point) if point else IDENTITY
        if encode(multiply(4, generator)) != encode(IDENTITY):
            return [multiply(number, generator) for number in range(8)]
        y += 1


BASE = decode(4 * pow(5, -1, P) % P, 0) or IDENTITY
TORSION = _torsion()  # the eight points whose order divides 8; TORSION[n] is n times the first of order 8


@dataclass(frozen=True, slots=True)
class Forged:
    """A signature by somebody who chose key and nonce freely. ``equation``: S B = R + k A holds as it is."""

    public: bytes
    signature: bytes
    data: bytes
    equation: bool


def forge(
    source: random.Random, key_part: int, nonce_part: int, *, secret: int | None = None, nonce: int | None = None,
    written: bytes = b"",
) -> Forged:  # fmt: skip
    """Key ``secret`` B + TORSION[key_part], R = ``nonce`` B + TORSION[nonce_part], S such that 8 S B = 8 R + 8 k A.

    ``written`` is how the key is written, where not in its canonical form.
    """
    a = source.randrange(1, L) if secret is None else secret
    r, data = source.randrange(1, L) if nonce is None else nonce, source.randbytes(source.randrange(200))
    public = written or encode(add(multiply(a, BASE), TORSION[key_part]))
    first = encode(add(multiply(r, BASE), TORSION[nonce_part]))
    k = int.from_bytes(hashlib.sha512(first + public + data).digest(), "little") % L
    signature = first + ((r + k * a) % L).to_bytes(32, "little")
    return Forged(public, signature, data, (nonce_part + k * key_part) % 8 == 0)
