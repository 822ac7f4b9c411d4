"""A spreadsheet's numbers as the text a person would have typed, by the type of the column they stand in.

A sheet stores a number in binary with fifteen certain digits. An account number or code of more digits has lost its
last ones and is refused, never completed; an amount is taken at the fifteen digits that the spreadsheet shows; a day
number becomes a date by the workbook's own calendar (from 1900 or from 1904). Left to others: what the text means
(records/cells.py), dates and times in Parquet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache, partial
from typing import NamedTuple

from matcher.agency.records.faults import mark
from matcher.protocol.agreement.model import Column

CERTAIN_DIGITS = 15
_SHOWN = Context(prec=CERTAIN_DIGITS)
_EPOCH_1900 = date(1899, 12, 30)  # day 60 is the 29th of February 1900, which never was; no date before it is read
_EPOCH_1904 = date(1904, 1, 1)
_DAYS = range(18_000, 74_000)  # 1949 to 2102: what a plain number in a column of dates is taken for
_LAST_DAY = 2_958_465
_QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_DATE_LETTERS = re.compile(r"[ymdhs年月日时分秒]", re.IGNORECASE)
_ZEROS = re.compile(r"0{2,32}")
_DATE_FORMATS = frozenset((*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)))


class Style(NamedTuple):
    """How a number is shown: as a date, or padded with zeros to so many digits."""

    is_date: bool = False
    zeros: int = 0


PLAIN = Style()
Number = Callable[[str, Style], str]
SHOWN = "amount"  # the kind of ``shown``, where no date is meant


def style_of(number_format: int, code: str) -> Style:
    """The style of a number format: its id, and its code if it is the workbook's own (ECMA-376 part 1, 18.8.30)."""
    if not code:
        return Style(is_date=number_format in _DATE_FORMATS)
    first = code.split(";")[0]
    if _ZEROS.fullmatch(first):
        return Style(zeros=len(first))
    bare = _QUOTED.sub("", first)
    return Style(is_date=bool(_DATE_LETTERS.search(bare)) and bare.lower() not in ("general", "g/通用格式", "g/標準"))


def number_kind(column: Column) -> str:
    """How numbers of ``column`` are read: "amount"; "date"; "exact", to the last digit; or "loose"."""
    if column.type in ("amount", "date"):
        return column.type
    return "exact" if column.type in ("account", "credit-code") or column.link or column.row_id else "loose"


def number_reader(column: Column, *, from_1904: bool) -> Number:
    """How numbers of ``column`` become text: a function of the number as the file writes it, and its style."""
    kind = number_kind(column)
    return partial(_date, from_1904=from_1904) if kind == "date" else _BY_KIND[kind]


def shown(raw: str, style: Style = PLAIN) -> str:
    """Any number as a person would write it; for headers and titles."""
    return str(_day(raw, from_1904=False)) if style.is_date else _plain(raw)


def _exact(raw: str, style: Style) -> str:
    if style.is_date:
        return mark("cell-is-date")
    if raw.isdigit() and len(raw) <= CERTAIN_DIGITS:
        return raw.zfill(style.zeros) if style.zeros else raw
    value = _decimal(raw)
    if value is None or value != value.to_integral_value() or abs(value) >= 10**CERTAIN_DIGITS:
        return mark("excel-float")
    return format(value.to_integral_value(), "f").zfill(style.zeros)


def _loose(raw: str, style: Style) -> str:
    if style.is_date:
        return mark("cell-is-date")
    value = _decimal(raw)
    if value is None or abs(value) >= 10**CERTAIN_DIGITS:
        return mark("excel-float")
    return _plain(raw).zfill(style.zeros)


def _amount(raw: str, style: Style) -> str:
    return mark("cell-is-date") if style.is_date else _plain(raw)


def _date(raw: str, style: Style, *, from_1904: bool) -> str:
    if not style.is_date and not (raw.partition(".")[0].isdigit() and int(raw.partition(".")[0]) in _DAYS):
        return _plain(raw)
    return _day(raw, from_1904=from_1904)


@lru_cache(maxsize=1 << 13)
def _day(raw: str, *, from_1904: bool) -> str:
    value = _decimal(raw)
    if value is None or not 0 <= value <= _LAST_DAY - 1462:
        return mark("date-impossible")
    return ((_EPOCH_1904 if from_1904 else _EPOCH_1900) + timedelta(days=int(value))).isoformat()


def _plain(raw: str) -> str:
    if raw.isdigit() and len(raw) <= CERTAIN_DIGITS:
        return raw
    value = _decimal(raw)
    if value is None:
        return mark("cell-type")
    text = format(_SHOWN.plus(value), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _decimal(raw: str) -> Decimal | None:
    try:
        value = Decimal(raw)
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) < 400 else None


_BY_KIND: Mapping[str, Number] = {"amount": _amount, "exact": _exact, "loose": _loose}
