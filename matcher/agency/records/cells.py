"""How a column's cells are read, by the column's type in the agreement: values, their JSON, and problems by row.

The rules themselves are the protocol's (normalise.py); here they meet whole columns, units of money and the
comparators' limits. A reader takes stripped cells. An empty one is unknown (no flag, for flags), a problem if required.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from json.encoder import encode_basestring
from typing import Any

from matcher.agency.records import faults
from matcher.protocol import normalise
from matcher.protocol.agreement.model import Column
from matcher.protocol.comparators.ratio import MAX_AMOUNT
from matcher.protocol.errors import AgreementError, InputError

CREDIT_CODE = "credit-code-check"
_NULL = "null"
_MEMORY = 4096
_SHORT = 13  # digits of whole yuan that stay within MAX_AMOUNT fen
_SERIAL = re.compile(r"[1-7]\d{4}(?:\.\d*)?", re.ASCII)
Parse = Callable[[str], Any]
Reader = Callable[[Sequence[str]], "Cells"]
quote: Callable[[str], str] = encode_basestring


@dataclass(slots=True)
class Cells:
    """One column of some rows. ``values`` by row (None: unknown), ``json`` the same as JSON; ``problems`` are codes,
    ``warned`` rows whose cell counts as unknown though it holds something."""

    values: list[Any]
    json: list[str]
    problems: dict[int, str]
    warnings: Counter[str] = field(default_factory=Counter)
    warned: list[int] = field(default_factory=list)


def reader(column: Column, unit: str, codes: Sequence[str]) -> Reader:
    """The reader of a column that is not a link. ``unit`` is of money; ``codes`` are those of the field it feeds."""
    parse: Parse
    if column.type == "amount":
        parse = _yuan if unit == "元" else partial(_amount, unit=unit)
    elif column.type == "choice":
        parse = _remembering(partial(normalise.choice, choices=column.choices or {}))
    elif column.type == "flags":
        parse = _remembering(partial(normalise.flags, codes=codes, choices=column.choices))
    else:
        parse = _PARSERS[column.type]
    return partial(
        _read,
        parse=parse,
        show=str if column.type in _NUMBERS else quote,
        empty=0 if column.type == "flags" else None,
        required=column.required,
        checked=column.type == "credit-code",
    )


def link_reader(normaliser: str) -> Reader:
    """The reader of link values. Raises AgreementError for a normaliser this program does not have."""
    if normaliser not in _LINK_PARSERS:
        raise AgreementError(f"the agreement's normaliser {normaliser!r} is not known to this program")
    return partial(_read, parse=_LINK_PARSERS[normaliser], show=None, empty=None, required=False, checked=False)


def named(name: str, texts: Sequence[str]) -> list[str]:
    """``,"name":"text"`` for each text that is not empty: members of a JSON object behind another."""
    head = f",{quote(name)}:"
    return [head + quote(text) if text else "" for text in texts]


def _read(
    texts: Sequence[str], *, parse: Parse, show: Callable[[Any], str] | None, empty: Any, required: bool, checked: bool
) -> Cells:
    problems: dict[int, str] = {}
    # Where any text is a value, marks are looked for first; elsewhere a mark is no value, and is looked for then.
    found = faults.find(texts) if parse in _TAKE_ANY_TEXT else {}
    try:
        values = [parse(text) if text else empty for text in _without(texts, found)]
    except InputError:
        found = faults.find(texts)
        values = [_one(index, text, parse, empty, problems) for index, text in enumerate(_without(texts, found))]
    if required:
        problems |= {index: "empty" for index, text in enumerate(texts) if not text}
    problems |= found
    result = Cells(values, [], problems)
    if show is not None:
        result.json = [_NULL if value is None else show(value) for value in values]
    if checked:
        unknown = sum(value is None for value in values) - texts.count("")
        if unknown:
            result.problems |= (found := faults.find(texts))
            result.warned = [
                index
                for index, (value, text) in enumerate(zip(values, texts, strict=True))
                if value is None and text and index not in found
            ]
        result.warnings = Counter({CREDIT_CODE: len(result.warned)} if result.warned else {})
    return result


def _without(texts: Sequence[str], found: Mapping[int, str]) -> Sequence[str]:
    """``texts`` as if those that cannot be read were not there."""
    return ["" if index in found else text for index, text in enumerate(texts)] if found else texts


def _one(index: int, text: str, parse: Parse, empty: Any, problems: dict[int, str]) -> Any:
    if not text:
        return empty
    try:
        return parse(text)
    except InputError as error:
        problems[index] = error.code
        return None


def _remembering(parse: Parse) -> Parse:
    """``parse`` for columns of few different cells."""
    known: dict[str, Any] = {}

    def remembered(text: str) -> Any:
        if (value := known.get(text)) is None:
            value = parse(text)
            if len(known) < _MEMORY:
                known[text] = value
        return value

    return remembered


def _yuan(cell: str) -> int:
    """``_amount`` in yuan, with a short way for digits with two decimals, which most cells are."""
    whole, _point, fraction = cell.partition(".")
    if len(fraction) == 2 and len(whole) <= _SHORT and cell.isascii() and whole.isdigit() and fraction.isdigit():
        return int(whole + fraction)
    return _amount(cell, "元")


def _amount(cell: str, unit: str) -> int:
    fen = normalise.amount_fen(cell, unit)
    if not -MAX_AMOUNT <= fen <= MAX_AMOUNT:
        raise normalise.refusal("amount-size")
    return fen


def _date(cell: str) -> int:
    try:
        return normalise.date_days(cell)
    except InputError as error:
        if error.code == "date-malformed" and _SERIAL.fullmatch(cell):
            raise InputError("a spreadsheet's day number", code="date-serial") from None
        raise


def _text(cell: str) -> str:
    text = normalise.text(cell)
    if len(text) > normalise.MAX_TEXT:
        raise normalise.refusal("too-long")
    return text


def _checked_code(cell: str) -> str:
    code = normalise.credit_code(cell)
    if code is None:
        raise InputError("a credit code whose check character does not hold", code=CREDIT_CODE)
    return code


_NUMBERS = frozenset(("amount", "date", "flags"))
_PARSERS: Mapping[str, Parse] = {
    "account": normalise.account_number,
    "company": normalise.company_name,
    "credit-code": normalise.credit_code,
    "date": _date,
    "text": _text,
}
_TAKE_ANY_TEXT = frozenset((normalise.company_name, _text))
_LINK_PARSERS: Mapping[str, Callable[[str], str]] = {
    "account-number": normalise.account_number,
    "credit-code": _checked_code,
    "company-name": normalise.company_name,
}
