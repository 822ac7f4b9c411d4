"""Group commit: acts share a sync, never an outcome. Each is acknowledged after its commit, and undone alone."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from keys.signing import SigningKey
from matcher.protocol import canonical, checkpoint, entries, merkle
from matcher.service.store import log, usage, writing
from matcher.service.store.database import ControlDatabase
from matcher.service.store.log import LogWriter

ORIGIN = "log.example/groups"
KEY = SigningKey.generate()
LOG_KEY = checkpoint.verifier_key(ORIGIN, KEY.public)


class Store:
    """A control database with a log, and acts to do to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.signed = 0
        self.log = LogWriter(ORIGIN, self._sign, lambda: 1_000_000)
        self.database = ControlDatabase(path)
        self.commits = 0
        self._real = self.database._writer.commit
        self.database._writer.commit = self._commit
        self.before_commit: Callable[[], None] = lambda: None

    def _sign(self, point: checkpoint.Checkpoint) -> str:
        self.signed += 1
        return checkpoint.sign(point, KEY.public, KEY.sign)

    def _commit(self) -> None:
        self.before_commit()
        self._real()
        self.commits += 1

    def act(self, number: int, database: ControlDatabase | None = None) -> int:
        """Append an entry and count it; returns its index."""
        with (database or self.database).write() as transaction:
            facts = {"agreement_id": f"a{number}", "version": 1, "matching": "00" * 32}
            position = self.log.append(
                transaction,
                lambda moment: entries.without_message("agreement-in-force", moment, facts, agreement=b"\x01" * 32),
            )
            usage.add(transaction, "a", "p", usage.REVEALS, f"s{number}", 1)
        return position.index

    def numbers(self) -> list[str]:
        """The acts that stand in the log, in order; everything is checked on the way."""
        with self.database.read() as transaction:
            stored = [row[0] for row in transaction.execute("SELECT entry FROM entries ORDER BY position")]
            spans = {row[0] for row in transaction.execute("SELECT span FROM usage")}
            sizes = [row[0] for row in transaction.execute("SELECT size FROM checkpoints ORDER BY size")]
            for size in sizes:
                point = checkpoint.verify(log.checkpoint_of(transaction, size), LOG_KEY)
                assert point.root == merkle.root(stored[:size])
            if stored:
                assert sizes[-1] == len(stored)
                assert log.inclusion(transaction, 0, len(stored)) == merkle.inclusion_proof(
                    [merkle.leaf_hash(entry) for entry in stored], 0
                )
        names = [str(entries.parse(entry).facts["agreement_id"]) for entry in stored]
        assert {f"s{name[1:]}" for name in names} == spans
        return names


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "control.db")
    yield made
    made.database.close()


class Behind:
    """Acts that queue up behind one which holds its turn until ``go``."""

    def __init__(self, store: Store, pool: ThreadPoolExecutor, acts: list[Callable[[], int]]) -> None:
        self._go = threading.Event()
        entered = threading.Event()

        def first() -> None:
            with store.database.write():
                entered.set()
                self._go.wait(10)

        self.leader = pool.submit(first)
        assert entered.wait(10)
        self.acts: list[Future[int]] = []
        for act in acts:
            self.acts.append(pool.submit(act))
            while store.database._groups._waiting < len(self.acts):
                time.sleep(0.001)

    def go(self) -> None:
        self._go.set()


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadPoolExecutor]:
    monkeypatch.setattr(writing, "_MAX_OPEN_SECONDS", 60.0)
    with ThreadPoolExecutor(40) as made:
        yield made


def test_acts_that_wait_share_one_commit_and_one_checkpoint(store: Store, pool: ThreadPoolExecutor) -> None:
    before = store.commits
    behind = Behind(store, pool, [lambda number=number: store.act(number) for number in range(20)])
    behind.go()
    indexes = sorted(item.result(10) for item in behind.acts)
    assert indexes == list(range(20))
    assert (store.commits - before, store.signed) == (1, 1)
    assert sorted(store.numbers()) == sorted(f"a{number}" for number in range(20))


def test_no_act_is_done_before_its_commit(store: Store, pool: ThreadPoolExecutor) -> None:
    committing, allowed = threading.Event(), threading.Event()

    def slow() -> None:
        committing.set()
        allowed.wait(10)

    store.before_commit = slow
    behind = Behind(store, pool, [lambda number=number: store.act(number) for number in range(5)])
    behind.go()
    assert committing.wait(10)
    time.sleep(0.1)
    assert not any(item.done() for item in (behind.leader, *behind.acts))
    allowed.set()
    assert sorted(item.result(10) for item in behind.acts) == list(range(5))


def test_an_act_that_raises_undoes_its_own_statements_only(store: Store, pool: ThreadPoolExecutor) -> None:
    def failing() -> int:
        with store.database.write() as transaction:
            usage.add(transaction, "a", "p", usage.REVEALS, "never", 1)
            store.log.append(
                transaction, lambda moment: entries.without_message("period-purged", moment, {"segments": 1})
            )
            raise ValueError("no")

    def failing_late() -> int:
        with store.database.write() as transaction:
            store.log.append(
                transaction,
                lambda moment: entries.without_message(
                    "agreement-in-force", moment, {"agreement_id": "x", "version": 1, "matching": "00" * 32},
                    agreement=b"\x02" * 32,
                ),
            )  # fmt: skip
            raise KeyError("late")

    acts = [lambda: store.act(1), failing_late, lambda: store.act(2), failing, lambda: store.act(3)]
    behind = Behind(store, pool, acts)
    behind.go()
    assert [behind.acts[place].result(10) for place in (0, 2, 4)] == [0, 1, 2]
    assert isinstance(behind.acts[1].exception(10), KeyError)
    assert behind.acts[3].exception(10) is not None
    assert store.numbers() == ["a1", "a2", "a3"]


