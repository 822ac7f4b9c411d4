"""Whole columns are judged as row by row: the same bytes, the same edge, the same complaint about the same row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.protocol import merkle, rows
from matcher.protocol.errors import InputError
from matcher.service.acts import chunks as checking
from matcher.service.store.uploads import Upload
from tests.service.test_chunks import upload_of

_WIDTH = 3
_SIZE = rows.row_size(_WIDTH)
_HEAD = rows.SORT_KEY.stop


def _row_by_row(packed: list[bytes], upload: Upload) -> Upload:
    """What design section 4 says of a chunk's rows, one after the other."""
    for offset, row in enumerate(packed):
        if row[0] not in (rows.PUT, rows.DELETE):
            raise InputError(f"row {upload.spooled + offset}: op is neither put nor delete")
        if row[0] == rows.DELETE and any(row[_HEAD:]):
            raise InputError(f"row {upload.spooled + offset}: a delete has zeros after the handle")
    keys, repeats = [upload.last_key, *(row[rows.SORT_KEY] for row in packed)], upload.repeats
    for offset, (left, right) in enumerate(pairwise(keys)):
        if left >= right:
            raise InputError(f"row {upload.spooled + offset}: rows do not ascend by token and handle")
        repeats = (repeats if left[:16] == right[:16] else 0) + (packed[offset][0] == rows.PUT)
        if repeats > upload.per_token:
            raise InputError(f"row {upload.spooled + offset}: more than {upload.per_token} rows of one token")
    edge = merkle.CompactRange.from_bytes(upload.edge)
    edge.extend(packed)
    return replace(
        upload, spooled=upload.spooled + len(packed), edge=edge.to_bytes(), last_key=keys[-1], repeats=repeats
    )


def _as_columns(packed: list[bytes], first: int) -> checking.Chunk:
    columns, start = {}, 0
    for name, width in (*rows.COLUMNS, ("sealed", _WIDTH + rows.TAG_SIZE)):
        columns[name] = b"".join(row[start : start + width] for row in packed)
        start += width
    return checking.Chunk(first, len(packed), columns)


def _key(place: int) -> bytes:
    """Sixteen bytes of which one is not zero, or none: no word of a key may go unread."""
    value = bytearray(17)
    value[place] = 1
    return bytes(value[:16])


def _row(op: int, token: int, handle: int, filled: int) -> bytes:
    rest = bytearray(_SIZE - _HEAD + 1)
    rest[filled] = 7
    return bytes((op,)) + _key(token) + _key(handle) + bytes(rest[:-1])


_places = st.sampled_from((0, 7, 8, 15, 16))
_rows = st.lists(
    st.builds(
        _row, st.sampled_from((1,) * 9 + (0, 0, 2)), _places, _places,
        st.sampled_from((-1,) * 20 + (0, _SIZE - _HEAD - 1)),
    ),
    min_size=1, max_size=14,
)  # fmt: skip


@pytest.mark.usefixtures("backend")
@settings(max_examples=400)
@given(
    packed=_rows, swapped=st.none() | st.integers(0, 12), is_sorted=st.booleans(), per_token=st.integers(1, 3),
    cut=st.integers(1, 14),
)  # fmt: skip
def test_columns_are_judged_as_rows(
    packed: list[bytes], swapped: int | None, is_sorted: bool, per_token: int, cut: int
) -> None:
    if is_sorted:
        packed = sorted({row[rows.SORT_KEY]: row for row in packed}.values(), key=lambda row: row[rows.SORT_KEY])
    if swapped is not None:
        packed[swapped : swapped + 2] = reversed(packed[swapped : swapped + 2])
    start = upload_of(_SIZE, per_token=per_token, rows=len(packed))
    parts = [part for part in (packed[:cut], packed[cut:]) if part]

    def by_rows() -> Upload:
        upload = start
        for part in parts:
            upload = _row_by_row(part, upload)
        return upload

    def by_columns() -> Upload:
        upload = start
        for part in parts:
            checked = checking.check(_as_columns(part, upload.spooled), upload)
            assert checked == b"".join(part)
            upload = checking.accept(checked, upload)
        return upload

    assert _result(by_columns) == _result(by_rows)


def _result(judge: Callable[[], Upload]) -> Upload | str:
    """The upload afterwards, or what is complained of."""
    try:
        return judge()
    except InputError as error:
        return str(error)
