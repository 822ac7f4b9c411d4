"""Building the page on a disk that is full: what failed is said, and the page stays what it was."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from matcher.auditor.browse import build
from matcher.auditor.browse.schema import PAGE_FILE
from matcher.auditor.home import AuditorHome
from tests.auditor.page_world import full_story, make_home, update
from tests.auditor.world import World


@pytest.fixture
def world() -> World:
    return full_story()


@pytest.fixture
def home(tmp_path: Path, world: World) -> AuditorHome:
    return make_home(tmp_path / "home", world)


def acts(home: AuditorHome) -> int:
    with closing(sqlite3.connect(home.path / PAGE_FILE)) as page:
        (count,) = page.execute("SELECT count(*) FROM acts").fetchone()
    return int(count)


@pytest.mark.parametrize("rolled_back", [True, False])
def test_what_failed_is_said_though_sqlite_rolled_back_by_itself(
    home: AuditorHome, world: World, monkeypatch: pytest.MonkeyPatch, rolled_back: bool
) -> None:
    """SQLite ends the transaction itself when the disk is full; another ROLLBACK would fail, and hide why."""
    before = acts(home)
    world.list_findings("labour-bureau")
    add = build._add

    def full(connection: sqlite3.Connection, *rest: object) -> None:
        add(connection, *rest)
        if rolled_back:
            connection.execute("ROLLBACK")
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(build, "_add", full)
        with pytest.raises(sqlite3.OperationalError, match="disk is full"):
            update(home, world)
    assert acts(home) == before
    update(home, world)
    assert acts(home) == before + 1
