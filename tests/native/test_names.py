"""Plain names split by the crate are split as the protocol does, and what it leaves is little."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import world
from matcher.agency.blind import native_names
from matcher.agency.blind.native_names import _plan, plans
from matcher.protocol.names import data, regions, splitting, trades
from matcher.protocol.names.tables import tables
from tests.native.columns import long_count, native

crate = native()
SPLITTER = plans(crate).splitter
PLACES = sorted(regions.known()[0])
WORDS = [*sorted(trades.known_words().exact), *sorted(trades.known_words().slips)]
FORMS = [*splitting.known_forms().numbers, "有限公司", "公司", "分公司", "有限责任公司"]
RULES = [
    "第", "第三", "局", "集团", "(集团)", "（北京）", "(", "一", "十", "二十", "12", "3", "741", "05", "００",
    "A", "中国", "市政", "上海浦发", "省", "市", "县", "区", "旗", "州", "盟", "工程", "建", "安", "廿", "鐵",
    "国", "國", "㈱", "农商行", "工行", "中建", "分", "子", "支", "工资专户", "项目部", "股份", "经营部",
    "建设", "建筑", "银行", "农业", "科技", "发展", "控股", "华", "泰", "恒", "宏", "鼎", "𠮷", "龘", ".", " ",
]  # fmt: skip
CHARACTERS = sorted(splitting.sounds.table())
pieces = st.one_of(
    st.sampled_from(PLACES), st.sampled_from(WORDS), st.sampled_from(FORMS), st.sampled_from(RULES),
    st.sampled_from(CHARACTERS),
)  # fmt: skip
named = st.builds("".join, st.lists(pieces, min_size=1, max_size=7))
shaped = st.builds(
    "{}{}{}{}{}".format, st.sampled_from(["", *PLACES]), st.sampled_from(["", *PLACES, *RULES]),
    st.builds("".join, st.lists(st.sampled_from(CHARACTERS), max_size=4)),
    st.builds("".join, st.lists(st.sampled_from(WORDS), max_size=3)), st.sampled_from(FORMS),
)  # fmt: skip


def agree(names: list[str]) -> int:
    """How many of ``names`` the crate split itself."""
    found = SPLITTER.plans([name.encode() for name in names])
    for name, plan in zip(names, found, strict=True):
        assert plan is None or plan == _plan(name.encode()), name
    return sum(plan is not None for plan in found)


@settings(max_examples=long_count(60, 5_000))
@given(names=st.lists(named | shaped, min_size=20, max_size=40))
def test_names_of_any_pieces_are_split_alike(names: list[str]) -> None:
    agree(names)


def test_names_of_every_place_and_word_are_split_alike() -> None:
    choose = random.Random(7)  # noqa: S311 - reproducible test values
    brand = lambda: "".join(choose.choices(CHARACTERS, k=choose.randint(1, 4)))  # noqa: E731
    names = [place + brand() + choose.choice(WORDS) + choose.choice(FORMS) for place in PLACES]
    names += [choose.choice(PLACES) + brand() + word + "有限公司" for word in WORDS]
    names += [brand() + choose.choice(WORDS) + choose.choice(WORDS) + form for form in FORMS for _ in range(50)]
    assert agree(names) > len(names) // 2


def test_the_pinned_names_are_split_alike() -> None:
    names = [row[0] for row in data.rows("splits.tsv")]
    assert agree(names) > len(names) // 4


def test_names_that_meet_a_rule_are_split_alike() -> None:
    names = [
        "定襄市政工程有限公司",
        "唐山市政建设有限公司",
        "唐山市华泰建设有限公司",
        "北京华泰科技发展控股投资有限公司",
    ]
    names += [
        "北京" + "华" * 20 + "泰建设有限公司",
        "上海" + "建设装饰" * 6 + "有限公司",
        "上海华泰" + "建设装饰" * 6 + "有限公司",
    ]
    assert agree(names) >= 4


def test_closing_words_beyond_their_cap_are_split_alike() -> None:
    closing = [trades.spelling(number) for number in sorted(trades.known_words().closing)]
    names = ["北京华泰" + "".join(closing[start : start + 5]) + "有限公司" for start in range(len(closing) - 4)]
    assert agree(names) == len(names)


def test_the_names_of_the_measurements_are_plain() -> None:
    names = [world._name(number) for number in range(0, 20_000, 7)]
    assert agree(names) == len(names)


@pytest.mark.parametrize("name", ["", "(", "公司", "Acme Ltd.", "北京", "第一", "一", "7", "\ud7ff", "省有限公司"])
def test_small_names_are_split_alike(name: str) -> None:
    agree([name])


def test_every_ideograph_is_folded_alike() -> None:
    characters = [chr(code) for code in range(0x4E00, 0xA000)]
    agree([f"北京华{character}建设有限公司" for character in characters])


def test_threads_that_meet_names_at_once_make_one_splitter(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    def slow() -> dict[str, Any]:
        made.append(1)
        time.sleep(0.05)
        return tables()

    monkeypatch.setattr(native_names, "tables", slow)
    fresh = native_names.Plans(crate)
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(fresh.of, ([], []))) == [[], []]
    assert len(made) == 1
