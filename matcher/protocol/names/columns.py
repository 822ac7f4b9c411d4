"""Many pairs of encodings at once: the verdicts of ``verdict.decide``, most of them settled by whole columns.

What decides is there; here the same questions are put to arrays, 8,192 pairs at a time. Whether the symbols at one
place are equal is one bit, so a part's equality is a mask over 64-bit words; rapidfuzz compares the long brands that
are left in one call over packed strings. A pair whose question is rarer (a shortened name, a character written twice, a
word cut short) is given to ``decide`` itself. A property test holds both equal, pair by pair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from matcher.protocol.names.blind import HEAD, SYMBOL_SIZE, UNKNOWN_ENCODING, WIDTH
from matcher.protocol.names.parts import CAPS, SYMBOLS, NameParts
from matcher.protocol.names.verdict import (
    BRANCH,
    DIFFERENT,
    LONG_BRAND,
    REVIEW,
    SAME,
    TELLING_BRAND,
    UNKNOWN,
    VARIANT,
)
from matcher.protocol.outcomes import STATE_VALUE

Decide = Callable[[bytes, bytes], str]
_Mask = npt.NDArray[np.bool_]
_Bits = npt.NDArray[np.uint64]
_Numbers = npt.NDArray[np.int8]
_Encodings = npt.NDArray[np.uint8]
_Rows = npt.NDArray[np.intp]

_PAIRS = 8192
WORDS = (SAME, VARIANT, BRANCH, DIFFERENT, REVIEW, UNKNOWN)
_SAME, _VARIANT, _BRANCH, _DIFFERENT, _REVIEW, _UNKNOWN = range(len(WORDS))
MALFORMED = -1
_OPEN = -2
_BITS = 64
_STARTS = dict(zip(NameParts._fields, accumulate(CAPS, initial=0), strict=False))
_CAP = CAPS._asdict()
_PLACE = {name: place for place, name in enumerate(NameParts._fields)}
_TOO_LONG = 1 << _BITS - 1
_FIRST_BYTE = np.uint64(0xFF)
_LAST_LENGTHS = np.uint64((1 << (len(CAPS) - 7) * 8) - 1)  # seven lengths stand in the first word


def _mask(*names: str) -> int:
    """The bits of the places of some parts."""
    return sum((1 << _STARTS[name] + _CAP[name]) - (1 << _STARTS[name]) for name in names)


def _allowed(name: str) -> _Bits:
    """By length of one part, the bits of the places that may be filled; for a length that is none, _TOO_LONG."""
    cap, start = _CAP[name], _STARTS[name]
    bits = [((1 << length) - 1) << start if length <= cap else _TOO_LONG for length in range(256)]
    return np.array(bits, np.uint64)


_ALLOWED = tuple(_allowed(name) for name in NameParts._fields)
_ALL = np.uint64((1 << SYMBOLS) - 1)


def _packed(flags: _Mask) -> _Bits:
    """Each row of SYMBOLS flags as the lowest bits of a word."""
    filled = np.zeros((len(flags), _BITS // 8), np.uint8)
    packed = np.packbits(flags, axis=1, bitorder="little")
    filled[:, : packed.shape[1]] = packed
    return filled.view("<u8")[:, 0]


class _Side(NamedTuple):
    """One side's encodings. ``heads``: what stands before the symbols, as words; ``lengths``: of each part;
    ``symbols``: each at its fixed place, zero where there is none; ``filled``: bits of those that are not zero."""

    state: npt.NDArray[np.uint8]
    heads: _Bits
    lengths: npt.NDArray[np.uint8]
    symbols: npt.NDArray[np.uint32]
    filled: _Bits

    def part(self, name: str, rows: _Rows) -> npt.NDArray[np.uint32]:
        """The symbols of one part, in some rows."""
        return self.symbols[rows, _STARTS[name] : _STARTS[name] + _CAP[name]]

    def length(self, name: str) -> npt.NDArray[np.uint8]:
        """How many symbols one part has."""
        return self.lengths[:, _PLACE[name]]


def _side(encodings: _Encodings) -> _Side:
    rows = np.ascontiguousarray(encodings)
    symbols = rows.view(np.uint32)[:, HEAD // SYMBOL_SIZE :]
    heads = rows.view("<u8")[:, : HEAD // 8]
    return _Side(rows[:, 0], heads, rows[:, 1 : 1 + len(CAPS)], symbols, _packed(symbols != 0))


def _malformed(side: _Side) -> _Mask:
    allowed = np.zeros(len(side.state), np.uint64)
    for place, by_length in enumerate(_ALLOWED):
        allowed |= by_length[side.lengths[:, place]]
    first, last = side.heads[:, 0], side.heads[:, 1]
    no_parts = (first <= _FIRST_BYTE) & (last == 0)
    wrong_value = (allowed >= _TOO_LONG) | ((side.filled & ~allowed) != 0) | no_parts | (last > _LAST_LENGTHS)
    wrong_unknown = (first != UNKNOWN_ENCODING[0]) | (last != 0) | (side.filled != 0)
    malformed: _Mask = np.where(side.state == STATE_VALUE, wrong_value, wrong_unknown)
    return malformed


class _Pairs(NamedTuple):
    """``same_places``: the bits of the places where both have the same symbol, or none."""

    one: _Side
    other: _Side
    same_places: _Bits

    def equal(self, *names: str) -> _Mask:
        """Whether these parts are equal, symbols and lengths."""
        wanted = np.uint64(_mask(*names))
        equal: _Mask = (self.same_places & wanted) == wanted
        for name in names:
            equal &= self.one.length(name) == self.other.length(name)
        return equal

    def both(self, name: str) -> _Mask:
        """Whether both names have this part."""
        both: _Mask = (self.one.length(name) != 0) & (self.other.length(name) != 0)
        return both


def verdicts(asking: Sequence[bytes], answering: Sequence[bytes], decide: Decide) -> list[str | None]:
    """The verdict of each pair of encodings of WIDTH bytes; None where one of the two is malformed.

    ``decide`` gives the verdict on one pair; it is asked where the columns leave a pair open.
    """
    one, other = (np.frombuffer(b"".join(side), np.uint8).reshape(-1, WIDTH) for side in (asking, answering))
    return [None if number == MALFORMED else WORDS[number] for number in settled(one, other, decide).tolist()]


def settled(asking: _Encodings, answering: _Encodings, decide: Decide) -> _Numbers:
    """Which of WORDS the verdict of each pair is, MALFORMED where one of the two is; sides are matrices of bytes."""
    found = np.empty(len(asking), np.int8)
    for start in range(0, len(asking), _PAIRS):
        one, other = asking[start : start + _PAIRS], answering[start : start + _PAIRS]
        numbers = _settle(_side(one), _side(other))
        for row in np.flatnonzero(numbers == _OPEN).tolist():
            numbers[row] = WORDS.index(decide(one[row].tobytes(), other[row].tobytes()))
        found[start : start + _PAIRS] = numbers
    return found


def _settle(one: _Side, other: _Side) -> _Numbers:
    """The numbers of the verdicts, in the order of ``decide``'s questions: what is asked first is written last."""
    pairs = _Pairs(one, other, _packed(one.symbols == other.symbols))
    equal_brand, equal_trade = pairs.equal("brand"), pairs.equal("trade", "closing")
    agreed = _agreed(pairs)
    numbers = np.full(len(one.state), _DIFFERENT, np.int8)
    _write_same_brand(numbers, pairs, equal_brand, equal_trade, agreed)
    _write_other_brand(numbers, pairs, ~equal_brand, equal_trade)
    contradiction = ~pairs.equal("ordinal")
    for level in ("province", "prefecture", "county"):
        contradiction |= pairs.both(level) & ~pairs.equal(level)
    numbers[contradiction] = _DIFFERENT
    same_head = (one.heads[:, 0] == other.heads[:, 0]) & (one.heads[:, 1] == other.heads[:, 1])
    numbers[(pairs.same_places == _ALL) & same_head] = _SAME
    numbers[(one.state != STATE_VALUE) | (other.state != STATE_VALUE)] = _UNKNOWN
    numbers[_malformed(one) | _malformed(other)] = MALFORMED
    return numbers


