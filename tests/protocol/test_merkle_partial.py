"""A tree shown in part: its root, its proofs, and that it shows no more than its leaves' own proofs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.protocol.errors import VerificationError
from matcher.protocol.merkle import (
    CompactRange,
    PartialTree,
    Tree,
    complete_subtrees,
    leaf_hash,
    node_hash,
    verify_inclusion,
)

_shown = st.integers(1, 70).flatmap(
    lambda size: st.tuples(st.just(size), st.sets(st.integers(0, size - 1), max_size=size))
)


def leaves(size: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(size)]


def gaps(size: int, shown: set[int]) -> list[tuple[int, int]]:
    ends = [*sorted(shown), size]
    starts = [0, *(place + 1 for place in sorted(shown))]
    return list(zip(starts, ends, strict=True))


def hidden(tree: Tree, start: int, end: int) -> list[bytes]:
    return [tree.node(level, index) for level, index in complete_subtrees(start, end)]


def partial(size: int, shown: set[int]) -> PartialTree:
    hashes, whole, result = leaves(size), Tree(leaves(size)), PartialTree()
    for start, end in gaps(size, shown):
        result.skip(end, iter(hidden(whole, start, end)))
        if end < size:
            result.show(hashes[end])
    return result


@given(_shown)
def test_a_tree_shown_in_part_has_the_root_and_the_proofs_of_the_whole(made: tuple[int, set[int]]) -> None:
    size, shown = made
    whole, part = Tree(leaves(size)), partial(size, shown)
    assert (part.size, part.root()) == (size, whole.root())
    for index in shown:
        assert part.inclusion_proof(index) == whole.inclusion_proof(index)
        verify_inclusion(leaves(size)[index], index, size, part.inclusion_proof(index), whole.root())


def test_a_leaf_inside_what_is_hidden_has_no_proof() -> None:
    part = partial(7, {0, 5})
    for index in (2, 3, 7, -1):
        with pytest.raises(VerificationError, match="not shown"):
            part.inclusion_proof(index)


@given(_shown.filter(lambda made: bool(made[1])))
def test_no_hash_is_shown_that_no_proof_would_show(made: tuple[int, set[int]]) -> None:
    """Each hash is in an inclusion proof, or a part of one that two subtrees make up at the tree's right edge."""
    size, shown = made
    whole = Tree(leaves(size))
    told = {bytes(part) for index in shown for part in whole.inclusion_proof(index)}
    for start, end in gaps(size, shown):
        given_hashes = hidden(whole, start, end)
        edge = [level for level, _index in complete_subtrees(start, end)] if end == size else []
        # The right edge of a tree is no complete subtree: a proof gives it folded, here it comes in its parts.
        assert set(given_hashes) <= told or edge


@given(st.integers(0, 300), st.integers(0, 300))
def test_subtrees_are_complete_and_make_up_the_range(start: int, length: int) -> None:
    place = start
    for level, index in complete_subtrees(start, start + length):
        assert index << level == place
        place += 1 << level
    assert place == start + length


def test_a_subtree_stands_only_where_it_fits() -> None:
    grown = CompactRange()
    grown.append(bytes(32))
    with pytest.raises(VerificationError, match="leaf 1"):
        grown.append_node(1, bytes(32))
    grown.append_node(0, bytes(32))
    assert grown.root() == node_hash(bytes(32), bytes(32))
    for short in (iter([]), iter([bytes(31)])):
        with pytest.raises(VerificationError):
            PartialTree().skip(1, short)
