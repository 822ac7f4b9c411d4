"""A secret as a type: it prints as ``<secret>``, cannot be pickled, and compares in constant time.

Python cannot promise to erase memory; this type prevents the accidents that do happen: a secret in a log line, a
traceback, an exception's text or a worker's argument list. What crosses to a worker process is revealed by name.
"""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """Secret bytes. ``reveal`` is the only way to them."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = bytes(value)

    def reveal(self) -> bytes:
        """The bytes, for the one place that uses them."""
        return self._value

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value, other._value)

    # A hash table would compare and order secrets by a plain function of their bytes.
    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "Secret(<secret>)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled; reveal it where it must leave this process")


def raw(secret: Secret | bytes) -> bytes:
    """The bytes of a secret that may have crossed to a worker process as plain bytes."""
    return secret.reveal() if isinstance(secret, Secret) else secret
