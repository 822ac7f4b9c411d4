"""Comparator ``days``: how many days lie between two dates (design section 4).

Encoding: state (1) | (days since 1970-01-01 + u32(HMAC-SHA-256(field key, "pad")[:4])) mod 2^32, big-endian. Both sides
add the same pad, so their difference, as two's complement, is the difference of the days.
"""

from __future__ import annotations

from matcher.protocol.comparators import encoding
from matcher.protocol.errors import InputError
from matcher.protocol.keyed_hash import hmac_sha256
from matcher.protocol.outcomes import UNKNOWN, UNKNOWN_KIND, VALUE_KIND, Outcome

_PAD_LABEL = b"pad"
_SIZE = 4
_MODULUS = 1 << 32
_HALF = 1 << 31
# So that no difference of two values wraps around: plainly beyond any date a calendar has.
MAX_DAYS = (1 << 30) - 1
_VALUE = encoding.VALUE_STATE


class Days:
    """Values are days since 1970-01-01, negative before; an outcome's number is answering minus asking, in days."""

    name = "days"
    width = 1 + _SIZE
    kinds = frozenset((UNKNOWN_KIND,))
    keyed = True

    def encode(self, field_key: bytes, value: int | None) -> bytes:
        """``value`` blinded under ``field_key``. Raises InputError when it is beyond MAX_DAYS."""
        if value is None:
            return _UNKNOWN_ENCODING
        pad = int.from_bytes(hmac_sha256(field_key, _PAD_LABEL)[:_SIZE], "big")
        return _VALUE + ((_checked(value) + pad) % _MODULUS).to_bytes(_SIZE, "big")

    def compare(self, asking: bytes, answering: bytes) -> Outcome:
        """Compare two encodings. Raises VerificationError when one is malformed."""
        if any(encoding.states(self.name, asking, answering, _CONSTANTS, self.width)):
            return UNKNOWN
        difference = int.from_bytes(answering[1:], "big") - int.from_bytes(asking[1:], "big")
        return Outcome(VALUE_KIND, (difference + _HALF) % _MODULUS - _HALF)

    def compare_plain(self, asking: int | None, answering: int | None) -> Outcome:
        """Compare two dates."""
        if asking is None or answering is None:
            return UNKNOWN
        return Outcome(VALUE_KIND, _checked(answering) - _checked(asking))


def _checked(value: int) -> int:
    if not -MAX_DAYS <= value <= MAX_DAYS:
        raise InputError("days: the date is beyond any calendar")
    return value


_CONSTANTS = encoding.constants(Days.width, encoding.STATE_UNKNOWN)
_UNKNOWN_ENCODING = _CONSTANTS[encoding.STATE_UNKNOWN]
