"""A name taken apart: the parts that are compared, each a short sequence of numbers with its own label.

Design section 4: a symbol is made of a kind, a part and a number. The caps fix the width of an encoding, and a longer
name is cut here, before either path sees it, so that blinded and plain still decide alike.
"""

from __future__ import annotations

from typing import NamedTuple

CHARACTER, SYLLABLE, REGION, TRADE, FORM, NUMERAL, MARK = 1, 2, 3, 4, 5, 6, 7

Numbers = tuple[int, ...]
NO, YES = (0,), (1,)


class NameParts(NamedTuple):
    """Numbers of each part; empty where the name does not say. A part's label is its place here, from 1.

    Regions hold GB/T 2260 codes; ``form`` and ``trade`` entries of the pinned data; ``brand`` code points; ``sound``
    the syllable of each character of the brand. ``ordinal`` is one number for all of 第一, 第二 ..., 0 for none.
    ``group``, ``works`` and ``tail`` are YES or NO: the name says 集团, ends in 工程, is of a branch or department.
    These four are always there: only whether two names agree in them matters, and a missing part would tell something.
    ``closing`` are the last of the trade words if they say little (科技, 发展); ``seam`` is the last character of the
    brand and the first and last of the trade word after it, 0 for none: how a word that lost a character is recognised.
    """

    province: Numbers
    prefecture: Numbers
    county: Numbers
    ordinal: Numbers
    form: Numbers
    group: Numbers
    works: Numbers
    tail: Numbers
    trade: Numbers
    closing: Numbers
    brand: Numbers
    sound: Numbers
    seam: Numbers


class _Caps(NamedTuple):
    """The most numbers each part may have."""

    province: int
    prefecture: int
    county: int
    ordinal: int
    form: int
    group: int
    works: int
    tail: int
    trade: int
    closing: int
    brand: int
    sound: int
    seam: int


KINDS = (REGION, REGION, REGION, NUMERAL, FORM, MARK, MARK, MARK, TRADE, TRADE, CHARACTER, SYLLABLE, CHARACTER)
# Trade words stand under one label, closing or not: 发展 may be the last word of one name and not of the other.
LABELS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 10, 11, 12)
CAPS = _Caps(1, 1, 1, 1, 1, 1, 1, 1, 8, 3, 20, 10, 3)
SYMBOLS = sum(CAPS)
EMPTY = NameParts((), (), (), (), (), (), (), (), (), (), (), (), ())