def _agreed(pairs: _Pairs) -> _Numbers:
    one = pairs.one
    other_region = ~pairs.equal("province", "prefecture", "county")
    no_brand, no_trade = one.length("brand") == 0, (one.length("trade") == 0) & (one.length("closing") == 0)
    person = (other_region & (pairs.both("province") | no_brand)) | (no_brand & no_trade)
    return np.where(person, _REVIEW, np.where(pairs.equal("tail"), _VARIANT, _BRANCH)).astype(np.int8)


def _abbreviated_shorter(pairs: _Pairs, *names: str) -> _Mask:
    """Whether the name with fewer symbols in these parts, the answering one if equal, has no legal form."""
    size, other_size = (sum(side.length(name) for name in names) for side in (pairs.one, pairs.other))
    form = np.where(np.less(size, other_size), pairs.one.length("form"), pairs.other.length("form"))
    abbreviated: _Mask = form == 0
    return abbreviated


def _write_same_brand(
    numbers: _Numbers, pairs: _Pairs, equal_brand: _Mask, equal_trade: _Mask, agreed: _Numbers
) -> None:  # fmt: skip
    one, other = pairs.one, pairs.other
    rows = equal_brand & equal_trade
    as_written = pairs.equal("works") | ~pairs.both("form")
    numbers[rows] = np.where(as_written, agreed, _REVIEW)[rows]
    rows = equal_brand & ~equal_trade
    sizes = one.length("trade") + one.length("closing"), other.length("trade") + other.length("closing")
    no_trade = ((sizes[0] == 0) | (sizes[1] == 0)) & (one.length("brand") >= TELLING_BRAND)
    shortened = rows & _abbreviated_shorter(pairs, "trade", "closing")
    numbers[shortened] = _OPEN
    numbers[rows & no_trade] = np.where(shortened, agreed, _REVIEW)[rows & no_trade]
    some = np.flatnonzero(rows & (sizes[0] == sizes[1]))
    words = slice(_STARTS["trade"], _STARTS["closing"] + _CAP["closing"])
    reordered = some[_same_when_sorted(one.symbols[some, words], other.symbols[some, words])]
    numbers[reordered] = agreed[reordered]


