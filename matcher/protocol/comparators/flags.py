"""Comparator ``flags``: local rule codes, carried as they are (design section 4).

The answering side computes its codes in the clear, at home, and says with them what it found in its own row; the
asking side's flags, if it has any, count for nothing, or it could make a code appear on another's record.
Encoding: state (1) | bit set, big-endian (8). Bit i is the i-th code of the field, lowest first.
"""

from __future__ import annotations

from matcher.protocol.comparators import encoding
from matcher.protocol.errors import InputError
from matcher.protocol.outcomes import UNKNOWN, UNKNOWN_KIND, VALUE_KIND, Outcome

MAX_CODES = 64
_SET_SIZE = 8
_VALUE = encoding.VALUE_STATE


class Flags:
    """Values are bit sets."""

    name = "flags"
    width = 1 + _SET_SIZE
    kinds = frozenset((UNKNOWN_KIND,))
    keyed = False

    def encode(self, field_key: bytes, value: int | None) -> bytes:  # noqa: ARG002 - one signature for all
        """The bit set ``value``. Raises InputError when it does not fit 64 bits."""
        if value is None:
            return _UNKNOWN_ENCODING
        return _VALUE + _checked(value).to_bytes(_SET_SIZE, "big")

    def compare(self, asking: bytes, answering: bytes) -> Outcome:
        """The answering side's codes. Raises VerificationError when an encoding is malformed."""
        _, state = encoding.states(self.name, asking, answering, _CONSTANTS, self.width)
        return UNKNOWN if state else Outcome(VALUE_KIND, codes=int.from_bytes(answering[1:], "big"))

    def compare_plain(self, asking: int | None, answering: int | None) -> Outcome:  # noqa: ARG002
        """The answering side's codes."""
        return UNKNOWN if answering is None else Outcome(VALUE_KIND, codes=_checked(answering))


def _checked(value: int) -> int:
    if not 0 <= value < 1 << MAX_CODES:
        raise InputError("flags: a bit set of at most 64 codes is expected")
    return value


_CONSTANTS = encoding.constants(Flags.width, encoding.STATE_UNKNOWN)
_UNKNOWN_ENCODING = _CONSTANTS[encoding.STATE_UNKNOWN]
