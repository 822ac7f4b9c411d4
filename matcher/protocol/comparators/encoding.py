"""The state byte that begins every encoded field, and the encodings that are nothing but a state.

A field that is unknown, zero or negative has one encoding only, zero-filled: anything else behind such a state is
refused, so a field has no room for bytes that nobody agreed on.
"""

from __future__ import annotations

from collections.abc import Mapping

from matcher.protocol.errors import VerificationError
from matcher.protocol.outcomes import STATE_NEGATIVE, STATE_UNKNOWN, STATE_VALUE, STATE_ZERO

__all__ = ["STATE_NEGATIVE", "STATE_UNKNOWN", "STATE_VALUE", "STATE_ZERO", "VALUE_STATE", "constants", "states"]

VALUE_STATE = bytes((STATE_VALUE,))


def constants(width: int, *allowed: int) -> Mapping[int, bytes]:
    """The one encoding of each state in ``allowed`` that carries no value."""
    return {state: bytes((state,)) + bytes(width - 1) for state in allowed}


def states(comparator: str, asking: bytes, answering: bytes, known: Mapping[int, bytes], width: int) -> tuple[int, int]:
    """The two states. Raises VerificationError unless each side is a value, or one of the ``known`` encodings."""
    for data in (asking, answering):
        if len(data) != width or (data[0] != STATE_VALUE and known.get(data[0]) != data):
            raise VerificationError(f"comparison vector: an encoding of comparator {comparator} is malformed")
    return asking[0], answering[0]