def _write_other_brand(numbers: _Numbers, pairs: _Pairs, rows: _Mask, equal_trade: _Mask) -> None:
    one, other = pairs.one, pairs.other
    size, other_size = one.length("brand"), other.length("brand")
    shorter = np.minimum(size, other_size)
    telling = rows & (shorter >= TELLING_BRAND)
    numbers[telling & _abbreviated_shorter(pairs, "brand")] = _OPEN
    near = rows & equal_trade
    long = np.flatnonzero(near & (size == other_size) & (shorter >= LONG_BRAND))
    numbers[long[_near(one.part("brand", long), other.part("brand", long))]] = _REVIEW
    numbers[near & pairs.equal("sound")] = _REVIEW
    some = np.flatnonzero(telling & equal_trade)
    repeats = _repeats(one.part("brand", some)) | _repeats(other.part("brand", some))
    numbers[some[repeats]] = _OPEN
    # A word cut short: a character more of brand where there is a word less of trade.
    apart = size.astype(np.int8) - other_size.astype(np.int8)
    numbers[telling & ~equal_trade & (np.abs(apart) == 1)] = _OPEN


def _same_when_sorted(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> _Mask:
    same: _Mask = (np.sort(one, axis=1) == np.sort(other, axis=1)).all(axis=1)
    return same


def _repeats(brand: npt.NDArray[Any]) -> _Mask:
    # A symbol is zero once in four thousand million times; then decide answers, and answers the same.
    repeats: _Mask = ((brand[:, 1:] == brand[:, :-1]) & (brand[:, 1:] != 0)).any(axis=1)
    return repeats


def _near(brand: npt.NDArray[Any], other_brand: npt.NDArray[Any]) -> _Mask:
    """Whether brands of equal length hold the same symbols, or are one edit apart."""
    if not len(brand):
        return np.zeros(0, np.bool_)
    # Symbols as code points of packed strings: of a pair, each is the first place where its symbol stands.
    both = np.concatenate([brand, other_brand], axis=1)
    renumbered = (both[:, :, np.newaxis] == both[:, np.newaxis, :]).argmax(axis=2)
    text = renumbered.astype("<u4").tobytes().decode("utf-32-le")
    strings = [text[start : start + CAPS.brand] for start in range(0, len(text), CAPS.brand)]
    distances = cpdist(strings[::2], strings[1::2], scorer=OSA.distance, score_cutoff=1)
    near: _Mask = _same_when_sorted(brand, other_brand) | (distances <= 1)
    return near
