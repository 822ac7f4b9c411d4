"""Workers, buckets, spool, cache and the fast forms of slow functions."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import group, native
from matcher.agency.blind.context import Context, Setup
from matcher.agency.blind.handles import Handles
from matcher.agency.blind.native_bucket import NativeBuckets
from matcher.agency.blind.pool import Workers
from matcher.agency.blind.rows import Blind
from matcher.agency.blind.sources import CacheSource, GroupSource
from matcher.agency.records import staged
from matcher.agency.records.rejects import Reject
from matcher.agency.secrets import entries
from matcher.agency.secrets.cache import CacheKeys, SecretCache
from matcher.agency.submit.buckets import BUCKETS, BucketFiles, bucket_of
from matcher.agency.submit.durable import Durable
from matcher.agency.submit.job import make_job
from matcher.agency.submit.spool import chunks, count_rows
from matcher.agency.vault.blocks import (
    BLOCKS,
    SentRow,
    block_of,
    blocks_of_bucket,
    bucket_of_block,
    pack_blocks,
    rows_in,
    unpack_blocks,
    unpack_rows,
)
from matcher.agency.vault.store import Vault
from matcher.protocol import merkle, rows, suite
from matcher.protocol.errors import ConcordatError, InputError, StateError
from tests.agency.submission_world import ANSWERING, FLOW, PERIOD, World

Make = Callable[..., World]
WIDTH = 20


@dataclass(frozen=True)
class Square:
    number: int

    def run(self, context: Context) -> int:  # noqa: ARG002
        return self.number**2


@dataclass(frozen=True)
class Fail:
    how: str

    def run(self, context: Context) -> int:  # noqa: ARG002
        if self.how == "named":
            raise InputError("line 7", remedy="Do it.", code="its-name")
        if self.how == "ended":
            os._exit(9)
        raise ValueError("a cell's content")


@dataclass(frozen=True)
class Names:
    """Which blinder of the native crate a thread uses."""

    leaves_lock: ClassVar[bool] = True

    def run(self, context: Context) -> int:
        assert isinstance(context.buckets, NativeBuckets)
        return id(context.buckets._blinder)


class Threaded(NamedTuple):
    """A task for a thread, where the native crate is; else for a process, as any."""

    task: Square | Fail
    leaves_lock: bool = True

    def run(self, context: Context) -> tuple[int, int]:
        return self.task.run(context), threading.get_ident()


@pytest.fixture
def setup(submission: Make) -> Setup:
    world = submission("hmac")
    job = make_job(world.homes[ANSWERING], FLOW, PERIOD, [])
    vault = Vault(world.homes[ANSWERING].vault_path)
    begun = vault.begin(vault.scope(job.agreement, FLOW, PERIOD), bytes(16), bytes(32), bytes(32))
    setup = job.setup(begun, frozenset())
    vault.close()
    return setup


@pytest.fixture
def workers(setup: Setup) -> Any:
    with Workers(setup, 2) as pool:
        yield pool


def test_results_keep_the_order_of_tasks(workers: Workers) -> None:
    assert list(workers.run(Square(number) for number in range(200))) == [number**2 for number in range(200)]


def test_only_a_bounded_number_is_under_way(workers: Workers) -> None:
    taken = 0

    def tasks() -> Any:
        nonlocal taken
        for number in range(100):
            taken += 1
            yield Square(number)

    results = workers.run(tasks())
    next(results)
    assert taken <= 2 * workers.count + 1
    results.close()  # type: ignore[attr-defined]


def test_errors_come_back_by_name_and_without_content(workers: Workers) -> None:
    with pytest.raises(InputError, match="line 7") as caught:
        workers.submit(Fail("named")).result()
    assert (caught.value.remedy, caught.value.code) == ("Do it.", "its-name")
    with pytest.raises(ConcordatError, match="ValueError") as other:
        workers.submit(Fail("unnamed")).result()
    assert "cell" not in str(other.value)
    assert workers.submit(Square(3)).result() == 9


def test_tasks_of_the_native_crate_go_to_threads_that_share_its_names(workers: Workers) -> None:
    found = list(workers.run(Threaded(Square(number)) for number in range(200)))
    assert [square for square, _thread in found] == [number**2 for number in range(200)]
    with pytest.raises(InputError, match="line 7"):
        workers.submit(Threaded(Fail("named"))).result()
    with pytest.raises(ConcordatError, match="ValueError") as other:
        workers.submit(Threaded(Fail("unnamed"))).result()
    assert "cell" not in str(other.value)
    assert other.value.__cause__ is None
    assert other.value.__suppress_context__ or other.value.__context__ is None
    if native.module() is not None:
        assert threading.get_ident() not in {thread for _square, thread in found}
        assert len({workers.submit(Names()).result() for _task in range(20)}) == 1


def test_threads_have_connections_of_their_own(setup: Setup) -> None:
    first = Context(replace(setup, source=CacheSource(Path("none"), CacheKeys(b"", b"", b""))))
    one, other = first.again(), first.again()
    assert one.source is not other.source
    assert one.buckets is not other.buckets
    assert one._block_readers is not other._block_readers
    assert "_vault" not in vars(first) | vars(one)


def test_a_worker_that_ends_is_told_and_does_not_hang(workers: Workers) -> None:
    with pytest.raises(ConcordatError, match="ended unexpectedly"):
        list(workers.run(Fail("ended") for _ in range(20)))


def test_the_first_record_in_the_files_stands_in_whatever_order_they_were_staged(setup: Setup, tmp_path: Path) -> None:
    handle = bytes(16)
    values = ",".join(["null"] * len(setup.fields)).encode()

    def record(file: int, line: int, column: int) -> bytes:
        content = b'[[%s],{"line":"%d"}]' % (values, line)
        return staged.pack(handle, file, line, column, b"6200000001", b"6200000001", content)

    for name in ("staged", "rows"):
        (tmp_path / name).mkdir()
    places = [(1, 1, 0), (0, 9, 1), (0, 3, 1), (0, 3, 0), (0, 300, 0)]
    (tmp_path / "staged" / "00").write_bytes(b"".join(record(*place) for place in places))
    context = Context(setup)
    blinded = Blind(tmp_path / "staged", tmp_path / "rows", blocks_of_bucket(0), frozenset()).run(context)
    context.close()
    column = setup.columns[1].name
    assert (blinded.put, blinded.duplicates) == (1, 1)  # line 3 stands, and once more the same
    assert blinded.rejects == [
        (0, Reject(9, column, "duplicate-account")),
        (0, Reject(300, setup.columns[0].name, "duplicate-account")),
        (1, Reject(1, setup.columns[0].name, "duplicate-account")),
    ]


def test_workers_import_nothing_heavy() -> None:
    program = (
        "import matcher.agency.blind.prepare, matcher.agency.blind.rows, matcher.agency.blind.worker, sys;"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=60)
    heavy = {"grpc", "pyarrow", "duckdb", "rich", "click", "sqlite_utils", "openpyxl", "rbcl"}
    assert not heavy & set(found.stdout.split())


def test_the_group_key_is_not_shown() -> None:
    source = GroupSource(b"prefix", b"secret key of 32 bytes..........")
    assert "secret key" not in repr(source)


def test_a_worker_ends_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import socket, subprocess, sys\n"
        "ours, theirs = socket.socketpair()\n"
        "subprocess.Popen([sys.executable, '-m', 'matcher.agency.blind.worker', str(theirs.fileno())],"
        " pass_fds=[theirs.fileno()])\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=30, capture_output=True)


@given(st.binary(min_size=32, max_size=32), st.text(max_size=20), st.text(max_size=20))
def test_handles_are_the_suite_s(key: bytes, row_id: str, link: str) -> None:
    prefix = suite.handle_prefix(bytes(32), "flow", "2022-05")
    assert Handles(key, prefix).of(row_id.encode(), link.encode()) == suite.handle(key, prefix, row_id, link)


@given(st.binary(min_size=32, max_size=32), st.lists(st.text(max_size=20), max_size=4))
def test_group_secrets_are_those_of_the_key_module(key: bytes, values: list[str]) -> None:
    prefix = suite.link_prefix("a", "account")
    expected = [group.evaluate(key, suite.link_input(prefix, value)) for value in values]
    assert GroupSource(prefix, key).secrets([value.encode() for value in values]) == expected


@given(st.lists(st.binary(min_size=16, max_size=16), unique=True, max_size=50), st.data())
def test_what_is_packed_for_the_vault_comes_back_from_the_blocks_of_its_bucket(
    handles: list[bytes], data: st.DataObject
) -> None:
    sent = [
        SentRow(handle, data.draw(st.integers(0, 1)), *(data.draw(st.binary(max_size=9)) for _ in range(4)), bytes(16),
                bytes(32))
        for handle in handles
    ]  # fmt: skip
    blocks = list(unpack_blocks(pack_blocks(list(sent))))
    assert list(unpack_rows(block.rows for block in blocks)) == sorted(sent)
    assert sum(block.size for block in blocks) == len(sent)
    assert [rows_in(block.rows) for block in blocks] == [block.size for block in blocks]
    for block in blocks:
        for row in unpack_rows((block.rows,)):
            assert block_of(row.handle) == block.number
            assert block.number in blocks_of_bucket(bucket_of(row.handle))
            assert bucket_of_block(block.number) == bucket_of(row.handle)
    assert [number for bucket in range(BUCKETS) for number in blocks_of_bucket(bucket)] == list(range(BLOCKS))


def test_chunks_are_sorted_bounded_and_resume_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "MAX_CHUNK_BYTES", 10 * rows.row_size(WIDTH))
    size = rows.row_size(WIDTH)
    packed = [b"\x01" + os.urandom(size - 1) for _ in range(333)]
    files = BucketFiles(tmp_path)
    files.append((bucket_of(row[1:]), row + merkle.leaf_hash(row)) for row in packed)
    files.close()
    expected = sorted(packed, key=lambda row: row[rows.SORT_KEY])
    assert count_rows(tmp_path, size) == 333
    for first in (0, 1, 9, 10, 200, 332, 333):
        tree = merkle.CompactRange()
        found = list(chunks(tmp_path, WIDTH, first, tree))
        assert b"".join(chunk.rows for chunk in found) == b"".join(expected[first:])
        assert [chunk.first for chunk in found] == list(range(first, 333, 10))
        assert all(chunk.count * size == len(chunk.rows) <= rows.MAX_CHUNK_BYTES for chunk in found)
        assert tree.root() == merkle.root(expected)
    path = next(path for path in tmp_path.iterdir() if path.stat().st_size)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(StateError, match="damaged"):
        count_rows(tmp_path, size)


@pytest.mark.parametrize("is_told_at_once", [False, True])
def test_a_file_that_is_not_written_through_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_told_at_once: bool
) -> None:
    path, synced = tmp_path / "00", []
    path.touch()

    def fsync(file: int) -> None:
        synced.append(Path(f"/proc/self/fd/{file}").readlink())
        if len(synced) == 2:
            raise OSError(errno.EIO, "a disk that fails")

    def sync() -> None:
        with Durable() as durable:
            durable.sync([path])
            while is_told_at_once and durable._under_way and not durable._under_way[0].done():
                time.sleep(0.001)
            durable.sync([])
            assert not (is_told_at_once and len(synced) == 2)

    monkeypatch.setattr(os, "fsync", fsync)
    sync()
    assert synced == [path]
    with pytest.raises(OSError, match="fails"):
        sync()


def test_the_cache_is_bound_to_home_kind_epoch_and_key(tmp_path: Path) -> None:
    path = tmp_path / "secrets.db"
    keys = CacheKeys.derive(bytes(32), b"prefix", 1, b"key id")
    cache = SecretCache(path)
    name = keys.name(b"62220001")
    cache.answered([b""], name + keys.seal(name, b"F" * 64))
    cache.close()
    assert path.stat().st_mode & 0o077 == 0
    source = CacheSource(path, keys)
    assert source.secrets([b"62220001"]) == [b"F" * 64]
    assert entries.names_of(source.find(b"".join(sorted((name, keys.name(b"62220002")))))) == name
    with pytest.raises(StateError, match="1 record secrets are missing"):
        source.secrets([b"62220002"])
    for other in (
        CacheKeys.derive(b"x" * 32, b"prefix", 1, b"key id"),
        CacheKeys.derive(bytes(32), b"prefiy", 1, b"key id"),
        CacheKeys.derive(bytes(32), b"prefix", 2, b"key id"),
        CacheKeys.derive(bytes(32), b"prefix", 1, b"key ie"),
    ):
        assert CacheSource(path, other).find(other.name(b"62220001")) == b""
    assert b"62220001" not in path.read_bytes()
    assert b"F" * 64 not in path.read_bytes()
    assert "_key" not in repr(keys)


def test_what_was_evaluated_just_now_need_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = CacheKeys.derive(bytes(32), b"prefix", 1, b"key id")
    cache = SecretCache(tmp_path / "secrets.db")
    cache.answered([], keys.entries(keys.name(b"3"), b"C" * 64))
    cache.close()
    source = CacheSource(tmp_path / "secrets.db", keys)
    made = keys.entries(keys.names(native.column([b"1", b"2"])), b"A" * 64 + b"B" * 64)
    monkeypatch.setattr("matcher.agency.blind.sources._MOST_HELD", 2)
    source.hold(entries.ascending(made))
    source.hold(keys.entries(keys.name(b"x"), b"D" * 64))
    assert source.secrets([b"2", b"3", b"1", b"2"]) == [b"B" * 64, b"C" * 64, b"A" * 64, b"B" * 64]
    assert repr(source) == repr(CacheSource(tmp_path / "secrets.db", keys))
    with pytest.raises(StateError, match="1 record secrets are missing"):
        source.secrets([b"x"])


def test_an_altered_cache_entry_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secrets.db"
    keys = CacheKeys.derive(bytes(32), b"prefix", 1, b"key id")
    cache = SecretCache(path)
    name, other = keys.name(b"1"), keys.name(b"2")
    cache.answered([], other + keys.seal(name, b"F" * 64))
    cache.close()
    with pytest.raises(StateError, match="does not open"):
        CacheSource(path, keys).secrets([b"2"])
