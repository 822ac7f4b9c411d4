"""Acknowledged in groups: what is acknowledged was synced and recorded before, and nobody waits for chunks to come."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from unittest import mock

import pytest

from matcher.protocol import rows
from matcher.service import limits
from matcher.service.acts.chunks import Chunk
from matcher.service.acts.segmenting import Segmenting
from matcher.service.acts.uploads import Uploads
from matcher.service.rpc.ahead import ReadAhead
from matcher.service.store import spool, uploads
from tests.service import paper
from tests.service.party import in_order
from tests.service.world import World

COUNT, PART = 12, 2
_SOON = 10.0


@dataclass
class Opened:
    """An upload of COUNT rows that is open at the service; ``pieces`` are its chunks of PART rows."""

    world: World
    submission: bytes
    pieces: list[Chunk]
    size: int

    def receive(self, stream: Iterator[Chunk | None]) -> Iterator[int]:
        storage = self.world.storage
        segmenting = Segmenting(storage.database, self.world.home, storage.period_keys)
        acts = Uploads(storage.database, self.world.home.spool, segmenting, self.world.clock)
        return acts.receive(paper.ANSWERING, self.submission, stream, lambda: None)

    def recorded(self) -> int:
        with self.world.storage.database.read() as transaction:
            return uploads.find(transaction, self.submission, paper.ANSWERING).spooled


def _chunk(packed: list[bytes], first: int) -> Chunk:
    columns, start = {}, 0
    for name, width in (*rows.COLUMNS, ("sealed", len(packed[0]) - rows.FIXED_SIZE)):
        columns[name] = b"".join(row[start : start + width] for row in packed)
        start += width
    return Chunk(first, len(packed), columns)


@pytest.fixture
def opened(world: World) -> Opened:
    packed = in_order([world.row(paper.ANSWERING, str(number), ("91", 10_000, 0)) for number in range(COUNT)])
    submission = os.urandom(16)
    opening = (submission, world.agreement.digest, paper.FLOW, paper.PERIOD, 1, COUNT)
    world.channel(paper.ANSWERING).open_upload(*opening)
    pieces = [_chunk(packed[first : first + PART], first) for first in range(0, COUNT, PART)]
    return Opened(world, submission, pieces, len(packed[0]))


@pytest.mark.parametrize("group", [1, 3, 4, 100])
def test_what_is_acknowledged_was_synced_and_recorded(
    opened: Opened, group: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = spool.path_of(opened.world.home.spool, opened.submission)
    synced, true = [0], spool.Spool.sync

    def sync(self: spool.Spool) -> None:
        size = path.stat().st_size
        true(self)
        synced.append(size // opened.size)

    monkeypatch.setattr(limits, "ACKNOWLEDGED_BYTES", group * PART * opened.size)
    monkeypatch.setattr(spool.Spool, "sync", sync)
    acknowledged = []
    for rows_on_disk in opened.receive(iter(opened.pieces)):
        assert rows_on_disk <= max(synced)
        assert opened.recorded() == rows_on_disk
        acknowledged.append(rows_on_disk)
    step = min(group * PART, COUNT)
    assert acknowledged == [*range(step, COUNT, step), COUNT]


def test_a_quiet_stream_is_acknowledged_at_once(opened: Opened) -> None:
    stream = opened.receive(iter([*opened.pieces[:2], None, opened.pieces[2], None, None, *opened.pieces[3:]]))
    assert list(stream) == [2 * PART, 3 * PART, COUNT]


def test_nothing_is_acknowledged_of_a_sync_that_failed(opened: Opened) -> None:
    failing = mock.Mock(side_effect=OSError("the disk fails"))
    with mock.patch.object(spool.Spool, "sync", failing), pytest.raises(OSError, match="fails"):
        next(opened.receive(iter([opened.pieces[0], None])))
    assert opened.recorded() == 0
    assert list(opened.receive(iter(opened.pieces))) == [COUNT]


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + _SOON
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_items_are_read_ahead_and_quiet_is_told_once() -> None:
    gate = threading.Event()

    def source() -> Iterator[int]:
        yield from (1, 2)
        gate.wait(_SOON)
        yield 3

    with ReadAhead(source(), most=2, quiet=0.01) as ahead:
        items = iter(ahead)
        assert [next(items) for _ in range(3)] == [1, 2, None]
        gate.set()
        assert list(items) == [3]


def test_what_a_stream_raises_comes_after_its_items() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ConnectionError

    with ReadAhead(source(), most=4, quiet=1.0) as ahead:
        items = iter(ahead)
        assert next(items) == 1
        with pytest.raises(ConnectionError):
            next(items)


def test_no_more_is_read_than_is_asked_for_and_leaving_ends_it() -> None:
    taken: list[int] = []

    def source() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    with ReadAhead(source(), most=3, quiet=1.0) as ahead:
        next(iter(ahead))
        _until(lambda: len(taken) == 5)  # one given, three waiting, one in hand
        time.sleep(0.02)
        assert len(taken) == 5
    _until(lambda: all(thread.name != "ahead" for thread in threading.enumerate()))
    assert len(taken) <= 6
