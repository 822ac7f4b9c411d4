"""Rows and findings: layout, refusal of malformed leaves, ids that bind every part."""

from __future__ import annotations

from dataclasses import replace

import pytest

from matcher.protocol import canonical, findings, rows
from matcher.protocol.errors import VerificationError


def test_a_row_round_trips_and_is_sorted_by_token_then_handle() -> None:
    row = rows.Row(rows.PUT, b"t" * 16, b"h" * 16, b"k" * 32, b"n" * 12, b"s" * 56)
    data = rows.pack(row)
    assert len(data) == rows.row_size(40)
    assert rows.unpack(data) == row
    assert data[rows.SORT_KEY] == b"t" * 16 + b"h" * 16


def test_a_delete_has_nothing_after_the_handle() -> None:
    data = rows.delete(b"t" * 16, b"h" * 16, 40)
    assert len(data) == rows.row_size(40)
    assert data[:33] == b"\x00" + b"t" * 16 + b"h" * 16
    assert not any(data[33:])


def test_columns_cover_the_row_without_gap() -> None:
    assert sum(width for _, width in rows.COLUMNS) == rows.FIXED_SIZE


def test_chunks_stay_within_a_megabyte() -> None:
    for width in (9, 400, 5000, 2_000_000):
        count = rows.chunk_rows(width)
        assert count == 1 or count * rows.row_size(width) <= rows.MAX_CHUNK_BYTES


FINDING = findings.Finding(
    run=b"\x05" * 32, asking="labour-bureau", asking_handle=b"\x01" * 16, answering="bank-regulator",
    answering_handle=b"\x02" * 16, codes=("account-frozen", "holder-mismatch"),
)  # fmt: skip


def test_finding_id_binds_every_part() -> None:
    ids = {FINDING.finding_id(bytes(32), "flow", "2022-05")}
    changed = [
        replace(FINDING, run=b"\x06" * 32),
        replace(FINDING, asking="labour-burea"),
        replace(FINDING, asking_handle=b"\x03" * 16),
        replace(FINDING, answering="bank-regulato"),
        replace(FINDING, answering_handle=findings.NO_HANDLE),
        replace(FINDING, codes=("account-frozen",)),
    ]
    ids |= {item.finding_id(bytes(32), "flow", "2022-05") for item in changed}
    ids |= {
        FINDING.finding_id(b"\x01" * 32, "flow", "2022-05"),
        FINDING.finding_id(bytes(32), "flo", "2022-05"),
        FINDING.finding_id(bytes(32), "flow", "2022-06"),
    }
    assert len(ids) == 10


def test_leaf_round_trips() -> None:
    for finding in (FINDING, replace(FINDING, answering="", answering_handle=findings.NO_HANDLE)):
        finding_id = finding.finding_id(bytes(32), "flow", "2022-05")
        assert findings.from_leaf(finding.leaf(finding_id)) == (finding_id, finding)


@pytest.mark.parametrize(
    "change",
    [
        {"codes": []},
        {"codes": ["b", "a"]},
        {"codes": ["a", "a"]},
        {"codes": [1]},
        {"codes": None},
        {"score": 1},
        {"id": "00"},
        {"asking": 5},
        {"asking_handle": ""},
        {"answering_handle": "zz"},
    ],
)
def test_malformed_leaves_are_refused(change: dict[str, object]) -> None:
    value = canonical.decode(FINDING.leaf(bytes(32)))
    with pytest.raises(VerificationError):
        findings.from_leaf(canonical.encode({**value, **change}))
