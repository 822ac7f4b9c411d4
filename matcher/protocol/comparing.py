"""Comparing whole columns of vectors: what each comparator's ``compare`` says of many joined pairs at once.

A column of a side is a matrix of bytes, one encoding a row. A property test holds columns equal to ``compare``, pair by
pair. Loads numpy, so only who compares imports this; names are compared in names/columns.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from matcher.protocol.agreement.model import Field
from matcher.protocol.comparators import COMPARATORS
from matcher.protocol.comparators.ratio import signs
from matcher.protocol.errors import VerificationError
from matcher.protocol.names import columns as names
from matcher.protocol.names import compare
from matcher.protocol.outcomes import (
    STATE_NEGATIVE,
    STATE_UNKNOWN,
    STATE_VALUE,
    STATE_ZERO,
    UNKNOWN_KIND,
    VALUE_KIND,
    Outcome,
)

Matrix = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
_Kinds = npt.NDArray[np.int8]
MALFORMED = -1
_SIGNS = tuple(range(4))


class OutcomeColumn(NamedTuple):
    """Outcomes of one field for many pairs.

    ``kinds`` says which of ``words`` each is, MALFORMED where an encoding is none. ``numbers`` and ``codes`` are as in
    Outcome; None where all are 0.
    """

    words: tuple[str, ...]
    kinds: _Kinds
    numbers: npt.NDArray[np.int64] | None = None
    codes: npt.NDArray[np.uint64] | None = None

    def one(self, row: int) -> Outcome | None:
        """The outcome of one pair; None where an encoding is malformed."""
        kind = int(self.kinds[row])
        if kind == MALFORMED:
            return None
        number, codes = (0 if column is None else int(column[row]) for column in (self.numbers, self.codes))
        return Outcome(self.words[kind], number, codes)


def outcome_columns(fields: Sequence[Field], asking: Matrix, answering: Matrix) -> list[OutcomeColumn]:
    """The outcomes of many pairs of vectors, field by field. Raises VerificationError for another width."""
    ends = list(accumulate((COMPARATORS[field.comparator].width for field in fields), initial=0))
    if asking.shape != answering.shape or asking.shape[1] != ends[-1]:
        raise VerificationError("comparison vector: its width is not the flow's")
    return [
        _COLUMNS[field.comparator](asking[:, start:end], answering[:, start:end])
        for field, (start, end) in zip(fields, pairwise(ends), strict=True)
    ]


def readable(columns: Sequence[OutcomeColumn], count: int) -> Mask:
    """Of ``count`` pairs, those without a malformed encoding."""
    good: Mask = np.ones(count, np.bool_)
    for column in columns:
        good &= column.kinds != MALFORMED
    return good


def _states(side: Matrix, *allowed: int) -> tuple[Matrix, Mask]:
    """The state bytes, and where the encoding is malformed: another state, or one that carries a value."""
    states = side[:, 0]
    others = states != STATE_VALUE
    wrong: Mask = others & (~np.isin(states, allowed) | side[:, 1:].any(axis=1))
    return states, wrong


def _both(asking: Matrix, answering: Matrix, *allowed: int) -> tuple[Matrix, Matrix, Mask]:
    left, wrong = _states(asking, *allowed)
    right, also = _states(answering, *allowed)
    return left, right, wrong | also


def _number(side: Matrix, kind: str) -> npt.NDArray[Any]:
    """What stands behind the state byte, big-endian."""
    return np.ascontiguousarray(side[:, 1:]).view(kind)[:, 0]


def _exact(asking: Matrix, answering: Matrix) -> OutcomeColumn:
    left, right, wrong = _both(asking, answering, STATE_UNKNOWN)
    kinds = np.where((asking == answering).all(axis=1), 0, 1).astype(np.int8)
    kinds[(left | right) != STATE_VALUE] = 2
    kinds[wrong] = MALFORMED
    return OutcomeColumn(("same", "different", UNKNOWN_KIND), kinds)


def _ratio(asking: Matrix, answering: Matrix) -> OutcomeColumn:
    left, right, wrong = _both(asking, answering, STATE_UNKNOWN, STATE_ZERO, STATE_NEGATIVE)
    numbers = (_number(answering, ">u8").astype(np.uint64) - _number(asking, ">u8").astype(np.uint64)).view(np.int64)
    kinds = np.zeros(len(numbers), np.int8)
    rows = np.flatnonzero(((left | right) != STATE_VALUE) & ~wrong)
    kinds[rows] = _SIGN_KINDS[left[rows], right[rows]]
    numbers[rows] = _SIGN_NUMBERS[left[rows], right[rows]]
    kinds[wrong] = MALFORMED
    return OutcomeColumn(_RATIO_WORDS, kinds, numbers)


def _days(asking: Matrix, answering: Matrix) -> OutcomeColumn:
    left, right, wrong = _both(asking, answering, STATE_UNKNOWN)
    difference = _number(answering, ">u4").astype(np.uint32) - _number(asking, ">u4").astype(np.uint32)
    numbers = difference.view(np.int32).astype(np.int64)
    unknown = (left | right) != STATE_VALUE
    numbers[unknown] = 0
    kinds = unknown.astype(np.int8)
    kinds[wrong] = MALFORMED
    return OutcomeColumn((VALUE_KIND, UNKNOWN_KIND), kinds, numbers)


def _flags(asking: Matrix, answering: Matrix) -> OutcomeColumn:
    _left, right, wrong = _both(asking, answering, STATE_UNKNOWN)
    kinds = (right != STATE_VALUE).astype(np.int8)
    kinds[wrong] = MALFORMED
    # An unknown encoding is zero-filled, so that it has no codes.
    return OutcomeColumn((VALUE_KIND, UNKNOWN_KIND), kinds, None, _number(answering, ">u8").astype(np.uint64))


def _company_name(asking: Matrix, answering: Matrix) -> OutcomeColumn:
    return OutcomeColumn(names.WORDS, names.settled(asking, answering, compare))


_COLUMNS: Mapping[str, Callable[[Matrix, Matrix], OutcomeColumn]] = {
    "exact": _exact, "company-name": _company_name, "ratio": _ratio, "days": _days, "flags": _flags,
}  # fmt: skip
_SIGN_OUTCOMES = [[signs(left, right) for right in _SIGNS] for left in _SIGNS]
_RATIO_WORDS = (VALUE_KIND, UNKNOWN_KIND, "zero", "negative")
_SIGN_KINDS = np.array([[_RATIO_WORDS.index(it.kind) for it in row] for row in _SIGN_OUTCOMES], np.int8)
_SIGN_NUMBERS = np.array([[it.number for it in row] for row in _SIGN_OUTCOMES], np.int64)
