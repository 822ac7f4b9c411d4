"""Which cell of a row feeds which column of the agreement.

A header matches a column when it is one of the column's spellings, or its name, after NFKC, without spaces and
invisible characters, case-folded, with every kind of bracket as a plain one. Headers the agreement does not know are
not read at all: what nobody agreed on does not enter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError

_BRACKETS = str.maketrans({"[": "(", "]": ")", "【": "(", "】": ")", "〔": "(", "〕": ")", "{": "(", "}": ")"})
_UNIT = re.compile(r"\((分|元|千元|万元|万|亿元)\)")
_INVISIBLE = frozenset(("Cf", "Cc", "Zs", "Zl", "Zp"))


def normal_header(text: str) -> str:
    """The spelling by which headers are compared."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in plain if unicodedata.category(letter) not in _INVISIBLE).translate(_BRACKETS)


def unit_of(header: str) -> str:
    """The unit of money that a header names in brackets, as in 应发工资(万元); 元 when it names none."""
    found = _UNIT.search(normal_header(header))
    return found[1] if found else "元"


def map_headers(file: str, headers: Sequence[str], columns: Sequence[Column]) -> tuple[tuple[int, Column], ...]:
    """(cell position, column) for each column that is there, in the agreement's order.

    Raises InputError, naming ``file`` and column, for no known header, a missing required column, one that stands
    twice, or no link column at all.
    """
    # A column without headers is set by others and is never in a file, whatever a header says.
    in_files = [column for column in columns if column.headers]
    spellings = {normal_header(text): column for column in in_files for text in (*column.headers, column.name)}
    found: dict[str, int] = {}
    for position, text in enumerate(headers):
        column = spellings.get(normal_header(text))
        if column is None:
            continue
        if column.name in found:
            raise InputError(
                f"{file}: column {column.name} stands twice, as column {found[column.name] + 1} and {position + 1}",
                remedy="Remove or rename one of the two headers.",
            )
        found[column.name] = position
    if not found:
        raise InputError(
            f"{file}: the first line has no header that the agreement knows",
            remedy="Put the column headers in the first line, separated by commas: " + ", ".join(map(_shown, in_files)),
        )
    missing = [column for column in in_files if column.required and column.name not in found]
    if missing:
        raise InputError(
            f"{file}: required columns are missing: {', '.join(_shown(column) for column in missing)}",
            remedy="Add the columns, or correct the spelling of their headers.",
        )
    if not any(column.link for column in columns if column.name in found):
        links = ", ".join(_shown(column) for column in in_files if column.link)
        raise InputError(f"{file}: none of the columns to compare by is there: {links}", remedy="Add one of them.")
    return tuple((found[column.name], column) for column in columns if column.name in found)


def _shown(column: Column) -> str:
    return f"{column.headers[0]} ({column.name})"
