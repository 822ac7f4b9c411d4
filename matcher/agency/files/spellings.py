"""Which column of the agreement a header names, and the unit of money it gives.

A header matches a column when it is one of the column's spellings, or its name, after NFKC, without spaces and
invisible characters, case-folded, with every kind of bracket as a plain one, and without the asterisk, colon or (必填)
of a form. A header of an amount may add a unit in brackets to any spelling. A source's own mapping comes first, and
what it names is found by that header alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from matcher.agency.files.mappings import UNITS, SourceMapping
from matcher.protocol.agreement.model import Column

YUAN = "元"
_BRACKETS = str.maketrans({"[": "(", "]": ")", "【": "(", "】": ")", "〔": "(", "〕": ")", "{": "(", "}": ")"})
_ONE_OF = "|".join(sorted(UNITS, key=len, reverse=True))
_UNIT = re.compile(rf"\((?:单位)?(?:人民币)?({_ONE_OF})\)")
_STATED = re.compile(rf"单位[:：\s]*(?:人民币)?({_ONE_OF})(?![\w])")
_LONGEST = 200
_INVISIBLE = frozenset(("Cf", "Cc", "Zs", "Zl", "Zp"))
_DEMANDS = re.compile(r"\((?:必填|选填|非必填|required|optional)\)|[*:]")


@lru_cache(maxsize=4096)
def normal_header(text: str) -> str:
    """The spelling by which headers are compared. What is longer than any header is cut."""
    plain = unicodedata.normalize("NFKC", text[:_LONGEST]).casefold()
    seen = "".join(letter for letter in plain if unicodedata.category(letter) not in _INVISIBLE)
    return _DEMANDS.sub("", seen.translate(_BRACKETS))


def unit_in(header: str) -> str:
    """The unit of money that a header names in brackets, as in 应发工资(万元); empty when it names none."""
    found = _UNIT.search(normal_header(header))
    return found[1] if found else ""


def stated_unit(cells: Sequence[str]) -> str:
    """The unit that a line above the header states for the whole table, as in 单位：万元; empty for none."""
    for cell in cells:
        if found := _STATED.search(cell):
            return found[1]
    return ""


class Found(NamedTuple):
    """A column of the agreement, and the unit its header gives (empty: none)."""

    column: Column
    unit: str


class Spellings:
    """The headers of one side's columns, with a source's mapping if it has one."""

    def __init__(self, columns: Sequence[Column], mapping: SourceMapping | None = None) -> None:
        self.mapping = mapping
        # A column without headers is set by others and is never in a file, whatever a header says.
        self.columns = tuple(column for column in columns if column.headers)
        by_name = {column.name: column for column in self.columns}
        entries = mapping.entries if mapping else ()
        self._mapped = {
            normal_header(entry.header): Found(by_name[entry.column], entry.unit)
            for entry in entries
            if entry.column in by_name
        }
        taken = {found.column.name for found in self._mapped.values()}
        self._known = {
            normal_header(text): column
            for column in self.columns
            if column.name not in taken
            for text in (*column.headers, column.name)
        }

    def find(self, header: str) -> Found | None:
        """What ``header`` names, or None."""
        normal = normal_header(header)
        if mapped := self._mapped.get(normal):
            return mapped._replace(unit=mapped.unit or unit_in(header))
        column = self._known.get(normal)
        if column is None and (unit := _UNIT.search(normal)):
            column = self._known.get(normal[: unit.start()] + normal[unit.end() :])
            column = column if column is not None and column.type == "amount" else None
        return None if column is None else Found(column, unit_in(header))

    def absent(self, headers: Sequence[str]) -> tuple[str, ...]:
        """The mapping's headers that are not among ``headers``."""
        present = {normal_header(header) for header in headers}
        entries = self.mapping.entries if self.mapping else ()
        return tuple(entry.header for entry in entries if normal_header(entry.header) not in present)
