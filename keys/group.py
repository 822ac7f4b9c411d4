"""The group key of mode ``hmac``: F = HMAC-SHA-512(group key, input), design section 4.

Whoever holds the key can evaluate anything offline; the agreement must have chosen that. The key's public id and its
delivery under HPKE are the matcher's.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Sequence

from keys.errors import CountError
from keys.secret import Secret, raw

KEY_SIZE = 32
OUTPUT_SIZE = 64


def generate() -> Secret:
    """A fresh group key of 32 random bytes."""
    return Secret(os.urandom(KEY_SIZE))


def evaluate(key: Secret | bytes, message: bytes) -> bytes:
    """F(input), 64 bytes. Raises CountError for a key of another length than 32 bytes."""
    return evaluate_batch(key, [message])[0]


def evaluate_batch(key: Secret | bytes, inputs: Sequence[bytes]) -> list[bytes]:
    """F(input) of many inputs, 64 bytes each. Raises CountError for a key of another length than 32 bytes."""
    value = raw(key)
    if len(value) != KEY_SIZE:
        raise CountError(f"a group key is {KEY_SIZE} bytes long, not {len(value)}")
    return [hmac.digest(value, message, "sha512") for message in inputs]
