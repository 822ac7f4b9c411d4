"""Rows into records: shared cells, fixed and conditional columns, units, and problems by column."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.agency.records.crowding import Crowding
from matcher.agency.records.plan import Layout, plain_columns
from matcher.agency.records.records import RecordReader, Records, cells
from matcher.agency.records.rejects import Reject
from matcher.agency.records.staged import pack, unpack
from matcher.protocol import normalise
from matcher.protocol.agreement.model import Column
from matcher.protocol.comparators.ratio import MAX_AMOUNT
from matcher.protocol.errors import AgreementError, InputError
from tests.agency.submission_world import ANSWERING_COLUMNS, ASKING_COLUMNS, FIELDS

ASKING = Layout(ASKING_COLUMNS, FIELDS, "account-number")
ANSWERING = Layout(ANSWERING_COLUMNS, FIELDS, "account-number")


def read(layout: Layout, names: tuple[str, ...], *rows: tuple[str, ...], units: tuple[str, ...] = ()) -> Records:
    index = {column.name: number for number, column in enumerate(layout.columns)}
    reader = RecordReader(layout, [index[name] for name in names], units or ("元",) * len(names))
    return reader.read(range(2, 2 + len(rows)), rows)


def contents(records: Records) -> list[tuple[str, str, list[object], dict[str, str]]]:
    return [
        (row_id, link_value, *json.loads(content))
        for group in records.groups
        for row_id, link_value, content in zip(group.row_ids, group.link_values, group.contents, strict=True)
    ]


def test_a_row_without_a_link_value_is_told_whatever_others_name() -> None:
    names = ("project_id", "general_contractor", "wage_account", "deposit_account")
    rows = (("P1", "甲", "62220001", "62220002"), ("P2", "甲", "62220003", ""), ("P3", "甲", "", ""))
    for one in rows[:2]:
        found = read(ASKING, names, one, rows[2])
        assert found.rejects == [Reject(3, "wage_account", "no-link")]
    assert read(ASKING, names, *rows).rejected == 1


def test_a_row_gives_a_record_for_each_link_value() -> None:
    names = ("project_id", "general_contractor", "wage_account", "deposit_account", "wages_due", "deposit_due")
    found = read(ASKING, names, (" P1 ", "甲 公司", "6222-0001", "6222 0002", "3,000.5", "2022年5月1日"))
    assert contents(found) == [
        (
            "P1",
            "62220001",
            ["甲公司", "wage", 300050, None, None, None],
            {
                "account_kind": "wage",
                "wage_account": "62220001",
                "general_contractor": "甲 公司",
                "wages_due": "3,000.5",
            },
        ),
        (
            "P1",
            "62220002",
            ["甲公司", "deposit", None, None, 19113, None],
            {
                "account_kind": "deposit",
                "deposit_account": "62220002",
                "general_contractor": "甲 公司",
                "deposit_due": "2022年5月1日",
            },
        ),
    ]


def test_a_condition_on_a_cell_of_the_row_decides_by_row() -> None:
    names = ("account", "holder", "account_kind", "wages_paid")
    rows = [("622200010", "甲", "工资专户", "1"), ("622200011", "甲", "保证金账户", "x"), ("622200012", "甲", "", "x")]
    found = read(ANSWERING, names, *rows)
    assert [values[2] for _row_id, _link, values, _extras in contents(found)] == [100, None, None]
    assert "wages_paid" not in contents(found)[1][3]
    assert found.rejects == []


def test_the_header_names_the_unit_and_the_cell_overrules_it() -> None:
    names, units = ("account", "holder", "account_kind", "wages_paid"), ("元", "元", "元", "万元")
    rows = [("622200010", "甲", "工资专户", "1.5"), ("622200011", "甲", "工资专户", "1.5元")]
    found = read(ANSWERING, names, *rows, units=units)
    assert [values[2] for _row_id, _link, values, _extras in contents(found)] == [1_500_000, 150]


def test_an_empty_flags_cell_is_no_flag_and_an_absent_column_is_unknown() -> None:
    rows = [("622200010", "甲", ""), ("622200011", "甲", "冻结")]
    found = read(ANSWERING, ("account", "holder", "flags"), *rows)
    assert [values[5] for _row_id, _link, values, _extras in contents(found)] == [0, 1]
    assert contents(read(ANSWERING, ("account", "holder"), ("622200010", "甲")))[0][2][5] is None


def test_a_credit_code_that_does_not_check_is_a_warning() -> None:
    rows = [("622200010", "甲", "91110000MA01ABCDE0"), ("622200011", "甲", ""), ("622200012", "甲", "x")]
    found = read(ANSWERING, ("account", "holder", "credit_code"), *rows)
    assert found.warnings == {"credit-code-check": 2}
    assert len(contents(found)) == 3


def test_every_problem_of_a_record_is_told_and_the_record_counts_once() -> None:
    names = ("project_id", "general_contractor", "wage_account", "deposit_account", "wages_due", "deposit_due")
    found = read(ASKING, names, ("P1", "", "62220001", "62220002", "x", "y"), ("P2", "甲", "62220003", "", "", "y"))
    assert sorted(found.rejects) == [
        Reject(2, "deposit_due", "date-malformed"),
        Reject(2, "general_contractor", "empty"),
        Reject(2, "general_contractor", "empty"),
        Reject(2, "wages_due", "amount-malformed"),
    ]
    assert found.rejected == 2
    assert [link for _row_id, link, _values, _extras in contents(found)] == ["62220003"]


@pytest.mark.parametrize(
    ("row", "reject"),
    [
        (("", "甲", "62220001"), Reject(2, "project_id", "empty")),
        (("P" * 65, "甲", "62220001"), Reject(2, "project_id", "row-number-too-long")),
        (("P1", "甲", " "), Reject(2, "wage_account", "no-link")),
        (("P1", "甲", "6222x"), Reject(2, "wage_account", "not-digits")),
        (("P1", "甲" * 201, "62220001"), Reject(2, "general_contractor", "too-long")),
    ],
)
def test_one_bad_cell(row: tuple[str, ...], reject: Reject) -> None:
    found = read(ASKING, ("project_id", "general_contractor", "wage_account"), row, ("P9", "甲", "62220009"))
    assert (found.rejects, found.rejected) == ([reject], 1)
    assert len(contents(found)) == 1


def test_a_required_link_column_must_be_filled() -> None:
    found = read(ANSWERING, ("account", "holder"), ("", "甲"))
    assert (found.rejects, found.rejected) == ([Reject(2, "account", "empty")], 1)


def test_a_quoted_percent_sign_and_any_text_survive() -> None:
    columns = (
        Column("account", ("a",), "account", link=True, sets={"kind": '100%"s'}),
        Column("note", ("n",), "text"),
        Column("kind", (), "text", feeds="kind"),
    )
    found = read(Layout(columns, FIELDS, "account-number"), ("account", "note"), ("622200010", '%s "\\ 甲%'))
    assert contents(found) == [
        (
            "622200010",
            "622200010",
            [None, '100%"s', None, None, None, None],
            {"kind": '100%"s', "account": "622200010", "note": '%s "\\ 甲%'},
        )
    ]


@given(st.text(max_size=40))
def test_any_text_of_an_extra_comes_back(text: str) -> None:
    found = read(ANSWERING, ("account", "holder", "wages_paid", "account_kind"), ("622200010", "甲" + text, "", ""))
    for _row_id, _link, _values, extras in contents(found):
        assert extras["holder"] == ("甲" + text).strip()


@given(st.from_regex(r"-?[0-9]{0,15}[.,]?[0-9]{0,3}(元)?", fullmatch=True))
def test_the_short_way_for_amounts_gives_what_the_rule_gives(cell: str) -> None:
    found = cells.reader(Column("paid", ("paid",), "amount"), "元", ())([cell])
    expected = by_the_rule(cell) if cell else (None, {})
    assert (found.values[0], found.problems) == expected


def by_the_rule(cell: str) -> tuple[int | None, dict[int, str]]:
    try:
        fen = normalise.amount_fen(cell)
    except InputError as error:
        return None, {0: error.code}
    return (fen, {}) if abs(fen) <= MAX_AMOUNT else (None, {0: "amount-size"})


def test_a_column_that_sets_an_unknown_one_is_refused() -> None:
    columns = (Column("account", ("a",), "account", link=True, sets={"nowhere": "x"}),)
    with pytest.raises(AgreementError, match="nowhere"):
        RecordReader(Layout(columns, FIELDS, "account-number"), [0], ["元"])
    with pytest.raises(AgreementError, match="normaliser"):
        RecordReader(Layout(columns, FIELDS, "other"), [0], ["元"])


def test_columns_cross_to_workers() -> None:
    import pickle

    column = Column("a", ("a",), "choice", choices=MappingProxyType({"x": "y"}), only_for=MappingProxyType({}))
    crossed = pickle.loads(pickle.dumps(plain_columns([column])))  # noqa: S301 - our own
    assert crossed == plain_columns([column])


@given(st.lists(st.tuples(st.binary(min_size=16, max_size=16), st.text(max_size=9), st.text(max_size=9)), max_size=9))
def test_staged_records_come_back(items: list[tuple[bytes, str, str]]) -> None:
    data = b"".join(
        pack(handle, 7, line, 3, row_id.encode(), link.encode(), b"{}")
        for line, (handle, row_id, link) in enumerate(items)
    )
    found = list(unpack(data))
    assert [(record.handle, record.row_id.decode(), record.link_value.decode()) for record in found] == items
    assert [(record.file, record.line, record.column, record.content) for record in found] == [
        (7, line, 3, b"{}") for line in range(len(items))
    ]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=40), st.integers(1, 3))
def test_crowding_counts_different_handles_of_a_tag(pairs: list[tuple[int, int]], most: int) -> None:
    crowding = Crowding()
    for tag, handle in pairs:
        crowding.add(tag.to_bytes(8, "big"), handle.to_bytes(8, "big"))
    named: dict[int, set[int]] = {}
    for tag, handle in pairs:
        named.setdefault(tag, set()).add(handle)
    expected = {tag.to_bytes(8, "big") for tag, handles in named.items() if len(handles) > most}
    assert crowding.crowded(most) == expected
