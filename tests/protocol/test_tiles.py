"""Tiles: the figures that C2SP tlog-tiles prints, and that the files of a tree are the tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.protocol import merkle, tiles
from matcher.protocol.errors import VerificationError


def files(count: int) -> dict[str, bytes]:
    builder = tiles.TileBuilder()
    made: dict[str, bytes] = {}
    for number in range(count):
        made.update(builder.add(b"%d" % number))
    made.update(builder.finish())
    return made


def test_paths_are_the_specification_s() -> None:
    assert tiles.path(0, 0) == "tile/0/000"
    assert tiles.path(0, 1234067) == "tile/0/x001/x234/067"
    assert tiles.path(3, 999, 17) == "tile/3/999.p/17"
    assert tiles.path(tiles.ENTRIES, 1000, 255) == "tile/entries/x001/000.p/255"
    for level, index, width in ((64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257), ("leaves", 0, 1)):
        with pytest.raises(ValueError, match="no tile"):
            tiles.path(level, index, width)


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts() -> None:
    names = set(files(70_000))
    level = {number: [name for name in names if name.startswith(f"tile/{number}/")] for number in range(4)}
    assert len([name for name in level[0] if ".p/" not in name]) == 273
    assert [name for name in level[0] if ".p/" in name] == ["tile/0/273.p/112"]
    assert sorted(level[1]) == ["tile/1/000", "tile/1/001.p/17"]
    assert level[2] == ["tile/2/000.p/1"]
    assert level[3] == []
    assert {name.replace("entries", "0") for name in names if "entries" in name} == set(level[0])
    for number in range(3):
        paths = [tiles.path(number, index, width) for index, width in tiles.widths(70_000, number)]
        assert sorted(paths) == sorted(level[number])


def test_a_tree_of_256_has_one_full_tile_and_one_hash_above() -> None:
    assert set(files(256)) == {"tile/0/000", "tile/1/000.p/1", "tile/entries/000"}
    assert files(256)["tile/1/000.p/1"] == merkle.root(b"%d" % number for number in range(256))
    assert files(0) == {}


@given(st.integers(1, 1500))
def test_tiles_are_the_tree_s_nodes(size: int) -> None:
    made = files(size)
    leaves = [b"%d" % number for number in range(size)]
    entries, hashes = [], []
    for index, width in tiles.widths(size):
        entries += tiles.parse_bundle(made[tiles.path(tiles.ENTRIES, index, width)], width)
        hashes += tiles.parse_hashes(made[tiles.path(0, index, width)], width)
    assert entries == leaves
    assert hashes == [merkle.leaf_hash(leaf) for leaf in leaves]
    above = [merkle.root(leaves[start : start + 256]) for start in range(0, size - 255, 256)]
    assert b"".join(made[tiles.path(1, index, width)] for index, width in tiles.widths(size, 1)) == b"".join(above)


def test_a_bundle_holds_what_it_says() -> None:
    data = tiles.bundle([b"", b"ab"])
    assert data == b"\x00\x00\x00\x02ab"
    assert tiles.parse_bundle(data, 2) == [b"", b"ab"]
    for wrong, width in ((data, 1), (data, 3), (data[:-1], 2), (data + b"\x00", 3), (data + b"\x00", 2), (b"", 1)):
        with pytest.raises(VerificationError, match="bundle"):
            tiles.parse_bundle(wrong, width)
    assert tiles.parse_bundle(tiles.bundle([bytes(65_535)]), 1) == [bytes(65_535)]
    with pytest.raises(VerificationError, match="65536 bytes"):
        tiles.bundle([bytes(65_536)])


def test_a_tile_has_32_bytes_a_hash() -> None:
    assert tiles.parse_hashes(bytes(64), 2) == [bytes(32)] * 2
    for wrong in (bytes(63), bytes(96), b""):
        with pytest.raises(VerificationError, match="not 64"):
            tiles.parse_hashes(wrong, 2)
