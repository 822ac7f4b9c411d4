"""Comparator ``exact``: equal or not (design section 4).

Encoding: state (1) | HMAC-SHA-256(field key, value)[:8]. Two different values collide with probability 2^-64 a pair.
"""

from __future__ import annotations

from matcher.protocol.comparators import encoding
from matcher.protocol.keyed_hash import hmac_sha256
from matcher.protocol.outcomes import UNKNOWN, UNKNOWN_KIND, Outcome

_HASH_SIZE = 8
_VALUE = encoding.VALUE_STATE
_SAME = Outcome("same")
_DIFFERENT = Outcome("different")


class Exact:
    """Values are normalised text."""

    name = "exact"
    width = 1 + _HASH_SIZE
    kinds = frozenset(("same", "different", UNKNOWN_KIND))
    keyed = True

    def encode(self, field_key: bytes, value: str | None) -> bytes:
        """``value`` blinded under ``field_key``."""
        if value is None:
            return _UNKNOWN_ENCODING
        return _VALUE + hmac_sha256(field_key, value.encode())[:_HASH_SIZE]

    def compare(self, asking: bytes, answering: bytes) -> Outcome:
        """Compare two encodings. Raises VerificationError when one is malformed."""
        states = encoding.states(self.name, asking, answering, _CONSTANTS, self.width)
        if any(states):
            return UNKNOWN
        return _SAME if asking == answering else _DIFFERENT

    def compare_plain(self, asking: str | None, answering: str | None) -> Outcome:
        """Compare two normalised values."""
        if asking is None or answering is None:
            return UNKNOWN
        return _SAME if asking == answering else _DIFFERENT


_CONSTANTS = encoding.constants(Exact.width, encoding.STATE_UNKNOWN)
_UNKNOWN_ENCODING = _CONSTANTS[encoding.STATE_UNKNOWN]
