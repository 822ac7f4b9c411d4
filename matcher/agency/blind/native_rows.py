"""Rows of many records by the native crate: columns in, rows out, the same bytes as portable_rows.py."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from types import ModuleType
from typing import Any

from keys import native
from matcher.agency.blind.context import Context
from matcher.protocol import names, rows
from matcher.protocol.comparators.ratio import SCALE
from matcher.protocol.names.parts import CAPS, EMPTY, KINDS, LABELS
from matcher.protocol.vector import field_key_message

_LEAF_SIZE = 32
_NO_PLAN = 0xFFFFFFFF
_REMEMBERED = 1 << 15
_SCALE = array("q", SCALE).tobytes()
_PARTS = b"".join(map(bytes, zip(KINDS, LABELS, CAPS, strict=True)))
Column = Sequence[Any]


def make(
    crate: ModuleType, context: Context, handles: Sequence[bytes], secrets: Sequence[bytes], columns: Sequence[Column],
    nonces: bytes,
) -> tuple[list[bytes], list[bytes]]:  # fmt: skip
    """(rows as sent, their leaf hashes), in the order of ``handles``; as portable_rows.make."""
    fields = [
        _FIELDS[field.comparator](crate, field_key_message(field.name, field.comparator), column)
        for field, column in zip(context.layout.fields, columns, strict=True)
    ]
    packed, leaves, _order = crate.derive_rows(
        b"".join(secrets), context.record_info, context.row_aad, context.setup.side == "asking", b"".join(handles),
        fields, sorted=False, nonces=nonces, threads=1,
    )  # fmt: skip
    return native.split(packed, rows.row_size(context.layout.width)), native.split(leaves, _LEAF_SIZE)


def _known(column: Column) -> bytes:
    return bytes(value is not None for value in column)


def _numbers(column: Column) -> bytes:
    return array("q", (0 if value is None else value for value in column)).tobytes()


def _exact(crate: ModuleType, message: bytes, column: Column) -> Any:
    values = native.column([b"" if value is None else value.encode() for value in column])
    return crate.Field.exact(message, *values, _known(column))


def _ratio(crate: ModuleType, message: bytes, column: Column) -> Any:
    return crate.Field.ratio(message, _numbers(column), _SCALE, _known(column))


def _days(crate: ModuleType, message: bytes, column: Column) -> Any:
    return crate.Field.days(message, _numbers(column), _known(column))


def _flags(crate: ModuleType, _message: bytes, column: Column) -> Any:
    return crate.Field.flags(_numbers(column), _known(column))


def _company_name(crate: ModuleType, message: bytes, column: Column) -> Any:
    places: dict[str, int] = {}
    index = array("I", (_NO_PLAN if name is None else places.setdefault(name, len(places)) for name in column))
    plans = native.column([_plan(name) for name in places])
    return crate.Field.company_name(message, *plans, index.tobytes(), _PARTS, names.WIDTH)


@lru_cache(maxsize=_REMEMBERED)
def _plan(name: str) -> bytes:
    """The lengths of a name's parts, then its symbols' numbers; empty for a name that says nothing."""
    parts = names.split(name)
    if parts == EMPTY:
        return b""
    numbers = tuple(chain.from_iterable(parts))
    return bytes(map(len, parts)) + struct.pack(f">{len(numbers)}I", *numbers)


_FIELDS: Mapping[str, Callable[[ModuleType, bytes, Column], Any]] = {
    "exact": _exact, "company-name": _company_name, "ratio": _ratio, "days": _days, "flags": _flags,
}  # fmt: skip
