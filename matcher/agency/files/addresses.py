"""Addresses in a sheet: columns as letters, merged areas."""

from __future__ import annotations

import re
from typing import NamedTuple

_AREA = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})")


class Merge(NamedTuple):
    """One merged area: rows from 1, columns from 0, all inclusive."""

    first_row: int
    last_row: int
    first_column: int
    last_column: int


def letters(position: int) -> str:
    """A column as spreadsheets call it: 0 is A, 25 Z, 26 AA."""
    name = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def position_of(name: str) -> int:
    """The position, from 0, of the column called ``name``."""
    position = 0
    for letter in name:
        position = position * 26 + ord(letter) - ord("A") + 1
    return position - 1


def merge_of(area: str) -> Merge:
    """The area written as ``A1:B2``. Raises ValueError for another text."""
    found = _AREA.fullmatch(area)
    if found is None:
        raise ValueError("merge")
    return Merge(int(found[2]), int(found[4]), position_of(found[1]), position_of(found[3]))
