"""Framing of what is hashed or bound: RFC 9497's two-byte lengths, which are also the design's ``lp``."""

from __future__ import annotations

from keys.errors import CountError

MAX_LENGTH = 0xFFFF


def lp(data: bytes) -> bytes:
    """``data`` after its two-byte big-endian length. Raises CountError above 65,535 bytes."""
    if len(data) > MAX_LENGTH:
        raise CountError(f"{len(data)} bytes do not fit a two-byte length")
    return len(data).to_bytes(2, "big") + data
