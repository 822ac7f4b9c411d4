"""One chunk of rows and its named mutations: what the service stores without having seen inside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from matcher.protocol import merkle, rows
from matcher.protocol.errors import (
    InputError,
)
from matcher.service.acts import chunks as checking
from matcher.service.store.periods import PeriodName
from matcher.service.store.uploads import Upload


def upload_of(row_size: int, **changes: object) -> Upload:
    upload = Upload(
        bytes(16), bytes(32), PeriodName("a", "f", "2022-05"), "bank", 1, 10, row_size, 1, 0,
        merkle.CompactRange().to_bytes(), b"", 0,
    )  # fmt: skip
    return replace(upload, **changes)  # type: ignore[arg-type]


def good_chunk(width: int = 10) -> checking.Chunk:
    return checking.Chunk(
        0, 2,
        {
            "op": b"\x01\x00", "token": bytes(15) + b"\x01" + bytes(15) + b"\x02", "handle": bytes(32),
            "envelope_key": b"k" * 32 + bytes(32), "nonce": b"n" * 12 + bytes(12),
            "sealed": b"s" * (width + 16) + bytes(width + 16),
        },
    )  # fmt: skip


def test_a_good_chunk_is_packed() -> None:
    upload = upload_of(rows.row_size(10))
    packed = checking.check(good_chunk(), upload)
    after = checking.accept(packed, upload)
    assert (after.spooled, after.repeats, after.last_key) == (2, 0, bytes(15) + b"\x02" + bytes(16))
    assert rows.unpack(packed[: upload.row_size]).sealed == b"s" * 26


MUTATIONS = {
    "a column too short": {"token": bytes(31)},
    "a column too long": {"nonce": bytes(25)},
    "sealed of another width": {"sealed": bytes(2 * 27)},
    "an op that is none": {"op": b"\x01\x02"},
    "a delete that carries a key": {"envelope_key": b"k" * 64},
    "a delete that carries a nonce": {"nonce": b"n" * 24},
    "a delete that carries a vector": {"sealed": b"s" * 52},
}


@pytest.mark.parametrize("changes", MUTATIONS.values(), ids=MUTATIONS)
def test_a_malformed_chunk_is_refused(changes: dict[str, bytes]) -> None:
    chunk = good_chunk()
    with pytest.raises(InputError):
        checking.check(replace(chunk, columns={**chunk.columns, **changes}), upload_of(rows.row_size(10)))


@pytest.mark.parametrize(("first", "count"), [(1, 2), (0, 0), (0, 11), (0, 3)])
def test_a_chunk_at_another_place_is_refused(first: int, count: int) -> None:
    with pytest.raises(InputError):
        checking.check(replace(good_chunk(), first=first, count=count), upload_of(rows.row_size(10)))


@pytest.mark.parametrize(
    ("keys", "most", "is_good"),
    [
        ([b"a1", b"b1"], 1, True),
        ([b"a1", b"a2"], 2, True),
        ([b"a1", b"a2"], 1, False),
        ([b"a1", b"a2", b"a3"], 2, False),
        ([b"a1", b"a1"], 2, False),
        ([b"b1", b"a1"], 1, False),
    ],
)
@pytest.mark.parametrize("split", [False, True])
def test_rows_ascend_and_repeat_at_most(keys: list[bytes], most: int, is_good: bool, split: bool) -> None:
    size = rows.row_size(10)
    packed = [b"\x01" + key[:1] * 16 + key[1:] * 16 + bytes(size - 33) for key in keys]
    upload = upload_of(size, per_token=most)
    parts = [[row] for row in packed] if split else [packed]

    def accept_all() -> None:
        present = upload
        for part in parts:
            present = checking.accept(b"".join(part), present)

    if is_good:
        accept_all()
    else:
        with pytest.raises(InputError, match="row"):
            accept_all()


@pytest.mark.parametrize(("operations", "is_good"), [("01", True), ("10", True), ("0101", False), ("11", False)])
def test_a_delete_makes_room_for_a_put_of_its_token(operations: str, is_good: bool) -> None:
    size = rows.row_size(10)
    packed = b"".join(
        bytes((int(operation),)) + b"t" * 16 + bytes((number,)) * 16 + bytes(size - 33)
        for number, operation in enumerate(operations, 1)
    )
    upload = upload_of(size, per_token=1)
    if is_good:
        checking.accept(packed, upload)
    else:
        with pytest.raises(InputError, match="more than 1 rows"):
            checking.accept(packed, upload)
