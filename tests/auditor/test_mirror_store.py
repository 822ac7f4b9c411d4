"""The auditor's copy of the log: what is kept is whole, durable, and leads to the checkpoint it is kept with."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from matcher.auditor.mirror.store import MirrorStore
from matcher.protocol import checkpoint, merkle
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import StateError, VerificationError
from tests.auditor.world import LABOUR, LOG_KEY, ORIGIN, World, key, public


@pytest.fixture
def world() -> World:
    return World.good()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MirrorStore]:
    opened = MirrorStore(tmp_path / "mirror.db", LOG_KEY)
    yield opened
    opened.close()


def note_of(world: World, size: int) -> str:
    root = merkle.root(world.entries[:size])
    return checkpoint.sign(Checkpoint(ORIGIN, size, root), public("log"), key("log").sign)


def test_batches_lead_to_checkpoints_and_are_found_again(store: MirrorStore, world: World, tmp_path: Path) -> None:
    assert (store.head().size, store.head().note) == (0, "")
    assert store.append(0, world.entries[:5]).note == ""
    head = store.append(5, world.entries[5:12], note_of(world, 12))
    assert (head.size, head.note) == (12, note_of(world, 12))
    store.close()
    again = MirrorStore(tmp_path / "mirror.db", LOG_KEY)
    head = again.append(12, world.entries[12:], note_of(world, 17))
    assert (head.size, head.edge.root()) == (17, merkle.root(world.entries))
    assert list(again.leaves()) == world.entries
    assert list(again.leaves(3, 4)) == world.entries[3:7]
    assert again.checkpoint(12) == note_of(world, 12)
    assert again.checkpoint(13) is None
    again.close()


def test_the_headers_of_an_entry_stand_beside_its_leaf(store: MirrorStore, world: World) -> None:
    store.append(0, world.entries)
    rows = list(store.database.query("SELECT * FROM entries WHERE type = 'submission-sealed' ORDER BY idx"))
    assert {row["actor"] for row in rows} >= {LABOUR}
    for row in rows:
        assert row["leaf"] == world.entries[row["idx"]]
        assert row["leaf_hash"] == merkle.leaf_hash(row["leaf"])
        assert (row["kind"], row["sender"], row["flow"]) == ("manifest", row["actor"], "account-check")
    [request] = store.database.query("SELECT * FROM entries WHERE type = 'reveal-requested' LIMIT 1")
    assert request["person"] != ""
    assert request["recipient"] != ""


def test_leaves_held_are_not_taken_again_but_must_be_the_same(store: MirrorStore, world: World) -> None:
    store.append(0, world.entries[:10])
    assert store.append(4, world.entries[4:14], note_of(world, 14)).size == 14
    assert store.append(0, world.entries[:3], note_of(world, 3)).size == 14
    assert store.checkpoint(3) == note_of(world, 3)
    other = [*world.entries[:5], world.entries[6]]
    with pytest.raises(VerificationError, match="fork"):
        store.append(0, other)
    assert list(store.leaves()) == world.entries[:14]


def test_nothing_is_kept_of_a_batch_that_does_not_lead_to_its_checkpoint(store: MirrorStore, world: World) -> None:
    store.append(0, world.entries[:4])
    for first, leaves, signed, what in (
        (4, world.entries[5:9], note_of(world, 8), "do not hash"),
        (4, world.entries[4:8], note_of(world, 9), "is of 9 entries"),
        (0, world.entries[:3], note_of(world, 4), "is of 4 entries"),
        (4, world.entries[4:8], note_of(world, 8).replace("\n8\n", "\n9\n"), "does not verify"),
        (4, [*world.entries[4:7], b"{}"], "", "missing"),
    ):
        with pytest.raises(VerificationError, match=what):
            store.append(first, leaves, signed)
    with pytest.raises(StateError, match="entry 5 is not next"):
        store.append(5, world.entries[5:6])
    assert (store.head().size, store.head().note) == (4, "")


def test_an_older_checkpoint_is_kept_only_if_the_leaves_led_to_it(store: MirrorStore, world: World) -> None:
    store.append(0, world.entries)
    forged = checkpoint.sign(Checkpoint(ORIGIN, 3, bytes(32)), public("log"), key("log").sign)
    with pytest.raises(VerificationError, match="3 entries do not hash"):
        store.append(0, world.entries[:3], forged)
    assert store.checkpoint(3) is None


def test_cosignatures_stand_once_with_their_checkpoint(store: MirrorStore, world: World) -> None:
    store.append(0, world.entries, note_of(world, 17))
    store.add_cosignatures(17, ["— w one\n", "— w one\n"])
    store.add_cosignatures(17, ["— w one\n", "— v two\n"])
    assert store.cosignatures(17) == ["— w one\n", "— v two\n"]
    assert store.cosignatures(16) == []
    with pytest.raises(StateError, match="16 entries"):
        store.add_cosignatures(16, ["— w one\n"])


def test_a_write_that_fails_leaves_the_copy_as_it_was(
    store: MirrorStore, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append(0, world.entries[:4])

    def broken(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as patch:
        patch.setattr(MirrorStore, "_keep", broken)
        with pytest.raises(OSError):
            store.append(4, world.entries[4:], note_of(world, 17))
    assert store.head().size == 4
    assert store.append(4, world.entries[4:], note_of(world, 17)).size == 17


def test_two_programs_keep_one_copy(store: MirrorStore, world: World, tmp_path: Path) -> None:
    other = MirrorStore(tmp_path / "mirror.db", LOG_KEY)
    store.append(0, world.entries[:9])
    assert other.append(0, world.entries[:12]).size == 12
    assert store.append(9, world.entries[9:], note_of(world, 17)).size == 17
    assert other.head().note == note_of(world, 17)
    other.close()


def test_a_copy_of_another_log_or_version_is_refused(store: MirrorStore, tmp_path: Path) -> None:
    with pytest.raises(StateError, match="another log"):
        MirrorStore(tmp_path / "mirror.db", checkpoint.verifier_key(ORIGIN, public("other")))
    with sqlite3.connect(tmp_path / "mirror.db") as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(StateError, match="version 9"):
        MirrorStore(tmp_path / "mirror.db", LOG_KEY)


def test_only_its_owner_reads_the_copy(store: MirrorStore, tmp_path: Path) -> None:
    assert (tmp_path / "mirror.db").stat().st_mode & 0o077 == 0
