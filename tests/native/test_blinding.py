"""Buckets blinded by the native crate are, byte for byte, those of the portable path: rows, blocks, rejects, counts."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.agency.blind.native_bucket import NativeBuckets
from matcher.agency.blind.portable_bucket import PortableBuckets
from matcher.agency.blind.sources import CacheSource, GroupSource, HolderSource, Source
from matcher.agency.blind.tagged import Tagged, link_tag
from matcher.agency.records import staged
from matcher.agency.secrets import entries
from matcher.agency.secrets.cache import CacheKeys, SecretCache
from matcher.agency.vault.blocks import block_of, unpack_blocks
from matcher.protocol import rows, suite
from matcher.protocol.agreement.model import Column, Field
from tests.native.columns import column, long_count, native

crate = native()
KEY = bytes(range(32))
PLACE = (bytes(range(32)), "account-check", "2022-05")
PREFIX = suite.link_prefix("daxing-wages", "account")
SOURCES = (GroupSource(PREFIX, bytes(range(32))), HolderSource(PREFIX, bytes((7,)) + bytes(31)))
COLUMNS = tuple(Column(name, (), "account", True) for name in ("wage_account", "保证金账户"))
FIELDS = (
    Field("holder", "company-name"), Field("code", "exact"), Field("wages", "ratio"), Field("due", "days"),
    Field("flags", "flags", ("a", "b", "c")), Field("former_holder", "company-name"),
)  # fmt: skip
NAMES = (
    "北京华泰建设工程有限公司",
    "北京建工（集团）有限公司第三分公司",
    "中铁三局集团第五工程有限公司",
    "Huatai Construction Ltd.",
    "（）",
    "公司",
    "𠮷野家",
    'a "b" \\ /\b\f\n\r\t\x01é',
)
names = st.none() | st.sampled_from(NAMES) | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
values = st.tuples(
    names,
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    st.none() | st.integers(-(10**17), 10**17) | st.sampled_from((0, -1, 1, 99, 100, 101, 10**17, -(10**17))),
    st.none() | st.integers(1 - (1 << 30), (1 << 30) - 1) | st.integers(-40000, 40000),
    st.none() | st.integers(0, 7) | st.sampled_from((1 << 63, (1 << 64) - 1)),
    names,
)


class Spec(NamedTuple):
    """A staged record, of few handles so that they meet."""

    handle: int
    file: int
    line: int
    column: int
    row_id: int
    values: Any


specs = st.builds(
    Spec, st.integers(0, 9), st.integers(0, 2), st.integers(1, 6), st.integers(0, 1), st.integers(0, 1), values
)  # fmt: skip


def pair(side: Literal["asking", "answering"], source: Source, lanes: bool = True) -> list[Any]:
    shared = (
        FIELDS, COLUMNS, side, source, suite.record_info(*PLACE), rows.row_aad_prefix(*PLACE, side, "bank-regulator")
    )  # fmt: skip
    return [NativeBuckets(crate, *shared, lanes=lanes), PortableBuckets(*shared)]


def pack(items: Sequence[Spec], escaped: bool = False) -> bytes:
    return b"".join(
        staged.pack(
            bytes((item.handle, 0)) + b"handle of a row"[1:],
            item.file, item.line, item.column, b"P%d" % item.row_id, b"6200%d" % item.handle,
            json.dumps([item.values, {"a": "b]"}], ensure_ascii=escaped, separators=(",", ":")).encode(),
        )
        for item in items
    )  # fmt: skip


def blind_both(both: list[Any], data: bytes, previous: list[bytes], crowded: Any = None, exhausted: Any = None) -> Any:
    nonces = os.urandom(12 * sum(1 for _ in staged.unpack(data)))
    made = []
    for buckets in both:
        # As many nonces as rows are put, which only the blinding itself finds out.
        counted = buckets.blind(data, previous, crowded, exhausted).put
        blinded = buckets.blind(data, previous, crowded, exhausted, nonces[: 12 * counted])
        blinded.rejects.sort()
        blinded.sizes = list(blinded.sizes)
        made.append(blinded)
    assert made[0].rejects == made[1].rejects
    assert made[0] == made[1]
    return made[0]


@pytest.mark.parametrize("side", ["asking", "answering"])
@pytest.mark.parametrize("source", SOURCES, ids=["group", "holder"])
@settings(max_examples=long_count(40, 2_000))
@given(
    rounds=st.lists(st.lists(specs, max_size=30), min_size=1, max_size=5),
    crowded=st.frozensets(st.integers(0, 9), max_size=2),
    exhausted=st.frozensets(st.integers(0, 9), max_size=2),
    escaped=st.booleans(),
)
def test_buckets_are_the_same_over_a_whole_period(
    side: Literal["asking", "answering"], source: Source, rounds: list[list[Spec]], crowded: frozenset[int],
    exhausted: frozenset[int], escaped: bool,
) -> None:  # fmt: skip
    both, previous = pair(side, source), []
    tells = [
        Tagged(KEY, frozenset(link_tag(KEY, b"6200%d" % number) for number in chosen)) if chosen else None
        for chosen in (crowded, exhausted)
    ]
    for items in rounds:
        blinded = blind_both(both, pack(items, escaped), previous, *tells)
        previous += [block.rows for block in unpack_blocks(blinded.blocks)]


alike = st.builds(
    Spec, st.integers(0, 1), st.integers(0, 1), st.integers(1, 2), st.integers(0, 1), st.integers(0, 1),
    st.sampled_from(((None,) * 6, ("公司",) + (None,) * 5)),
)  # fmt: skip


@settings(max_examples=long_count(200, 5_000))
@given(items=st.lists(alike, min_size=2, max_size=8))
def test_which_of_many_records_of_a_handle_stands_is_the_same(items: list[Spec]) -> None:
    blind_both(pair("answering", SOURCES[0]), pack(items), [])


@pytest.mark.parametrize("lanes", [True, False])
@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 15, 16, 17, 33, 400])
def test_any_number_of_rows_is_the_same(count: int, lanes: bool) -> None:
    items = [
        Spec(number % 256, 0, number, 0, 0, (NAMES[number % 8], str(number) * 20, number * 997, number, 1, None))
        for number in range(count)
    ]
    blinded = blind_both(pair("asking", SOURCES[0], lanes), pack(items), [])
    assert blinded.put == min(count, 256)
    assert sum(blinded.sizes) == len(blinded.rows)
    assert sum(block.size for block in unpack_blocks(blinded.blocks)) == blinded.put


def test_secrets_may_come_from_the_cache(tmp_path: Path) -> None:
    keys = CacheKeys.derive(bytes(32), PREFIX, 1, bytes((1,)) * 32)
    data = pack([Spec(number, 0, number, 0, 0, (None,) * 6) for number in range(20)])
    links = [record.link_value for record in staged.unpack(data)]
    cache = SecretCache(tmp_path / "secrets.db")
    found = keys.entries(keys.names(column(links)), b"".join(SOURCES[1].secrets(links)))
    cache.answered([], entries.ascending(found))
    cache.close()
    made = blind_both(pair("asking", CacheSource(tmp_path / "secrets.db", keys)), data, [])
    tokens = {row.token for row in map(rows.unpack, _rows(made.rows))}
    assert tokens == {
        suite.record_keys(secret, suite.record_info(*PLACE)).token for secret in SOURCES[1].secrets(links)
    }


def test_link_values_are_those_of_the_staged_records() -> None:
    data = pack([Spec(number % 5, 0, number, 0, 0, (None,) * 6) for number in range(20)])
    assert staged.link_values(data) == column([record.link_value for record in staged.unpack(data)])
    assert staged.link_values(b"") == column([])
    with pytest.raises(crate.RejectedError, match="index 19"):
        staged.link_values(data[:-1])


def test_records_of_tagged_links_are_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pack([Spec(number % 5, 0, number, 0, 0, (None,) * 6) for number in range(20)])
    tagged = Tagged(KEY, frozenset(link_tag(KEY, b"6200%d" % number) for number in (0, 3, 9)))
    made = [tagged.marks(data), tagged.marks(b""), Tagged(bytes(32), frozenset((bytes(8),))).marks(data)]
    assert made == [bytes(number % 5 in (0, 3) for number in range(20)), b"", bytes(20)]
    with pytest.raises(crate.RejectedError, match="index 19"):
        tagged.marks(data[:-1])
    monkeypatch.setattr("keys.native.module", lambda: None)
    assert [tagged.marks(data), tagged.marks(b"")] == made[:2]


def _rows(data: bytes) -> list[bytes]:
    size = len(data) // 20
    return [data[start : start + size] for start in range(0, len(data), size)]


def test_nonces_are_fresh() -> None:
    data = pack([Spec(number, 0, number, 0, 0, (None,) * 6) for number in range(200)])
    buckets = pair("asking", SOURCES[0])[0]
    seen = [buckets.blind(data, [], None, None).rows for _ in range(2)]
    size = len(seen[0]) // 200
    assert len({part[at + 65 : at + 77] for part in seen for at in range(0, len(part), size)}) == 400


GOOD = b'[["n","c",1,2,3,null],{}]'


@pytest.mark.parametrize(
    "content",
    [
        b"", b"[]", b"[[]]", b"[[null,null,null,null,null],{}]", b"[[null,null,null,null,null,null,null],{}]",
        GOOD.replace(b'"n"', b"1"), GOOD.replace(b'"n"', b'"\\ud800"'), GOOD.replace(b'"n"', b'"\\ud800\\u0041"'),
        GOOD.replace(b'"n"', b'"\\x"'), GOOD.replace(b'"n"', b'"\n"'), GOOD.replace(b'"n"', b'"n'),
        GOOD.replace(b",1,", b',"1",'), GOOD.replace(b",1,", b",1.0,"), GOOD.replace(b",1,", b",true,"),
        GOOD.replace(b",1,", b",100000000000000001,"), GOOD.replace(b",1,", b",-100000000000000001,"),
        GOOD.replace(b",2,", b",1073741824,"), GOOD.replace(b",3,", b",-1,"), GOOD.replace(b",3,", b",1-1,"),
        GOOD.replace(b",3,", b",18446744073709551616,"), GOOD.replace(b",3,", b",,"), GOOD[:-5],
    ],
)  # fmt: skip
def test_content_that_nobody_wrote_is_refused_by_its_index(content: bytes) -> None:
    buckets = pair("asking", SOURCES[0])[0]
    handles = [bytes((number,)) + bytes(15) for number in range(2)]
    good, bad = (staged.pack(handles[number], 0, 1, 0, b"P", b"6", item) for number, item in enumerate((GOOD, content)))
    assert buckets.blind(good, [], None, None).put == 1
    with pytest.raises(crate.RejectedError, match="index 1") as caught:
        buckets.blind(good + bad, [], None, None)
    assert caught.value.args[1] == 1


def test_what_is_cut_or_of_another_length_is_refused() -> None:
    buckets = pair("asking", SOURCES[0])[0]
    data = staged.pack(bytes(16), 0, 1, 0, b"P", b"6", GOOD)
    block = next(unpack_blocks(buckets.blind(data, [], None, None).blocks)).rows
    for end in range(1, len(data)):
        with pytest.raises(crate.RejectedError, match="index 0"):
            buckets.blind(data[:end], [], None, None)
    for end in range(1, len(block)):
        with pytest.raises(crate.RejectedError, match="index 0"):
            buckets.blind(data, [block[:end]], None, None)
    with pytest.raises(crate.RejectedError, match="column is unknown"):
        buckets.blind(staged.pack(bytes(16), 0, 1, 2, b"P", b"6", GOOD), [], None, None)
    with pytest.raises(crate.RejectedError, match="nonces"):
        buckets.blind(data, [], None, None, bytes(24))
    with pytest.raises(crate.RejectedError, match="not known"):
        type(buckets)(crate, [Field("a", "none")], COLUMNS, "asking", SOURCES[0], b"", b"")


def test_a_split_name_that_is_malformed_is_refused_by_its_index() -> None:
    buckets = pair("asking", SOURCES[0])[0]
    data = pack([Spec(number, 0, 1, 0, 0, (f"n{number}",) + (None,) * 5) for number in range(2)])
    good = bytes(10) + b"\1\0\0" + bytes(4)
    for bad in (
        b"\1",
        bytes(13),
        good + b"\0",
        b"\2" + good[1:],
        good + bytes(4),
        b"\0" * 10 + b"\x15\0\0" + bytes(84),
    ):
        with pytest.raises(crate.RejectedError, match="index 1"):
            buckets._blinder.bucket(data, [], lambda _names, bad=bad: [good, bad], None, max_versions=3)
    with pytest.raises(crate.RejectedError, match="split names"):
        buckets._blinder.bucket(data, [], lambda _names: [good], None, max_versions=3)
    with pytest.raises(ZeroDivisionError):
        buckets._blinder.bucket(data, [], lambda _names: [bytes(1 // 0)], None, max_versions=3)


def test_more_names_than_are_remembered_are_asked_for_again() -> None:
    buckets, asked = pair("asking", SOURCES[0])[0], []

    def split(found: list[bytes]) -> list[bytes]:
        asked.append(len(found))
        return [b""] * len(found)

    few = pack([Spec(0, 0, 1, 0, 0, ("few",) + (None,) * 5)])
    many = b"".join(
        staged.pack(number.to_bytes(16, "big"), 0, 1, 0, b"P", b"6", b'[["%d",null,null,null,null,null],{}]' % number)
        for number in range(1 << 15)
    )
    for data in (few, few, many, many, few):
        buckets._blinder.bucket(data, [], split, None, max_versions=3)
    assert asked == [1, 1 << 15, 1]


@given(st.lists(st.tuples(st.binary(min_size=16, max_size=16), st.binary(max_size=9)), max_size=40), st.data())
def test_records_within_blocks_are_those_of_the_portable_path(
    records: list[tuple[bytes, bytes]], data: st.DataObject
) -> None:
    packed = b"".join(
        staged.pack(handle, 0, line, 0, text, text, text) for line, (handle, text) in enumerate(records)
    )  # fmt: skip
    first = data.draw(st.integers(0, 1023))
    blocks = range(first, data.draw(st.integers(first, 1023)) + 1)
    found = crate.staged_within(packed, blocks[0], blocks[-1])
    assert found == b"".join(staged.pack(*item) for item in staged.unpack(packed) if block_of(item.handle) in blocks)
    with pytest.raises(crate.RejectedError):
        crate.staged_within(packed + bytes(30), 0, 1023)
