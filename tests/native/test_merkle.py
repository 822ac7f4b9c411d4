"""Leaf hashes, tree edges and columns of the crate are those of the portable path, and what is malformed is refused."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import hashing
from keys import native as backend
from matcher.protocol.errors import VerificationError
from matcher.protocol.merkle import CompactRange, leaf_hash, root
from tests.native.columns import native

crate = native()
_WIDTHS = (1, 16, 16, 32, 12, 60)


@pytest.mark.parametrize("size", [1, 54, 55, 56, 118, 119, 367])
@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 100])
def test_leaf_hashes_are_the_same(size: int, count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = os.urandom(size * count)
    expected = b"".join(leaf_hash(rows[start : start + size]) for start in range(0, len(rows), size))
    assert crate.leaf_hashes(rows, size) == expected
    assert crate.leaf_hashes(rows, size, threads=1) == expected
    assert hashing.leaves(rows, size) == expected
    assert hashing.tree_extend() == crate.tree_extend
    monkeypatch.setattr(backend, "module", lambda: None)
    assert hashing.leaves(rows, size) == expected
    assert hashing.tree_extend() is None


@given(steps=st.lists(st.integers(0, 70), max_size=12), seed=st.integers(0, 2**32))
def test_an_edge_grows_the_same_in_any_steps(steps: list[int], seed: int) -> None:
    tree, grown, leaves = CompactRange(), CompactRange(), []
    for number, count in enumerate(steps):
        added = [b"%d %d %d" % (seed, number, place) for place in range(count)]
        hashes = b"".join(map(leaf_hash, added))
        leaves += added
        tree.extend_hashes(hashes)
        grown.extend_hashes(hashes, crate.tree_extend)
        assert grown.to_bytes() == tree.to_bytes()
    assert grown.root() == tree.root() == root(leaves)
    assert grown.size == len(leaves)


def test_a_malformed_edge_or_hash_is_refused() -> None:
    edge = CompactRange()
    edge.append(bytes(32))
    for bad in (b"", bytes(7), edge.to_bytes()[:-1], edge.to_bytes() + bytes(32), bytes(8) + bytes(32)):
        with pytest.raises(crate.RejectedError):
            crate.tree_extend(bad, bytes(32))
    with pytest.raises(crate.RejectedError):
        crate.tree_extend(bytes(8), bytes(31))
    with pytest.raises(crate.RejectedError, match=r"2\^64"):
        crate.tree_extend(b"\xff" * 8 + bytes(64 * 32), bytes(32))
    with pytest.raises(VerificationError, match="cut"):
        edge.extend_hashes(bytes(33))
    for size in (0, 3):
        with pytest.raises(crate.RejectedError):
            crate.leaf_hashes(bytes(4), size)


@pytest.mark.parametrize("count", [0, 1, 300])
def test_rows_go_into_columns_and_back(count: int) -> None:
    size = sum(_WIDTHS)
    rows = os.urandom(size * count)
    columns = crate.split_columns(rows, _WIDTHS)
    packed = [rows[start : start + size] for start in range(0, len(rows), size)]
    start = 0
    for width, column in zip(_WIDTHS, columns, strict=True):
        assert column == b"".join(row[start : start + width] for row in packed)
        start += width
    assert crate.join_columns(columns, _WIDTHS) == rows


def test_columns_that_make_no_rows_are_refused() -> None:
    for columns, widths in (
        ([], []), ([b"a"], [0]), ([b"ab", b"a"], [1, 1]), ([b"a"], [1, 1]), ([b"abc"], [2]), ([b"ab", b"abc"], [2, 2]),
    ):  # fmt: skip
        with pytest.raises(crate.RejectedError):
            crate.join_columns(columns, widths)
    for rows, widths in ((b"abc", [2]), (b"abc", []), (b"abc", [3, 0]), (b"abc", [2**64 - 1, 2])):
        with pytest.raises(crate.RejectedError):
            crate.split_columns(rows, widths)


@pytest.mark.parametrize("count", [0, 1, 2, 1_000])
def test_rows_are_sorted_by_token_and_handle(count: int) -> None:
    size = 40
    places = [bytes((0, number % 7)) * 8 + os.urandom(2) + bytes(14) for number in range(count)]
    packed = [b"\1" + place + os.urandom(size - 33) for place in places]
    expected = sorted(packed, key=lambda row: row[1:33])
    leaves = [leaf_hash(row) for row in packed]
    spooled = crate.SpooledRows(b"".join(row + leaf for row, leaf in zip(packed, leaves, strict=True)), size)
    assert len(spooled) == count
    assert spooled.leaves() == b"".join(map(leaf_hash, expected))
    for first in (0, count // 2, count):
        assert spooled.rows(first, count - first) == b"".join(expected[first:])
        assert spooled.rows(0, first) == b"".join(expected[:first])
        with pytest.raises(crate.RejectedError):
            spooled.rows(first, count - first + 1)


def test_what_is_no_row_is_not_sorted() -> None:
    for data, size in ((bytes(64), 32), (bytes(66), 33), (b"", 0)):
        with pytest.raises(crate.RejectedError):
            crate.SpooledRows(data, size)
