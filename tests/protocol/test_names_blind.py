"""The blinded comparison of names decides as the plain one does, for every pair; encodings are fixed and strict."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.protocol import names
from matcher.protocol.comparators.company_name import CompanyName
from matcher.protocol.errors import VerificationError
from matcher.protocol.names import data
from matcher.protocol.names.blind import HEAD
from matcher.protocol.names.parts import CAPS
from matcher.protocol.outcomes import UNKNOWN_KIND

KEY = hashlib.sha256(b"a field key for tests").digest()
_TEXT = """
    北京 上海市 吉林省 吉林市 合肥 和田县 朝阳区 内蒙古 （西安） (集团) 集团 第一 第2 第十二 二 恒 泰 恒泰 泰恒 兴 興
    永安 东方 建筑 建築 工程 建设 设建 工程程 劳务 装饰 装潢 装璜 科技 银行 股份 厂 有限公司 有限责任公司
    股份有限公司 公司 合伙企业(有限合伙) 分公司 支行 第三项目部 项目经理部 农民工工资专用账户 工资专户
    江山小区一期项目 ABC Ltd GmbH Construction Co., · - 100
"""
_PIECES = [*_TEXT.split(), " ", "\u3000", "\u200b"]
NAMES = st.lists(st.sampled_from(_PIECES), max_size=9).map("".join) | st.text(max_size=40)
KEYS = st.binary(min_size=32, max_size=32)


@st.composite
def near_pairs(draw: st.DrawFn) -> tuple[str, str]:
    """Two names that share most pieces, which is where a verdict is hard."""
    pieces = draw(st.lists(st.sampled_from(_PIECES), min_size=1, max_size=9))
    other = list(pieces)
    place = draw(st.integers(min_value=0, max_value=len(pieces) - 1))
    other[place : place + 1] = draw(st.lists(st.sampled_from(_PIECES), max_size=2))
    return "".join(pieces), "".join(other)


@settings(max_examples=1500, deadline=None)
@given(KEYS, near_pairs() | st.tuples(NAMES, NAMES))
def test_blinded_equals_plain(key: bytes, pair: tuple[str, str]) -> None:
    left, right = pair
    plain = names.compare_plain(left, right)
    assert names.compare(names.encode(key, left), names.encode(key, right)) == plain
    assert names.compare_plain(right, left) == plain
    assert len(names.encode(key, left)) == names.WIDTH


@settings(deadline=None)
@given(NAMES, st.sampled_from(_PIECES))
def test_long_names_are_cut_alike_on_both_paths(name: str, piece: str) -> None:
    left, right = name + piece * 40, name + piece * 41
    assert names.compare(names.encode(KEY, left), names.encode(KEY, right)) == names.compare_plain(left, right)


@pytest.mark.parametrize(
    "name",
    [
        "第" + "九" * 150 + "建筑公司",
        "第" + "9" * 190 + "公司",
        "恒泰公司" + "工资款" * 45 + "江",
        "恒泰" + "有限公司" * 45,
        "恒泰公司" + "（" * 190,
        "建设设" * 60,
        "北京市朝阳区" * 30,
    ],
)
def test_names_made_to_be_awkward_are_split_at_once(name: str) -> None:
    assert names.compare(names.encode(KEY, name), names.encode(KEY, name)) == names.SAME


@given(NAMES)
def test_a_name_is_the_same_as_itself_or_unknown(name: str) -> None:
    assert names.compare_plain(name, name) in (names.SAME, names.UNKNOWN)


def test_symbols_are_the_ones_of_the_design() -> None:
    encoding = names.encode(KEY, "四川恒泰建筑有限公司")
    parts = names.split("四川恒泰建筑有限公司")
    assert parts.brand == (ord("恒"), ord("泰"))
    assert encoding[:HEAD] == bytes((0, *map(len, parts))).ljust(HEAD, b"\0")
    blocks = [
        (3, 1, parts.province[0]), (6, 4, 0), (5, 5, parts.form[0]), (7, 6, 0), (7, 7, 0), (7, 8, 0),
        (4, 9, parts.trade[0]), (1, 10, ord("恒")), (1, 10, ord("泰")),
        (2, 11, parts.sound[0]), (2, 11, parts.sound[1]), (1, 12, ord("泰")), (1, 12, ord("建")), (1, 12, ord("筑")),
    ]  # fmt: skip
    symbols = []
    for kind, part, number in blocks:
        encryptor = Cipher(algorithms.AES(KEY), modes.ECB()).encryptor()  # noqa: S305
        symbols.append(encryptor.update(bytes((kind, part)) + bytes(10) + number.to_bytes(4, "big"))[:4])
    expected, taken = b"", iter(symbols)
    for part, cap in zip(parts, CAPS, strict=True):
        expected += b"".join(next(taken) for _ in part).ljust(4 * cap, b"\0")
    assert encoding[HEAD:] == expected
    assert names.WIDTH == len(encoding) == 224


def test_another_record_shares_no_symbol() -> None:
    name = "四川恒泰建筑有限公司"
    other_key = hashlib.sha256(b"another record").digest()
    start = HEAD
    one, other = names.encode(KEY, name)[start:], names.encode(other_key, name)[start:]
    symbols = [{data[i : i + 4] for i in range(0, len(data), 4)} - {bytes(4)} for data in (one, other)]
    assert symbols[0]
    assert not symbols[0] & symbols[1]


@pytest.mark.parametrize("nothing", [None, "", "  ", "（）", "…·-"])
def test_a_name_that_says_nothing_is_unknown(nothing: str | None) -> None:
    comparator = CompanyName()
    unknown = comparator.encode(KEY, nothing)
    assert comparator.compare(unknown, comparator.encode(KEY, "恒泰建筑有限公司")).kind == UNKNOWN_KIND
    assert comparator.compare_plain("恒泰建筑有限公司", nothing).kind == UNKNOWN_KIND


def test_malformed_encodings_are_refused() -> None:
    good = names.encode(KEY, "四川恒泰建筑有限公司")
    assert names.compare(good, good) == names.SAME
    mutations = {
        "short": good[:-1],
        "long": good + b"\0",
        "state": b"\x02" + good[1:],
        "unknown with a value": b"\x01" + good[1:],
        "unknown with a length": b"\x01\x01" + bytes(names.WIDTH - 2),
        "bytes behind the lengths": good[: HEAD - 1] + b"\x01" + good[HEAD:],
        "a symbol more than its length says": good[:1] + b"\0" + good[2:],
        "part too long": good[:1] + bytes((CAPS[0] + 1,)) + good[2:],
        "bytes behind a part's symbols": good[: -4 * CAPS.seam - 1] + b"\x01" + good[-4 * CAPS.seam :],
        "a value without parts": bytes(names.WIDTH),
    }
    for name, encoding in mutations.items():
        if len(encoding) == names.WIDTH:
            assert names.compare_columns([encoding, good, good], [good, encoding, good]) == [None, None, "same"], name
        with pytest.raises(VerificationError):
            names.compare(encoding, good)
        with pytest.raises(VerificationError):
            names.compare(good, encoding)


def test_digest_is_over_the_data_files_in_order() -> None:
    digest = hashlib.sha256(b"concordat-v1 name data")
    for name in data.FILES:
        content = data.content(name)
        digest.update(hashlib.sha256(content).digest())
        heading = "".join(line for line in content.decode().splitlines() if line.startswith("#"))
        assert all(word in heading for word in ("Source", "icence", "202")), name
    assert names.data_digest() == digest.digest()


def test_comparator_shape() -> None:
    comparator = CompanyName()
    assert (comparator.name, comparator.width) == ("company-name", names.WIDTH)
    assert comparator.kinds == {"same", "variant", "branch", "different", "review", "unknown"}
