"""The group ristretto255 (RFC 9496) and its scalars, by libsodium: bytes in, bytes out.

An element is 32 bytes, a scalar 32 bytes little-endian below the group's order. Scalars may be secret: every
operation on them is libsodium's, in constant time, and none passes through Python's integers. libsodium is called
directly: rbcl's wrappers check twice and add a third to the cheap operations.

Left to others: hashing to the group, blinding and proofs (oprf.py, dleq.py).
"""

from __future__ import annotations

import ctypes
import hmac
import os

from keys import sodium
from keys.errors import ElementError, ScalarError

ELEMENT_SIZE = 32
SCALAR_SIZE = 32
UNIFORM_SIZE = 64
IDENTITY = bytes(ELEMENT_SIZE)
ZERO = bytes(SCALAR_SIZE)

_Buffer = ctypes.c_char * 32
_LIBRARY = sodium.load()
_is_valid_point = _LIBRARY.crypto_core_ristretto255_is_valid_point
_add = _LIBRARY.crypto_core_ristretto255_add
_from_hash = _LIBRARY.crypto_core_ristretto255_from_hash
_multiply = _LIBRARY.crypto_scalarmult_ristretto255
_multiply_base = _LIBRARY.crypto_scalarmult_ristretto255_base
_scalar_add = _LIBRARY.crypto_core_ristretto255_scalar_add
_scalar_sub = _LIBRARY.crypto_core_ristretto255_scalar_sub
_scalar_mul = _LIBRARY.crypto_core_ristretto255_scalar_mul
_scalar_invert = _LIBRARY.crypto_core_ristretto255_scalar_invert
_scalar_reduce = _LIBRARY.crypto_core_ristretto255_scalar_reduce


def multiply(scalar: bytes, element: bytes) -> bytes:
    """``scalar * element``. Raises ElementError if the element is not canonical or the product is the identity.

    The product is the identity for an identity element and for a zero scalar only: the order is prime.
    """
    _sizes(scalar, element)
    product = _Buffer()
    if _multiply(product, scalar, element) != 0:
        raise ElementError("an element is not canonical, or is the identity")
    return product.raw


def multiply_base(scalar: bytes) -> bytes:
    """``scalar * generator``. Raises ScalarError for zero."""
    _sizes(scalar)
    product = _Buffer()
    if _multiply_base(product, scalar) != 0:
        raise ScalarError("a scalar is zero")
    return product.raw


def add(left: bytes, right: bytes) -> bytes:
    """``left + right``; the identity is allowed. Raises ElementError if one is not canonical."""
    _sizes(left, right)
    total = _Buffer()
    if _add(total, left, right) != 0:
        raise ElementError("an element is not canonical")
    return total.raw


def from_uniform(data: bytes) -> bytes:
    """The element that 64 uniform bytes give (RFC 9496 section 4.3.4, element derivation)."""
    _sizes(wide=data)
    element = _Buffer()
    _from_hash(element, data)
    return element.raw


def random_element() -> bytes:
    """A fresh random element whose discrete logarithm nobody knows, from the operating system's randomness."""
    return from_uniform(os.urandom(UNIFORM_SIZE))


def is_valid(element: bytes) -> bool:
    """Whether ``element`` is 32 bytes, canonical, and not the identity."""
    # libsodium counts the identity as valid; RFC 9497 section 2.1 wants it refused wherever it is received.
    return len(element) == ELEMENT_SIZE and element != IDENTITY and _is_valid_point(element) == 1


def require_valid(element: bytes, what: str) -> None:
    """Raise ElementError unless ``element`` is canonical and not the identity; ``what`` names it."""
    if not is_valid(element):
        raise ElementError(f"{what} is not canonical, or is the identity")


def random_scalar() -> bytes:
    """A fresh non-zero scalar from the operating system's randomness (RFC 9497 section 4.7, wide reduction)."""
    scalar = scalar_reduce(os.urandom(UNIFORM_SIZE))
    require_scalar(scalar, "the random scalar")
    return scalar


def require_scalar(scalar: bytes, what: str, *, zero_allowed: bool = False) -> None:
    """Raise ScalarError unless ``scalar`` is 32 bytes, canonical, and not zero; ``what`` names it."""
    if len(scalar) != SCALAR_SIZE:
        raise ScalarError(f"{what} is not {SCALAR_SIZE} bytes long")
    if not hmac.compare_digest(scalar_reduce(scalar + ZERO), scalar):
        raise ScalarError(f"{what} is not canonical")
    if not zero_allowed and hmac.compare_digest(scalar, ZERO):
        raise ScalarError(f"{what} is zero")


def scalar_reduce(data: bytes) -> bytes:
    """64 bytes, little-endian, modulo the group's order."""
    _sizes(wide=data)
    scalar = _Buffer()
    _scalar_reduce(scalar, data)
    return scalar.raw


def scalar_add(left: bytes, right: bytes) -> bytes:
    """``left + right`` modulo the group's order."""
    _sizes(left, right)
    total = _Buffer()
    _scalar_add(total, left, right)
    return total.raw


def scalar_subtract(left: bytes, right: bytes) -> bytes:
    """``left - right`` modulo the group's order."""
    _sizes(left, right)
    difference = _Buffer()
    _scalar_sub(difference, left, right)
    return difference.raw


def scalar_multiply(left: bytes, right: bytes) -> bytes:
    """``left * right`` modulo the group's order."""
    _sizes(left, right)
    product = _Buffer()
    _scalar_mul(product, left, right)
    return product.raw


def scalar_invert(scalar: bytes) -> bytes:
    """The inverse of ``scalar`` modulo the group's order. Raises ScalarError for zero."""
    _sizes(scalar)
    inverse = _Buffer()
    if _scalar_invert(inverse, scalar) != 0:
        raise ScalarError("a scalar is zero")
    return inverse.raw


def invert_each(scalars: list[bytes]) -> list[bytes]:
    """The inverses of many scalars at the price of one inversion and three products each (Montgomery's trick).

    Raises ScalarError if one of them is zero.
    """
    if not scalars:
        return []
    products = [scalars[0]]
    for scalar in scalars[1:]:
        products.append(scalar_multiply(products[-1], scalar))
    running = scalar_invert(products[-1])
    inverses = []
    for scalar, before in zip(reversed(scalars[1:]), reversed(products[:-1]), strict=True):
        inverses.append(scalar_multiply(running, before))
        running = scalar_multiply(running, scalar)
    inverses.append(running)
    inverses.reverse()
    return inverses


def _sizes(*values: bytes, wide: bytes | None = None) -> None:
    """libsodium reads a fixed number of bytes whatever it is given, so a length is checked before each call."""
    for value in values:
        if len(value) != 32:
            raise ElementError(f"an element or scalar is 32 bytes long, not {len(value)}")
    if wide is not None and len(wide) != UNIFORM_SIZE:
        raise ElementError(f"{UNIFORM_SIZE} bytes are reduced or mapped, not {len(wide)}")