def test_the_last_of_a_group_may_fail_and_the_rest_is_committed(store: Store, pool: ThreadPoolExecutor) -> None:
    def failing() -> int:
        with store.database.write():
            raise ValueError("no")

    behind = Behind(store, pool, [lambda: store.act(1), failing])
    behind.go()
    assert behind.acts[0].result(10) == 0
    assert isinstance(behind.acts[1].exception(10), ValueError)
    assert store.numbers() == ["a1"]


class BrokenDisk(Exception):
    """A commit that fails."""


@pytest.mark.parametrize("is_persisted", [False, True])
def test_a_commit_that_fails_fails_every_act_of_its_group(
    store: Store, pool: ThreadPoolExecutor, is_persisted: bool
) -> None:
    def broken() -> None:
        store.before_commit = lambda: None
        if is_persisted:
            store._real()
        raise BrokenDisk

    behind = Behind(store, pool, [lambda number=number: store.act(number) for number in range(4)])
    store.before_commit = broken
    behind.go()
    errors = [item.exception(10) for item in (behind.leader, *behind.acts)]
    assert [type(error) for error in errors] == [BrokenDisk] * 5
    assert len({id(error) for error in errors}) == 5
    assert store.numbers() == (["a0", "a1", "a2", "a3"] if is_persisted else [])
    assert store.act(9) == (4 if is_persisted else 0)
    assert store.numbers()[-1] == "a9"


def test_an_error_that_ends_the_transaction_fails_the_group_and_nothing_else(
    store: Store, pool: ThreadPoolExecutor
) -> None:
    def fatal() -> int:
        with store.database.write() as transaction:
            transaction.execute("ROLLBACK")  # as SQLite does by itself when a disk is full
            raise OSError("full")

    behind = Behind(store, pool, [lambda: store.act(1), fatal, lambda: store.act(2)])
    behind.go()
    assert "ended by an error of another act" in str(behind.acts[0].exception(10))
    assert isinstance(behind.acts[1].exception(10), OSError)
    assert behind.acts[2].result(10) == 0
    assert store.numbers() == ["a2"]


def test_a_group_is_closed_when_it_is_large_or_old(
    store: Store, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_MAX_ACTS", 4)
    behind = Behind(store, pool, [lambda number=number: store.act(number) for number in range(11)])
    before = store.commits
    behind.go()
    for item in behind.acts:
        item.result(10)
    assert store.commits - before == 3
    monkeypatch.setattr(writing, "_MAX_OPEN_SECONDS", 0.0)
    behind = Behind(store, pool, [lambda number=number: store.act(number) for number in range(20, 25)])
    before = store.commits
    behind.go()
    for item in behind.acts:
        item.result(10)
    assert store.commits - before == 6
    assert len(store.numbers()) == 16


def test_another_process_appends_between_groups(store: Store) -> None:
    other = ControlDatabase(store.path)
    try:
        for number in range(12):
            assert store.act(number, other if number % 3 else None) == number
    finally:
        other.close()
    assert store.numbers() == [f"a{number}" for number in range(12)]


def test_many_at_once_lose_nothing_and_repeat_nothing(store: Store) -> None:
    with ThreadPoolExecutor(16) as many:
        indexes = list(many.map(store.act, range(400)))
    names = store.numbers()
    assert sorted(indexes) == list(range(400))
    assert [names[index] for index in indexes] == [f"a{number}" for number in range(400)]
    assert store.signed < 400


APPENDER = """
import sys, threading
from pathlib import Path
from tests.service.test_writing import Store
store = Store(Path(sys.argv[1]))
lock = threading.Lock()
def work(first):
    for number in range(first, 100000, 16):
        index = store.act(number)
        with lock:
            sys.stdout.write(f"{index} {number}\\n")
            sys.stdout.flush()
for first in range(16):
    threading.Thread(target=work, args=(first,), daemon=True).start()
threading.Event().wait()
"""


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    path = tmp_path / "control.db"
    process = subprocess.Popen([sys.executable, "-c", APPENDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _number in range(300)]
    process.kill()
    lines += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    acknowledged = [tuple(map(int, line.split())) for line in lines if line.endswith("\n")]
    store = Store(path)
    # Signed by another key than this process has: the entries and their order are what counts here.
    with store.database.read() as transaction:
        stored = [entry for _index, entry in _all(transaction)]
        note = log.checkpoint(transaction)
    store.database.close()
    assert len(acknowledged) >= 300
    for index, number in acknowledged:
        assert entries.parse(stored[index]).facts["agreement_id"] == f"a{number}"
    assert f"\n{len(stored)}\n" in note
    assert canonical.b64(merkle.root(stored)) in note


def _all(transaction: object) -> Iterator[tuple[int, bytes]]:
    first = 0
    while page := list(log.entries(transaction, first, 512)):
        yield from page
        first += len(page)
