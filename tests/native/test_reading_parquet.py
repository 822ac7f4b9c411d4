"""Parquet by columns: every type as the rule for one value has it, and the crate's records as Python's, row by row."""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keys import native
from matcher.agency.files.registry import open_rows
from matcher.agency.files.typed import PLAIN, number_reader
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError
from matcher.protocol.zone import CHINA
from tests.native import reading
from tests.native.dirty_tables import ANSWERING, ANSWERING_CELLS, NEEDED

arrow = pytest.importorskip("pyarrow")
from pyarrow import parquet  # noqa: E402 - where there is pyarrow

crate = native.module() or pytest.skip(
    "the native crate is not installed: `make setup` builds it where cargo is", allow_module_level=True
)
LINK = Column("account", ("account",), "account", link=True)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


def _float(column: Column) -> Callable[[float], str]:
    number = number_reader(column, from_1904=False)

    def show(value: float) -> str:
        whole = value.is_integer() and abs(value) < 2**53
        return "" if value != value else number(str(int(value)) if whole else repr(value), PLAIN)

    return show


def _stripped(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


AMOUNT, DATE, NAME = (Column("value", ("value",), kind) for kind in ("amount", "date", "text"))
CODE = Column("value", ("value",), "credit-code")
floats = st.one_of(
    st.floats(), st.integers(-(10**16), 10**16).map(float), st.integers(0, 10**12).map(lambda fen: fen / 100),
    st.floats(0, 1e6), st.sampled_from((-0.0, 0.1 + 0.2, 1e15, 999999999999999.0, 44_000.0, 44_000.75)),
)  # fmt: skip
naive = st.datetimes(datetime.datetime(1001, 1, 1), datetime.datetime(9998, 12, 31))
CASES = [
    *((arrow.float64(), column, floats, _float(column)) for column in (AMOUNT, DATE, NAME, CODE)),
    (arrow.float32(), AMOUNT, st.floats(width=32), _float(AMOUNT)),
    (arrow.int64(), CODE, st.integers(-(2**63), 2**63 - 1), str),
    (arrow.uint8(), AMOUNT, st.integers(0, 255), str),
    *(
        (arrow.decimal128(20, places), column,
         st.decimals(-(10**9), 10**9, places=places) | st.just(Decimal(1).scaleb(-places)), show)
        for places in (0, 2, 6, 9)
        for column, show in ((AMOUNT, lambda value: format(value, "f")), (CODE, _stripped))
    ),
    (arrow.decimal256(50, 2), AMOUNT, st.decimals(-(10**30), 10**30, places=2), lambda value: format(value, "f")),
    (arrow.date32(), DATE, st.dates(), datetime.date.isoformat),
    (arrow.date64(), DATE, st.dates(), datetime.date.isoformat),
    (arrow.timestamp("us"), DATE, naive, lambda value: value.date().isoformat()),
    (arrow.timestamp("ms", tz="America/New_York"), DATE, naive.map(lambda value: value.replace(tzinfo=datetime.UTC)),
     lambda value: value.astimezone(CHINA).date().isoformat()),
    *((kind, NAME, st.text(), str) for kind in (arrow.string(), arrow.large_string(), arrow.string_view())),
    (arrow.dictionary(arrow.int32(), arrow.string()), NAME, st.sampled_from(("a", "甲", "")), str),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[f"{kind} as {column.type}" for kind, column, _cells, _show in CASES])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_column_becomes_what_each_value_becomes(
    place: Path, case: tuple[Any, Column, st.SearchStrategy[Any], Callable[[Any], str]], data: st.DataObject
) -> None:
    kind, column, cells, show = case
    values = data.draw(st.lists(st.none() | cells, min_size=1, max_size=20))
    path = place / "a.parquet"
    table = arrow.table({"account": ["1"] * len(values), "value": arrow.array(values, kind)})
    parquet.write_table(table, path)
    (batch,) = open_rows(path, (LINK, column)).batches
    assert [row[1] for row in batch.rows] == ["" if value is None else show(value) for value in values]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_rows_by_columns_give_the_same(place: Path, data: st.DataObject) -> None:
    names = ANSWERING[: data.draw(st.integers(NEEDED, len(ANSWERING)))]
    choices = [st.one_of(st.none(), good, good, good, bad) for good, bad in ANSWERING_CELLS[: len(names)]]
    rows = data.draw(st.lists(st.tuples(*choices), min_size=1, max_size=12))
    rows += data.draw(st.lists(st.just((None,) * len(names)), max_size=2))
    text = [[None if cell is None else cell.encode(errors="replace").decode() for cell in row] for row in rows]
    path = place / "b.parquet"
    columns = [arrow.array(column, arrow.string()) for column in zip(*text, strict=True)]
    parquet.write_table(arrow.Table.from_arrays(columns, names=list(names)), path)
    given = reading.setup("answering")
    assert reading.in_blocks(path, given, crate) == reading.by_rows(path, given)


def test_a_long_cell_costs_its_row_and_bytes_that_are_no_text_end_the_file(place: Path) -> None:
    names = ("账号", "开户单位", "账户性质")
    path = place / "c.parquet"
    rows = [
        ("6200000001", "公" * 4097, "一般账户"),
        ("6200000002", "公" * 100_000, "一般账户"),
        ("6200000003", "公", ""),
    ]
    parquet.write_table(arrow.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))), path)
    given = reading.setup("answering")
    result = reading.in_blocks(path, given, crate)
    assert result == reading.by_rows(path, given)
    assert [(reject.line, reject.code) for reject in result.rejects[:2]] == [(1, "cell-too-long"), (2, "cell-too-long")]
    assert reading.left_over(path, given, crate) == 3
    broken = arrow.StringArray.from_buffers(
        1, arrow.array([0, 1], arrow.int32()).buffers()[1], arrow.py_buffer(b"\xff")
    )
    parquet.write_table(arrow.Table.from_arrays([["1"], broken, ["2"]], names=list(names)), path)
    for read in (reading.by_rows, lambda path, given: reading.in_blocks(path, given, crate)):
        with pytest.raises(InputError, match="damaged after row 0"):
            read(path, given)
