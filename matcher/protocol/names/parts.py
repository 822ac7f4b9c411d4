"""A name taken apart: the parts that are compared, each a short sequence of numbers with its own label.

Design section 4: a symbol is made of a kind, a part and a number. The caps fix the width of an encoding, and a longer
name is cut here, before either path sees it, so that blinded and plain still decide alike.
"""

from __future__ import annotations

from typing import NamedTuple

CHARACTER, REGION, TRADE, FORM, NUMERAL, MARK = 1, 3, 4, 5, 6, 7  # kind 2 is kept for pinyin syllables


class NameParts(NamedTuple):
    """Numbers of each part. At most one of each but brand, trade and ordinal; empty where the name does not say.

    ``brand`` holds code points, regions GB/T 2260 codes, ``trade`` and ``form`` entries of the pinned data, ``group``
    and ``tail`` the mark 1: the name says 集团; the name is that of a branch or department.
    """

    province: tuple[int, ...]
    prefecture: tuple[int, ...]
    county: tuple[int, ...]
    ordinal: tuple[int, ...]
    form: tuple[int, ...]
    group: tuple[int, ...]
    tail: tuple[int, ...]
    trade: tuple[int, ...]
    brand: tuple[int, ...]


KINDS = NameParts(
    (REGION,), (REGION,), (REGION,), (NUMERAL,), (FORM,), (MARK,), (MARK,), (TRADE,), (CHARACTER,)
)  # fmt: skip
CAPS = (1, 1, 1, 3, 1, 1, 1, 8, 24)
SYMBOLS = sum(CAPS)
EMPTY = NameParts((), (), (), (), (), (), (), (), ())
