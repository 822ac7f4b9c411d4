"""The crate's reader under agreements that the example is not: other normalisers, conditions, demands; every letter."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keys import native
from matcher.agency.blind.context import Setup
from matcher.agency.local.applying import LOOKS, _asker
from matcher.agency.records.crowding import Crowding
from matcher.protocol.agreement.model import Column, Due
from tests.native import reading
from tests.native.dirty_tables import account, amount, code, company, day, form, kind, row_id, rows_of

crate = native.module() or pytest.skip(
    "the native crate is not installed: `make setup` builds it where cargo is", allow_module_level=True
)
KINDS = {"农民工工资专用账户": "wage", "工资专户": "wage", "工资保证金账户": "deposit"}
FORMS = {"存储": "stored", "保函": "guarantee", "免存": "guarantee"}
# By name: the column, and its cells as they should be and as they come.
COLUMNS = {
    "id": (Column("id", ("id",), "text", row_id=True), row_id),
    "kind": (Column("kind", ("kind",), "choice", feeds="kind", choices=KINDS), kind),
    "form": (Column("form", ("form",), "choice", choices=FORMS, required=True), form),
    "holder": (Column("holder", ("holder",), "company", "holder", required=True, only_for={"kind": "wage"}), company),
    "code": (Column("code", ("code",), "credit-code", feeds="code"), code),
    "note": (Column("note", ("note",), "text", feeds="code", only_for={"form": "stored", "kind": "deposit"}), company),
    "other": (Column("other", ("other",), "account", only_for={"code": "91110000600037341L"}), account),
    "wages": (Column("wages", ("wages",), "amount", feeds="wages", required=True, only_for={"kind": "wage"}), amount),
    "start": (Column("start", ("start",), "date"), day),
    "due": (Column("due", ("due",), "date", feeds="deposit_date", due=Due("start", 20)), day),
}  # fmt: skip
LINKS = {"account-number": account, "credit-code": code, "company-name": company}


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Setup, str]:
    """An agreement's columns and normaliser, and a file of theirs."""
    normaliser = draw(st.sampled_from(sorted(LINKS)))
    names = draw(st.lists(st.sampled_from(sorted(COLUMNS)), unique=True))
    first = Column(
        "first",
        ("first",),
        "account",
        link=True,
        required=draw(st.booleans()),
        sets={"kind": "wage"} if draw(st.booleans()) else None,
        row_id="id" not in names,
    )
    second = Column("second", ("second",), "account", link=True, unless={"form": ("guarantee",)})
    columns = [first, second, *(COLUMNS[name][0] for name in sorted(COLUMNS))]
    given = reading.with_columns(reading.setup("asking"), columns, normaliser)
    present = draw(st.permutations(["first", *draw(st.sampled_from(([], ["second"]))), *names]))
    cells = {name: cell for name, (_column, cell) in COLUMNS.items()} | dict.fromkeys(
        ("first", "second"), LINKS[normaliser]
    )
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow(present)
    again, total = (
        st.just(present),
        st.sampled_from((" 合计 ", "Total")).map(lambda word: [word] + [""] * len(present[1:])),
    )
    rows = st.one_of(rows_of([cells[name] for name in present]), again, total)
    writer.writerows(draw(st.lists(rows, max_size=8)))
    return given, stream.getvalue()


@settings(max_examples=300, deadline=None)
@given(world=worlds())
def test_any_agreement_reads_the_same(world: tuple[Setup, str]) -> None:
    given, text = world
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "file.csv"
        path.write_text(text, encoding="utf-8", newline="")
        try:
            expected = reading.by_rows(path, given)
        except reading.Refused:
            return
        assert reading.in_blocks(path, given, crate, 200) == expected


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (",,乙公司", "empty"), ("first,id,second", "header-again"), ("合计,,合计", "total-row"),
        ("甲公司,P1,乙公司", ""),
    ],
)  # fmt: skip
def test_what_a_plain_row_may_not_be(tmp_path: Path, row: str, code: str) -> None:
    """Every cell of these is plain, so only the rule itself can send the row back."""
    columns = [
        Column("second", ("second",), "company", link=True),
        Column("first", ("first",), "company", link=True, required=True),
        Column("id", ("id",), "text", feeds="code"),
    ]
    given = reading.with_columns(reading.setup("answering"), columns, "company-name")
    path = tmp_path / "file.csv"
    path.write_text(f"first,id,second\n{row}\n", encoding="utf-8")
    expected = reading.by_rows(path, given)
    assert [reject.code for reject in expected.rejects] == ([code] if code else [])
    assert reading.in_blocks(path, given, crate, 200) == expected


LETTERS = (
    *range(0x3400),
    *range(0x3400, 0xD800, 61),
    *range(0xE000, 0xF900, 61),
    *range(0xF900, 0x10000),
    0x1F600,
    0x20000,
)


@pytest.mark.parametrize(("normaliser", "step"), [("account-number", 7), ("credit-code", 7), ("company-name", 1)])
def test_every_letter_reads_the_same(tmp_path: Path, normaliser: str, step: int) -> None:
    """Alone, among others, at an end; as link value, company's name, text, row id. Of the large blocks, some."""
    columns = [
        Column("link", ("link",), "account", link=True),
        *(COLUMNS[name][0] for name in ("id", "code", "start")),
        Column("holder", ("holder",), "company", feeds="holder"),
        Column("note", ("note",), "text", feeds="kind"),
    ]
    given = reading.with_columns(reading.setup("asking"), columns, normaliser)
    base = {"account-number": "62170000", "credit-code": "91110000600037341L", "company-name": "华泰"}[normaliser]
    path = tmp_path / "file.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(column.name for column in columns)
        for letter in map(chr, LETTERS[::step]):
            writer.writerow(
                (f"{base[:3]}{letter}{base[3:]}", f"P{letter}1", letter, letter, f"华{letter}泰", f"a{letter}b")
            )
            writer.writerow((f"{base}{letter}", letter, base, "2022-05-31", letter, f"{letter}{letter}"))
    assert reading.in_blocks(path, given, crate, 1 << 20) == reading.by_rows(path, given)


@given(
    st.text("wd", min_size=0, max_size=2),
    st.lists(st.sampled_from(("", "x", " ")), min_size=6, max_size=6),
    st.permutations(range(6)),
)
def test_a_local_rule_looks_at_no_row_that_is_not_handed_back(which: str, row: list[str], order: list[int]) -> None:
    fields = ("holder", "name", "state", "reason", "deposit_held", "last_deposit")
    columns = ("holder", "account_name", "account_state", "restraint_reason", "deposit_held", "last_deposit")
    there = sorted(order[:4])
    kind_of = {"w": "wage", "d": "deposit"}.get(which[:1], "")
    cells = {columns[place]: row[place].strip() for place in there}
    looks = any(kind_of in look.kinds and cells.get(look.filled) and not cells.get(look.blank) for look in LOOKS)
    asked = _asker({fields[place]: place for place in there})(tuple(cell.strip() for cell in row), kind_of)
    assert asked == bool(looks)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3))), st.integers(1, 3))
def test_crowding_by_the_crate_is_the_same(pairs: list[tuple[int, int]], most: int) -> None:
    found = []
    for backend in (crate, None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(native, "module", lambda backend=backend: backend)
            crowding = Crowding()
            for tag, handle in pairs:
                crowding.add(tag.to_bytes(8, "big"), handle.to_bytes(8, "little"))
            found.append(crowding.crowded(most))
    assert found[0] == found[1]
