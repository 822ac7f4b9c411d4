"""A column of a Parquet file as text, as a person would write it, without an object for each cell.

What stands in floating point obeys the rule for a spreadsheet's numbers (typed.py). A point in time counts as its day
in China. What Arrow writes in another way than that, a function for one value writes. Needs pyarrow: see
parquet_rows.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import numpy
import pyarrow as arrow
from pyarrow import compute, types

from matcher.agency.files.batches import MAX_CELL
from matcher.agency.files.typed import CERTAIN_DIGITS, PLAIN, number_reader
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError
from matcher.protocol.zone import CHINA_SECONDS

Texts = Callable[[Any], Any]
Show = Callable[[Any], str]
_MOST_BYTES = 4 * MAX_CELL
# Arrow writes a decimal of more places with an exponent where it is small.
_PLACES = range(7)
_FIRST_DAY, _LAST_DAY = date(1000, 1, 1), date(9999, 12, 31)
_SHORT_FRACTION = r"^(0|[1-9][0-9]*)\.[0-9]+$"


def texts(file: str, kind: Any, column: Column) -> Texts:
    """How arrays of type ``kind`` become arrays of text, of the same length and without nulls.

    Raises InputError for a type that is not read.
    """
    read = _texts(kind, column)
    if read is None:
        raise InputError(
            f"{file}: column {column.name} is of type {kind}, which is not read",
            code="column-type",
            remedy="Save this column as text.",
        )
    return lambda array: compute.fill_null(read(array), "")


def _texts(kind: Any, column: Column) -> Texts | None:
    if types.is_dictionary(kind):
        inner = _texts(kind.value_type, column)
        return None if inner is None else lambda array: inner(array.dictionary_decode())
    if types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind):
        return _text
    if types.is_integer(kind) or types.is_null(kind):
        return _cast
    if types.is_decimal(kind):
        is_amount = column.type == "amount"
        if kind.scale not in _PLACES:
            return partial(_shown, show=_decimal if is_amount else _whole_decimal)
        return _cast if is_amount or not kind.scale else _without_zeros
    if types.is_floating(kind):
        return partial(_float, column=column)
    if types.is_date(kind):
        return _day
    if types.is_timestamp(kind):
        return _day_of_time
    return None


def _cast(array: Any) -> Any:
    return array.cast(arrow.string())


def _text(array: Any) -> Any:
    """Raises ArrowInvalid for bytes that are no text."""
    array.validate(full=True)
    if len(array) and (compute.max(compute.binary_length(array.cast(arrow.large_string()))).as_py() or 0) > _MOST_BYTES:
        # A row with so long a cell is refused, whatever follows there.
        array = compute.utf8_slice_codeunits(array.cast(arrow.large_string()), 0, MAX_CELL + 1)
    return _cast(array)


def _shown(array: Any, show: Show) -> Any:
    return arrow.array([None if value is None else show(value) for value in array.to_pylist()], arrow.string())


def _decimal(value: Decimal) -> str:
    return format(value, "f")


def _whole_decimal(value: Decimal) -> str:
    """A number in a column of decimals is exact, whatever its scale; so an account number there has lost nothing."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _without_zeros(array: Any) -> Any:
    return compute.utf8_rtrim(compute.utf8_rtrim(_cast(array), "0"), ".")


def _float(array: Any, column: Column) -> Any:
    number = number_reader(column, from_1904=False)
    values = array.cast(arrow.float64())
    values = compute.if_else(compute.is_nan(values), arrow.scalar(None, arrow.float64()), values)
    if column.type == "date":
        few = values.dictionary_encode()
        return _shown(few.dictionary, lambda value: number(_written(value), PLAIN)).take(few.indices)
    whole = compute.and_(
        compute.equal(compute.floor(values), values),
        compute.and_(compute.greater_equal(values, 0.0), compute.less(values, 10.0**CERTAIN_DIGITS)),
    )
    small = compute.if_else(whole, values, 0.0).cast(arrow.int64())
    found = compute.if_else(whole, _cast(small), _cast(values))
    plain = whole
    if column.type == "amount":
        short = compute.less_equal(compute.binary_length(found), CERTAIN_DIGITS + 1)
        plain = compute.or_(whole, compute.and_(short, compute.match_substring_regex(found, _SHORT_FRACTION)))
    odd = compute.fill_null(compute.invert(plain), False)
    if compute.any(odd).as_py():
        shown = _shown(values.filter(odd), lambda value: number(_written(value), PLAIN))
        found = compute.replace_with_mask(found, odd, shown)
    return found


def _written(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _day(array: Any) -> Any:
    days = array.cast(arrow.date32())
    span = compute.min_max(days)
    is_usual = not span["min"].is_valid or (span["min"].as_py() >= _FIRST_DAY and span["max"].as_py() <= _LAST_DAY)
    return _cast(days) if is_usual else _shown(days, date.isoformat)


def _day_of_time(array: Any) -> Any:
    if array.type.tz is not None:
        local = arrow.scalar(CHINA_SECONDS, arrow.duration("s")).cast(arrow.duration(array.type.unit))
        array = compute.add(array.cast(arrow.timestamp(array.type.unit)), local)
    return _day(compute.floor_temporal(array, unit="day"))


def filled(columns: Sequence[Any]) -> Any:
    """For each row whether it holds anything, as an array of numpy."""
    sizes = [compute.binary_length(column).to_numpy(zero_copy_only=False) for column in columns]
    return numpy.add.reduce(sizes) > 0


def packed(columns: Sequence[Any]) -> tuple[bytes, bytes]:
    """Data and offsets of a CellBlock."""
    pieces, offsets, total = [], [numpy.zeros(1, numpy.uint32)], 0
    for column in columns:
        _valid, ends, data = column.buffers()
        places = numpy.frombuffer(ends, numpy.int32, len(column) + 1, 4 * column.offset)
        pieces.append(b"" if data is None else data[int(places[0]) : int(places[-1])].to_pybytes())
        offsets.append((places[1:] - places[0] + total).astype(numpy.uint32))
        total += int(places[-1] - places[0])
    return b"".join(pieces), numpy.concatenate(offsets).tobytes()
