"""Findings as columns have the ids, leaves and order that they have one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from keys import hashing
from matcher.protocol import merkle
from matcher.protocol.finding_columns import FindingColumns, Kind, concatenate
from matcher.protocol.findings import Finding

RUN, MATCHING = b"r" * 32, b"m" * 32
_handles = st.sampled_from([bytes((a,)) + bytes(14) + bytes((b,)) for a in (0, 1, 255) for b in (0, 7, 255)])
_parties = st.sampled_from(["", "bank", "bank-2", 'b"nk', "银行"])
_codes = st.lists(st.sampled_from(["a", "b-c", "d", "代码"]), min_size=1, unique=True).map(lambda it: tuple(sorted(it)))
_found = st.lists(st.tuples(_handles, _parties, _handles, _codes), max_size=12)
Found = list[tuple[bytes, str, bytes, tuple[str, ...]]]


def columns(found: Found) -> FindingColumns:
    """Columns of these findings; their kinds in order of appearance."""
    kinds = {Kind(party, codes): None for _asking, party, _answering, codes in found}
    numbers = [list(kinds).index(Kind(party, codes)) for _asking, party, _answering, codes in found]
    return FindingColumns(
        RUN, "bureau", tuple(kinds), _matrix([item[0] for item in found]),
        _matrix([item[2] if item[1] else bytes(16) for item in found]), np.array(numbers, np.uint32),
    )  # fmt: skip


def _matrix(handles: list[bytes]) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.frombuffer(b"".join(handles), np.uint8).reshape(len(handles), 16)


def one_by_one(found: Found) -> list[Finding]:
    return [
        Finding(RUN, "bureau", asking, party, answering if party else b"", codes)
        for asking, party, answering, codes in found
    ]


@given(_found)
def test_ids_leaves_and_order_are_those_of_each_finding(found: Found) -> None:
    whole, expected = columns(found), one_by_one(found)
    assert [whole.finding(place) for place in range(len(whole))] == expected
    ids = whole.ids(MATCHING, "check", "2022-05", hashing.each)
    expected_ids = [item.finding_id(MATCHING, "check", "2022-05") for item in expected]
    assert [row.tobytes() for row in ids] == expected_ids
    leaves = [merkle.leaf_hash(item.leaf(id_)) for item, id_ in zip(expected, expected_ids, strict=True)]
    assert [row.tobytes() for row in whole.leaf_hashes(ids, hashing.each)] == leaves
    ordered = whole.in_order()
    assert [ordered.finding(place) for place in range(len(ordered))] == sorted(expected, key=Finding.sort_key)


@given(_found, _found)
def test_parts_make_a_whole_over_all_kinds(first: Found, second: Found) -> None:
    whole = concatenate([columns(first), columns(second)])
    assert [whole.finding(place) for place in range(len(whole))] == one_by_one([*first, *second])
    assert len(set(whole.kinds)) == len(whole.kinds)
