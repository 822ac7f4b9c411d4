"""Comparator ``ratio``: the answering side's amount over the asking side's, to 1 % (design section 4).

An amount in fen becomes a level: the number of i >= 0 with ceil(101^i / 100^i) <= amount, that is, the position on a
scale whose steps are 1 %. The difference of two levels is the ratio, in steps of 1 %, give or take one step.

Encoding: state (1) | (level + u64(HMAC-SHA-256(field key, "pad")[:8])) mod 2^64, big-endian. Zero and negative amounts
have no level: they are states of their own, visible to the service.

What a threshold means. For positive amounts, with d = answering level - asking level and r = answering / asking,
1.01^(d-1) < r < 1.01^(d+1), strictly: an amount of level n lies in [1.01^(n-1), 1.01^n). So for a threshold t

- ``below t`` holds when 1.01^(d+1) <= t, that is d < floor(log t): then r < t for certain;
- ``above t`` holds when 1.01^(d-1) >= t, that is d > ceil(log t): then r > t for certain,

logarithms to the base 1.01. A pair on the right side of its threshold is therefore never found, which is what must
not happen here; a pair less than 2 % beyond it (1.01^2 = 1.0201) may not be found either. ``below_bound`` and
``above_bound`` are these two integers, computed with integers alone; blinded and plain comparison share them.
"""

from __future__ import annotations

from bisect import bisect_right
from fractions import Fraction
from functools import cache

from matcher.protocol.comparators import encoding
from matcher.protocol.errors import InputError
from matcher.protocol.keyed_hash import hmac_sha256
from matcher.protocol.outcomes import UNKNOWN, UNKNOWN_KIND, VALUE_KIND, Outcome

MAX_AMOUNT = 10**17
# The ratio where the asking side has nothing: greater than any bound. Its negative: smaller than any.
INFINITE = 1 << 62
_POINT = 128
_PAD_LABEL = b"pad"
_SIZE = 8
_MODULUS = 1 << 64
_HALF = 1 << 63
_VALUE = encoding.VALUE_STATE
_ZERO, _NEGATIVE = encoding.STATE_ZERO, encoding.STATE_NEGATIVE


def _scale() -> tuple[int, ...]:
    """The least amount of each level up to MAX_AMOUNT: ceil(101^i / 100^i) for i = 0, 1, ...

    The power is kept with 128 bits below the point, rounded down, beside a bound of what was lost. Every program starts
    with this; whole fractions of 26,000 bits would take fifteen times as long.
    """
    least = [1]
    power, lost = 1 << _POINT, 0
    while True:
        power, lost = power * 101 // 100, lost * 101 // 100 + 2
        whole = power >> _POINT
        if (power + lost) >> _POINT != whole:
            raise ArithmeticError("ratio: 128 bits do not tell a level")
        if whole >= MAX_AMOUNT:  # and the power itself is no integer
            return tuple(least)
        least.append(whole + 1)


SCALE = _scale()


def level(amount: int) -> int:
    """The level of a positive amount in fen. Raises InputError beyond MAX_AMOUNT."""
    if amount > MAX_AMOUNT:
        raise InputError("ratio: an amount is beyond 10^17 fen")
    return bisect_right(SCALE, amount)


@cache
def below_bound(threshold: Fraction) -> int:
    """floor(log threshold): ``below`` holds when the difference of levels is less. ``threshold`` is positive."""
    if threshold < 1:
        return -above_bound(1 / threshold)
    steps, power = 0, Fraction(101, 100)
    while power <= threshold:
        steps += 1
        power *= Fraction(101, 100)
    return steps


@cache
def above_bound(threshold: Fraction) -> int:
    """ceil(log threshold): ``above`` holds when the difference of levels is greater. ``threshold`` is positive."""
    if threshold < 1:
        return -below_bound(1 / threshold)
    steps, power = 0, Fraction(1)
    while power < threshold:
        steps += 1
        power *= Fraction(101, 100)
    return steps


class Ratio:
    """Values are whole fen. An outcome's number is answering level minus asking level.

    ``zero`` and ``negative`` speak of the answering side's amount, with a number that stands for the ratio: smaller
    than any bound when something is due, 0 (equal) when neither side has anything, and ``value`` with INFINITE when
    the asking side has nothing but the answering side does. Two negative amounts have no ratio: ``unknown``.
    """

    name = "ratio"
    width = 1 + _SIZE
    kinds = frozenset(("zero", "negative", UNKNOWN_KIND))
    keyed = True

    def encode(self, field_key: bytes, value: int | None) -> bytes:
        """``value`` blinded under ``field_key``. Raises InputError beyond MAX_AMOUNT either way."""
        if value is None:
            return _UNKNOWN_ENCODING
        if value <= 0:
            return _CONSTANTS[_sign_state(value)]
        pad = int.from_bytes(hmac_sha256(field_key, _PAD_LABEL)[:_SIZE], "big")
        return _VALUE + ((level(value) + pad) % _MODULUS).to_bytes(_SIZE, "big")

    def compare(self, asking: bytes, answering: bytes) -> Outcome:
        """Compare two encodings. Raises VerificationError when one is malformed."""
        states = encoding.states(self.name, asking, answering, _CONSTANTS, self.width)
        if any(states):
            return signs(*states)
        difference = int.from_bytes(answering[1:], "big") - int.from_bytes(asking[1:], "big")
        return Outcome(VALUE_KIND, (difference + _HALF) % _MODULUS - _HALF)

    def compare_plain(self, asking: int | None, answering: int | None) -> Outcome:
        """Compare two amounts. Raises InputError beyond MAX_AMOUNT."""
        states = _sign_state(asking), _sign_state(answering)
        if asking is None or answering is None or any(states):
            return signs(*states)
        return Outcome(VALUE_KIND, level(answering) - level(asking))


def _sign_state(value: int | None) -> int:
    if value is None:
        return encoding.STATE_UNKNOWN
    if value < -MAX_AMOUNT:
        raise InputError("ratio: an amount is beyond 10^17 fen")
    if value > 0:
        return encoding.STATE_VALUE
    return _NEGATIVE if value else _ZERO


def signs(asking: int, answering: int) -> Outcome:
    """The outcome of two states of which at least one is not a positive amount's."""
    return _SIGNS.get((asking, answering), UNKNOWN)


_SIGNS = {
    (encoding.STATE_VALUE, _ZERO): Outcome("zero", -INFINITE),
    (encoding.STATE_VALUE, _NEGATIVE): Outcome("negative", -INFINITE),
    (_ZERO, encoding.STATE_VALUE): Outcome(VALUE_KIND, INFINITE),
    (_ZERO, _ZERO): Outcome("zero", 0),
    (_ZERO, _NEGATIVE): Outcome("negative", -INFINITE),
    (_NEGATIVE, encoding.STATE_VALUE): Outcome(VALUE_KIND, INFINITE),
    (_NEGATIVE, _ZERO): Outcome("zero", INFINITE),
}
_CONSTANTS = encoding.constants(Ratio.width, encoding.STATE_UNKNOWN, _ZERO, _NEGATIVE)
_UNKNOWN_ENCODING = _CONSTANTS[encoding.STATE_UNKNOWN]
