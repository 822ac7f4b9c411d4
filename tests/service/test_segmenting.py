"""Segments that are written while their uploads run: the same as without, whatever happens between rows and seal."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from matcher.protocol.errors import NotFoundError, OverloadedError
from matcher.service import limits
from matcher.service.store import segments, spool
from matcher.service.store.periods import PeriodName
from tests.service import paper
from tests.service.party import chunks, in_order, manifest_body
from tests.service.world import World

_NAME = PeriodName(paper.AGREEMENT_ID, paper.FLOW, paper.PERIOD)
_GROUP = 4
_COUNT = 11
_SOON = 10.0


@pytest.fixture(autouse=True)
def _small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "GROUP_ROWS", _GROUP)
    monkeypatch.setattr(limits, "ACKNOWLEDGED_BYTES", 1)  # each chunk by itself


class Written:
    """Rows that were put into segments, in order: by the thread beside (True) or by the seal (False)."""

    def __init__(self) -> None:
        self.parts: list[tuple[bool, int]] = []

    def rows(self, *, ahead: bool) -> int:
        return sum(count for is_ahead, count in self.parts if is_ahead == ahead)

    def wait(self, count: int) -> None:
        """Until ``count`` rows were put in beside."""
        end = time.monotonic() + _SOON
        while self.rows(ahead=True) < count:
            assert time.monotonic() < end, self.parts
            time.sleep(0.002)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Written:
    found, true = Written(), segments.Writer.append

    def append(self: segments.Writer, batches: list[pa.RecordBatch]) -> None:
        before = self.rows
        true(self, batches)
        found.parts.append((threading.current_thread().name.startswith("segment"), self.rows - before))

    monkeypatch.setattr(segments.Writer, "append", append)
    return found


class Uploading:
    """One upload of a party, which goes on and is sealed when a test wants it."""

    def __init__(self, world: World, name: str = paper.ANSWERING, count: int = _COUNT) -> None:
        self.world, self.name = world, name
        self.packed = in_order([world.row(name, str(number), ("91", 10_000, 0)) for number in range(count)])
        self.submission = os.urandom(16)
        self.open()

    def open(self) -> int:
        return self.world.channel(self.name).open_upload(
            self.submission, self.world.agreement.digest, paper.FLOW, paper.PERIOD, 1, len(self.packed)
        ).next_row  # fmt: skip

    def send(self, first: int = 0, end: int = _COUNT) -> None:
        assert list(self.world.channel(self.name).upload(self.submission, chunks(self.packed[:end], 3, first)))

    def seal(self) -> None:
        manifest = self.world.parties[self.name].sign(
            "manifest", manifest_body(self.submission, self.packed, 1, b""), hours=0,
            agreement=self.world.agreement.digest,
        )  # fmt: skip
        self.world.channel(self.name).seal(self.submission, manifest)
        key = self.world.storage.period_keys.get(_NAME.key_name())
        columns = segments.schema(len(self.packed[0])).names
        stored = segments.read(self.world.home.segments, self.submission, len(self.packed), key, columns)
        found = [b"".join(row.values()) for batch in stored for row in batch.to_pylist()]
        assert found == self.packed
        assert not spool.path_of(self.world.home.spool, self.submission).exists()
        assert not self.aside().exists()

    def aside(self) -> Path:
        return segments.path_of(self.world.home.segments, self.submission).with_suffix(".aside")


def test_whole_row_groups_are_written_beside_and_the_rest_by_the_seal(world: World, written: Written) -> None:
    upload = Uploading(world)
    upload.send()
    written.wait(8)
    upload.seal()
    assert written.parts == [(True, 4), (True, 4), (False, 3)]


@pytest.mark.parametrize("restart", [False, True])
def test_only_what_came_before_the_segment_was_begun_is_read_again(
    world: World, written: Written, monkeypatch: pytest.MonkeyPatch, restart: bool
) -> None:
    beside, true = [], spool.read

    def read(*arguments: Any) -> Iterator[bytes]:
        for packed in true(*arguments):
            if threading.current_thread().name.startswith("segment"):
                beside.append(len(packed) // arguments[4])
            yield packed

    monkeypatch.setattr(spool, "read", read)
    upload = Uploading(world)
    upload.send(0, 6)
    written.wait(4)
    if restart:
        world.stop()
        world.start()
        upload.open()
    upload.send(6)
    written.wait(12 if restart else 8)
    upload.seal()
    assert sum(beside) == (6 if restart else 0)


def test_a_stream_is_no_faster_than_its_segment(
    world: World, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    gate, begun, true = threading.Event(), threading.Event(), segments.Writer.append

    def slow(self: segments.Writer, batches: list[pa.RecordBatch]) -> None:
        begun.set()
        assert gate.wait(_SOON)
        true(self, batches)

    monkeypatch.setattr(segments.Writer, "append", slow)
    upload, sent = Uploading(world), threading.Event()

    def send() -> None:
        upload.send()
        sent.set()

    sender = threading.Thread(target=send)
    sender.start()
    try:
        assert begun.wait(_SOON)
        assert not sent.wait(0.1)
    finally:
        gate.set()
        sender.join()
    written.wait(8)
    upload.seal()


def test_what_is_not_acknowledged_is_not_written(
    world: World, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    upload = Uploading(world)
    upload.send(0, 6)
    written.wait(4)
    with monkeypatch.context() as patched:
        patched.setattr(spool.Spool, "sync", _failing)
        with pytest.raises(OverloadedError, match="the disk is full"):
            upload.send(6)
    assert upload.open() == 6
    assert written.rows(ahead=True) == 4
    upload.send(6)
    written.wait(8)
    upload.seal()


def test_few_rows_are_written_by_the_seal(world: World, written: Written) -> None:
    upload = Uploading(world, count=3)
    upload.send(0, 3)
    assert not upload.aside().exists()
    upload.seal()
    assert written.parts == [(False, 3)]


def test_an_upload_goes_on_after_a_break(world: World, written: Written) -> None:
    upload = Uploading(world)
    upload.send(0, 6)
    assert upload.open() == 6
    upload.send(6)
    written.wait(8)
    upload.seal()
    assert written.rows(ahead=False) == 3


def test_after_a_restart_it_is_written_from_the_first_row(world: World, written: Written) -> None:
    upload = Uploading(world)
    upload.send(0, 6)
    written.wait(4)
    world.stop()
    assert not upload.aside().exists()
    upload.aside().write_bytes(b"as after a crash")
    world.start()
    assert not upload.aside().exists()
    assert upload.open() == 6
    upload.send(6)
    written.wait(4 + 8)
    upload.seal()
    assert written.rows(ahead=False) == 3


def test_after_a_restart_the_seal_writes_all_of_it(world: World, written: Written) -> None:
    upload = Uploading(world)
    upload.send()
    written.wait(8)
    world.stop()
    world.start()
    upload.seal()
    assert written.rows(ahead=False) == _COUNT


def test_a_replaced_upload_leaves_nothing(world: World, written: Written) -> None:
    first = Uploading(world)
    first.send()
    written.wait(8)
    assert first.aside().exists()
    second = Uploading(world)
    assert not first.aside().exists()
    second.send()
    second.seal()


def test_lost_rows_are_taken_and_written_again(world: World, written: Written) -> None:
    upload = Uploading(world)
    upload.send(0, 9)
    written.wait(8)
    spool.remove(world.home.spool, upload.submission)
    assert upload.open() == 0
    assert not upload.aside().exists()
    upload.packed = in_order([*upload.packed[1:], world.row(paper.ANSWERING, "another", ("92", 1, 0))])
    upload.send()
    upload.seal()


def _failing(*_arguments: object, **_options: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("name", ["__init__", "append", "sync"])
def test_what_fails_beside_fails_no_upload(
    world: World, written: Written, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:  # fmt: skip
    true, tries = getattr(segments.Writer, name), []

    def broken(self: segments.Writer, *arguments: Any) -> None:
        if threading.current_thread().name.startswith("segment"):
            tries.append(name)
            _failing()
        true(self, *arguments)

    monkeypatch.setattr(segments.Writer, name, broken)
    upload = Uploading(world)
    upload.send()
    time.sleep(0.1)
    upload.seal()
    assert tries == [name]
    assert written.rows(ahead=False) == _COUNT


def test_a_segment_under_another_key_is_written_again(world: World, written: Written) -> None:
    upload = Uploading(world)
    upload.send()
    written.wait(8)
    world.storage.period_keys.destroy(_NAME.key_name())
    upload.seal()
    assert written.rows(ahead=False) == _COUNT


def test_a_lost_key_is_not_covered_up(world: World, written: Written) -> None:
    world.submit(paper.ASKING, [world.row(paper.ASKING, "a", ("91", 10_000, 0))])
    world.storage.period_keys.destroy(_NAME.key_name())
    upload = Uploading(world)
    upload.send()
    with pytest.raises(NotFoundError, match="wrapping key"):
        upload.seal()
    assert world.storage.period_keys.names() == []
    assert written.parts == [(False, 1)]


def test_a_purge_meanwhile_leaves_nothing(world: World, written: Written) -> None:
    world.submit(paper.ASKING, [world.row(paper.ASKING, "a", ("91", 10_000, 0))])
    upload = Uploading(world)
    upload.send(0, 9)
    written.wait(8)
    world.purge()
    with pytest.raises(NotFoundError):
        upload.seal()
    world.stop()
    world.start()
    assert not list(world.home.segments.iterdir())
    assert not list(world.home.spool.iterdir())
    assert world.storage.period_keys.names() == []


def test_so_many_are_written_at_once_and_one_that_rests_gives_way(
    world: World, written: Written, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SEGMENTS_AHEAD", 1)
    first, second = Uploading(world), Uploading(world, paper.ASKING)
    first.send(0, 6)
    written.wait(4)
    second.send(0, 6)
    assert not second.aside().exists()
    monkeypatch.setattr(limits, "SEGMENT_REST_SECONDS", 0.0)
    second.send(6)
    written.wait(4 + 8)
    assert not first.aside().exists()
    monkeypatch.setattr(limits, "SEGMENT_REST_SECONDS", 60.0)
    first.send(6)
    second.seal()
    first.seal()
    assert written.rows(ahead=False) == 3 + _COUNT
