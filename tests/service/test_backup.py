"""Backup and restore: what a backup holds, what it must not, and a log that came back older than it was."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from keys.signing import SigningKey
from matcher.protocol import checkpoint
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import (
    ConcordatError,
    InputError,
    NotFoundError,
    StateError,
    VerificationError,
)
from matcher.service import app
from matcher.service.backup import backup, restore
from matcher.service.home import ServiceHome
from tests.service import paper
from tests.service.evaluation import ELEMENTS, ask
from tests.service.world import World

VALUES = ("91", 10_000, 0)


def back_up(world: World, name: str = "backup") -> Path:
    target = world.home.path.parent / name
    backup(world.home, target, world.clock)
    return target


def move_in(world: World, source: Path) -> None:
    """Replace the world's service by a restored one, in the same place, as after a lost disk."""
    world.stop()
    for path in (world.home.keys, world.home.control, world.home.public_file):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in world.home.path.glob("control.db-*"):
        path.unlink()
    restore(source, world.home)


def lose_everything(world: World, source: Path) -> None:
    """The same on a new disk."""
    world.stop()
    shutil.rmtree(world.home.path)
    restore(source, world.home)


def test_a_backup_taken_while_serving_serves_again(world: World) -> None:
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", VALUES)])
    before = world.log()
    source = back_up(world)
    lose_everything(world, source)
    world.start()
    assert world.log() == before
    # The period's key is in no backup: its sealed rows are gone, and that is said, not covered up by a new key.
    with pytest.raises(NotFoundError, match="wrapping key is not here"):
        world.submit(paper.ASKING, [world.row(paper.ASKING, "a", VALUES)])
    assert world.purge() == 1


def test_a_lost_segment_is_named(world: World) -> None:
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", VALUES)])
    world.submit(paper.ASKING, [world.row(paper.ASKING, "a", VALUES)])
    next(world.home.segments.iterdir()).unlink()
    with pytest.raises(NotFoundError, match="1 of 2 sealed submissions are not on"):
        world.match()


def test_a_backup_holds_no_period_key_segment_or_spool(world: World) -> None:
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", VALUES)])
    source = back_up(world)
    names = {str(path.relative_to(source)) for path in source.rglob("*") if path.is_file()}
    assert {"backup.json", "control.db", "service.json", "keys/keyring.json"} <= names
    assert all(name.startswith("keys/") or "/" not in name for name in names)
    assert len(names) == 4 + len(list(source.glob("keys/*.key")))
    content = b"".join(path.read_bytes() for path in source.rglob("*") if path.is_file())
    for key in world.home.period_keys.iterdir():
        assert key.read_bytes() not in content
    assert {path.stat().st_mode & 0o077 for path in source.rglob("*")} == {0}


def test_where_period_keys_survive_the_match_goes_on(world: World) -> None:
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", VALUES)])
    source = back_up(world)
    move_in(world, source)
    world.start()
    world.submit(paper.ASKING, [world.row(paper.ASKING, "a", VALUES)])
    assert world.match().findings == 0


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a file cut": lambda path: (path / "control.db").write_bytes((path / "control.db").read_bytes()[:-1]),
    "a file missing": lambda path: (path / "service.json").unlink(),
    "a key missing": lambda path: next((path / "keys").glob("*.key")).unlink(),
    "a path outside": lambda path: _rename(path, "../outside"),
    "no list": lambda path: (path / "backup.json").unlink(),
    "another format": lambda path: _change(path, format="concordat-backup-v2"),
    "another log": lambda path: _change(path, log_key="log.example+00000000+AA"),
    "a changed entry": lambda path: _forge(path),
}


def _change(path: Path, **changes: object) -> None:
    record = json.loads((path / "backup.json").read_bytes())
    (path / "backup.json").write_text(json.dumps({**record, **changes}))


