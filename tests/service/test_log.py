"""The log in the database: grows from any process, proves itself at every size, shows entries to auditors only."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from matcher.protocol import checkpoint, entries, merkle
from matcher.protocol.errors import DeniedError, NotFoundError, OverloadedError, StateError
from matcher.service.home import ServiceHome
from matcher.service.store import database as databases
from matcher.service.store import log
from matcher.service.store.database import ControlDatabase
from matcher.service.store.schema import CONTROL
from matcher.storage import open_database
from tests.service import paper
from tests.service.world import World

FACTS = {"agreement_id": "a", "version": 1, "matching": "00" * 32}


def append(world: World, database: ControlDatabase, time: int | None = None) -> log.Position:
    def make(moment: int) -> bytes:
        return entries.without_message(
            "agreement-in-force", moment if time is None else time, FACTS, agreement=b"\x01" * 32
        )

    with database.write() as transaction:
        return world.storage.log.append(transaction, make)


def test_every_size_is_proved(admitted: World) -> None:
    database = admitted.storage.database
    points = []
    for _number in range(20):
        with database.read() as transaction:
            points.append(checkpoint.verify(log.checkpoint(transaction), admitted.public.log_key))
        append(admitted, database)
    channel = admitted.channel(paper.ASKING)
    with database.read() as transaction:
        leaves = [merkle.leaf_hash(entry) for _index, entry in log.entries(transaction, 0, 100)]
    for first in points:
        for index in range(first.size):
            proof = channel.inclusion(index, first.size)
            merkle.verify_inclusion(leaves[index], index, first.size, proof, first.root)
        for second in points:
            if first.size <= second.size:
                proof = channel.consistency(first.size, second.size)
                merkle.verify_consistency(first.size, first.root, second.size, second.root, proof)
    assert channel.consistency(0, 5) == []
    for call in (
        lambda: channel.inclusion(5, 5),
        lambda: channel.inclusion(0, 100),
        lambda: channel.consistency(5, 100),
        lambda: channel.consistency(6, 5),
        lambda: channel.inclusion(2**63, 2**64 - 1),
    ):
        with pytest.raises(NotFoundError):
            call()


def test_another_process_may_append(admitted: World) -> None:
    other = ControlDatabase(admitted.home.control)
    try:
        positions = [append(admitted, database).index for database in (other, admitted.storage.database) * 3]
    finally:
        other.close()
    assert positions == list(range(3, 9))
    assert len(admitted.log()) == 9


def test_times_do_not_go_back(admitted: World) -> None:
    admitted.offset = 3600
    ahead = append(admitted, admitted.storage.database).time
    admitted.offset = 0
    assert append(admitted, admitted.storage.database).time == ahead
    admitted.log()


def test_entries_are_for_auditors(world: World) -> None:
    read = list(world.channel(paper.AUDITOR).entries(2, 3))
    assert [index for index, _entry in read] == [2, 3, 4]
    assert list(world.channel(paper.AUDITOR).entries(100)) == []
    for name in (paper.ASKING, paper.ANSWERING):
        with pytest.raises(DeniedError) as refused:
            list(world.channel(name).entries(0))
        assert refused.value.code == "auditors-only"
        checkpoint.verify(world.channel(name).checkpoint(), world.public.log_key)


def test_entries_are_read_in_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "MAX_ENTRIES_PER_READ", 2)
    assert [index for index, _entry in world.channel(paper.AUDITOR).entries(1)] == [1, 2, 3, 4, 5]


def test_an_act_that_fails_leaves_no_entry(admitted: World) -> None:
    size = len(admitted.log())

    def act() -> None:
        with admitted.storage.database.write() as transaction:
            admitted.storage.log.append(
                transaction,
                lambda time: entries.without_message("agreement-in-force", time, FACTS, agreement=b"\x01" * 32),
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        act()
    assert len(admitted.log()) == size


def test_a_writer_elsewhere_is_waited_for_and_then_named(admitted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(databases, "_BUSY_SECONDS", 0.05)
    other = ControlDatabase(admitted.home.control)
    try:
        with (
            admitted.storage.database.write(),
            pytest.raises(OverloadedError, match="another process"),
            other.write(),
        ):
            raise ValueError("two writers at once")
    finally:
        other.close()


def test_a_database_of_the_first_version_gets_what_it_lacks(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "control.db", replace(CONTROL, steps=CONTROL.steps[:1]))) as first:
        first.execute("INSERT INTO checkpoints VALUES (0, 'kept')")
    database = ControlDatabase(tmp_path / "control.db")
    with database.write() as transaction:
        assert transaction.execute("PRAGMA user_version").fetchone() == (CONTROL.version,)
        assert transaction.execute("SELECT note FROM checkpoints").fetchone() == ("kept",)
        transaction.execute("INSERT INTO cosignatures VALUES (0, 'witness', 'line')")
    database.close()


def test_a_database_of_another_version_is_refused(tmp_path: Path) -> None:
    database = ControlDatabase(tmp_path / "control.db")
    with database.write() as transaction:
        transaction.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StateError, match="version 99"):
        ControlDatabase(tmp_path / "control.db")
    with pytest.raises(StateError, match="holds no service"):
        ServiceHome(tmp_path).require()
