"""How a column's cells are read, by the column's type in the agreement; every reader raises InputError with a code.

The rules themselves are the protocol's (normalise.py); here they meet columns, units and the comparators' limits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from matcher.protocol import normalise
from matcher.protocol.agreement.model import Column
from matcher.protocol.comparators.ratio import MAX_AMOUNT
from matcher.protocol.errors import AgreementError, InputError

CREDIT_CODE = "credit-code-check"
Parse = Callable[[str], Any]


def parser(column: Column, unit: str, codes: Sequence[str]) -> Parse:
    """The reader of a column that is not a link. ``unit`` is of money; ``codes`` are those of the field it feeds."""
    if column.type == "amount":
        return partial(_amount, unit=unit)
    if column.type == "choice":
        return partial(normalise.choice, choices=column.choices or {})
    if column.type == "flags":
        return partial(normalise.flags, codes=codes, choices=column.choices)
    return _PARSERS[column.type]


def link_parser(normaliser: str) -> Callable[[str], str]:
    """The reader of link values. Raises AgreementError for a normaliser this program does not have."""
    if normaliser not in _LINK_PARSERS:
        raise AgreementError(f"the agreement's normaliser {normaliser!r} is not known to this program")
    return _LINK_PARSERS[normaliser]


def _amount(cell: str, unit: str) -> int:
    fen = normalise.amount_fen(cell, unit)
    if abs(fen) > MAX_AMOUNT:
        raise normalise.refusal("amount-size")
    return fen


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


_PARSERS: Mapping[str, Parse] = {
    "account": normalise.account_number,
    "company": normalise.company_name,
    "credit-code": normalise.credit_code,
    "date": normalise.date_days,
    "text": _text,
}
_LINK_PARSERS: Mapping[str, Callable[[str], str]] = {
    "account-number": normalise.account_number,
    "credit-code": _checked_code,
    "company-name": normalise.company_name,
}