def _rename(path: Path, name: str) -> None:
    record = json.loads((path / "backup.json").read_bytes())
    (path / name).write_bytes(b"")
    _change(path, files={**record["files"], name: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"})


def _forge(path: Path) -> None:
    with sqlite3.connect(path / "control.db") as connection:
        connection.execute("UPDATE entries SET entry = x'00' WHERE position = 1")
    connection.close()
    import hashlib

    record = json.loads((path / "backup.json").read_bytes())
    digest = hashlib.sha256((path / "control.db").read_bytes()).hexdigest()
    _change(path, files={**record["files"], "control.db": digest})


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_backup_is_refused_and_changes_nothing(
    world: World, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    source = back_up(world)
    damage(source)
    with pytest.raises((VerificationError, InputError)):
        restore(source, ServiceHome(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_nothing_is_overwritten(world: World) -> None:
    source = back_up(world)
    with pytest.raises(StateError, match="nothing was overwritten"):
        back_up(world)
    with pytest.raises(StateError, match="already holds a service"):
        restore(source, world.home)
    assert world.log()


def older(world: World) -> Path:
    """A backup that the log went on after."""
    source = back_up(world)
    world.channel(paper.ASKING).send(ask(world), ELEMENTS)
    return source


def refused(world: World) -> str:
    with pytest.raises(ConcordatError) as caught:
        world.channel(paper.ASKING).send(ask(world), ELEMENTS)
    return caught.value.code


def test_an_older_state_on_the_same_disk_is_ended_at_start(world: World) -> None:
    source = older(world)
    size = len(world.log())
    move_in(world, source)
    world.start()
    assert refused(world) == "log-ended"
    with pytest.raises(StateError, match=rf"older state of {size - 1} entries .* checkpoint of {size}") as caught:
        world.channel(paper.ASKING).hello("concordat-v1", "test")
    assert caught.value.code == "log-ended"
    assert len(world.log()) == size - 1
    # It can still be read, for whoever has to find out what is missing.
    assert world.channel(paper.AUDITOR).checkpoint()
    assert len(list(world.channel(paper.AUDITOR).entries(0))) == size - 1


def test_an_older_state_on_a_new_disk_is_ended_by_whoever_shows_a_newer_checkpoint(world: World) -> None:
    source = older(world)
    newer = world.channel(paper.ANSWERING).checkpoint()
    lose_everything(world, source)
    world.start()
    channel = world.channel(paper.ASKING)
    channel.hello("concordat-v1", "test", channel.checkpoint())
    with pytest.raises(StateError) as caught:
        world.channel(paper.ANSWERING).hello("concordat-v1", "test", newer)
    assert caught.value.code == "log-ended"
    assert refused(world) == "log-ended"
    world.stop()
    world.start()
    assert refused(world) == "log-ended"
    assert "evaluation-requested" not in world.log_types()


def test_an_ended_log_loses_no_file(world: World) -> None:
    source = back_up(world)
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", VALUES)])
    kept = {path.name for path in [*world.home.segments.iterdir(), *world.home.period_keys.iterdir()]}
    assert len(kept) == 2
    move_in(world, source)
    world.start()
    assert {path.name for path in [*world.home.segments.iterdir(), *world.home.period_keys.iterdir()]} == kept


def test_only_this_logs_own_signature_ends_it(world: World) -> None:
    other = SigningKey.generate()
    forged = checkpoint.sign(Checkpoint(world.public.origin, 10_000, bytes(32)), other.public, other.sign)
    for note in (forged, "no note", forged[:40], "\0" * 5000):
        world.channel(paper.ASKING).hello("concordat-v1", "test", note)
    world.channel(paper.ASKING).send(ask(world), ELEMENTS)


def test_a_damaged_mark_is_named(world: World) -> None:
    world.stop()
    world.home.newest_checkpoint.write_text("cut")
    with pytest.raises(StateError, match="newest-checkpoint is damaged"), app.opened(
        world.home, world.keys, world.clock
    ):  # fmt: skip
        pass


def test_the_contract_is_negotiated(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from matcher.protocol import contract

    channel = world.channel(paper.ASKING)
    assert channel.hello("concordat-v1", "test").party == paper.ASKING
    monkeypatch.setattr(contract, "OLDEST", contract.NEWEST + 1)
    with pytest.raises(ConcordatError, match=f"revision {contract.NEWEST} of the contract") as caught:
        channel.hello("concordat-v1", "test")
    assert caught.value.code == "contract-revision"
