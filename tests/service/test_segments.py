"""Segments are read a row group at a time: what is held does not grow with the segment."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa

from keys.secret import Secret
from matcher.protocol import rows
from matcher.service.store import segments
from matcher.service.store.period_keys import PeriodKey

_SUBMISSION = b"s" * 16
_SIZE = rows.row_size(200)
_CHUNK_ROWS, _CHUNKS = 4096, 32
_COLUMNS = ("handle", "envelope_key", "nonce", "sealed")


def test_reading_holds_a_small_part_of_the_segment(tmp_path: Path) -> None:
    key = PeriodKey("key", Secret(bytes(32)))
    chunks = [os.urandom(_SIZE * _CHUNK_ROWS) for _number in range(_CHUNKS)]
    writer = segments.Writer(tmp_path, _SUBMISSION, _SIZE, key)
    for chunk in chunks:
        writer.append([segments.unpacked(chunk, _SIZE)])
    assert not list(segments.found(tmp_path))
    writer.finish()
    assert writer.rows == _CHUNK_ROWS * _CHUNKS
    assert segments.remove_unfinished(tmp_path) == 0
    before, most, handles = pa.total_allocated_bytes(), 0, []
    for batch in segments.read(tmp_path, _SUBMISSION, _CHUNK_ROWS * _CHUNKS, key, _COLUMNS):
        most = max(most, pa.total_allocated_bytes() - before)
        handles += batch.column("handle").to_pylist()
    packed = b"".join(chunks)
    assert handles == [packed[start + 17 : start + 33] for start in range(0, len(packed), _SIZE)]
    assert most < len(packed) // 3


def test_what_is_given_up_leaves_no_file(tmp_path: Path) -> None:
    key = PeriodKey("key", Secret(bytes(32)))
    writer = segments.Writer(tmp_path, _SUBMISSION, _SIZE, key)
    writer.append([segments.unpacked(os.urandom(_SIZE * 2), _SIZE)])
    assert [path.stat().st_mode & 0o777 for path in tmp_path.iterdir()] == [0o600]
    writer.discard()
    assert not list(tmp_path.iterdir())
