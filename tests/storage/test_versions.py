"""A file's version and whose it is: brought up to date in one transaction, or refused unchanged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from matcher.protocol.errors import StateError
from matcher.storage import Schema, open_database, open_read_only
from matcher.storage.versions import statements
from tests.faults.steps import IN_PROCESS, Faulty, Form, Steps

MARK = int.from_bytes(b"CdTe")
FIRST = """
CREATE TABLE IF NOT EXISTS things (name TEXT PRIMARY KEY) STRICT; -- what there is; since the beginning
CREATE TABLE IF NOT EXISTS later (name TEXT) STRICT;
"""


def _split(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE sizes (name TEXT, size INTEGER) STRICT")
    connection.execute("INSERT INTO sizes SELECT name, length(name) FROM things")


ONE = Schema("test.db", MARK, frozenset(("things", "later")), (FIRST,), "Lost.")
TWO = Schema("test.db", MARK, ONE.unmarked, (FIRST, _split), "Lost.")
THREE = Schema("test.db", MARK, ONE.unmarked, (FIRST, _split, "ALTER TABLE sizes ADD COLUMN unit TEXT;"), "Lost.")


def _state(path: Path) -> tuple[int, int, list[tuple[str, int]]]:
    with closing(sqlite3.connect(path)) as connection:
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        has_sizes = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'sizes'").fetchone()
        return mark, version, connection.execute("SELECT name, size FROM sizes").fetchall() if has_sizes else []


def _unversioned(path: Path) -> None:
    """As before there were versions: the first tables, with content, and one that came later missing."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE things (name TEXT PRIMARY KEY) STRICT")
        connection.execute("INSERT INTO things VALUES ('lamp')")
        connection.commit()


def test_a_new_file_is_marked_and_of_the_newest_version(tmp_path: Path) -> None:
    open_database(tmp_path / "test.db", THREE).close()
    assert _state(tmp_path / "test.db") == (MARK, 3, [])
    assert (tmp_path / "test.db").stat().st_mode & 0o777 == 0o600


def test_only_a_new_file_gets_the_page_size(tmp_path: Path) -> None:
    _unversioned(tmp_path / "old.db")
    large = replace(THREE, page_size=65_536)
    sizes = []
    for name in ("new.db", "old.db"):
        with closing(open_database(tmp_path / name, large)) as connection:
            sizes += connection.execute("PRAGMA page_size").fetchone()
    assert sizes == [65_536, 4096]


def test_an_unversioned_file_is_brought_up_to_date_with_what_it_holds(tmp_path: Path) -> None:
    _unversioned(tmp_path / "test.db")
    with closing(open_database(tmp_path / "test.db", THREE)) as connection:
        assert connection.execute("SELECT * FROM sizes").fetchall() == [("lamp", 4, None)]
        assert connection.execute("SELECT * FROM later").fetchall() == []
    assert _state(tmp_path / "test.db") == (MARK, 3, [("lamp", 4)])


def test_steps_that_were_done_are_not_done_again(tmp_path: Path) -> None:
    with closing(open_database(tmp_path / "test.db", TWO)) as connection:
        connection.execute("INSERT INTO things VALUES ('lamp')")
    open_database(tmp_path / "test.db", THREE).close()
    assert _state(tmp_path / "test.db") == (MARK, 3, [])


def test_a_versioned_file_without_a_mark_gets_one(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection:
        connection.executescript(FIRST)
        connection.execute("PRAGMA user_version = 1")
    open_database(tmp_path / "test.db", ONE).close()
    assert _state(tmp_path / "test.db")[:2] == (MARK, 1)


def test_reading_brings_an_older_file_up_to_date_first(tmp_path: Path) -> None:
    _unversioned(tmp_path / "test.db")
    with closing(open_read_only(tmp_path / "test.db", THREE)) as connection:
        assert connection.execute("SELECT size FROM sizes").fetchall() == [(4,)]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM things")


@pytest.mark.parametrize("opened", [open_database, open_read_only])
def test_a_later_version_is_refused_unchanged(tmp_path: Path, opened: type) -> None:
    open_database(tmp_path / "test.db", THREE).close()
    before = (tmp_path / "test.db").read_bytes()
    with pytest.raises(StateError, match=r"test\.db is of version 3; this program knows 2") as refused:
        opened(tmp_path / "test.db", TWO)
    assert refused.value.code == "database-newer"
    assert refused.value.remedy
    assert (tmp_path / "test.db").read_bytes() == before


def _foreign() -> Iterator[tuple[str, list[str]]]:
    yield "other tables", ["CREATE TABLE accounts (name TEXT)"]
    yield "a table beside ours", ["CREATE TABLE things (name TEXT)", "CREATE TABLE accounts (name TEXT)"]
    yield "another mark", ["PRAGMA application_id = 7"]
    yield "another mark on our tables", ["CREATE TABLE things (name TEXT)", "PRAGMA application_id = 7"]
    yield "a version and no table", ["PRAGMA user_version = 1"]


@pytest.mark.parametrize("script", [script for _name, script in _foreign()], ids=[name for name, _script in _foreign()])
def test_what_is_not_ours_is_refused_unchanged(tmp_path: Path, script: list[str]) -> None:
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection:
        for statement in script:
            connection.execute(statement)
    before = (tmp_path / "test.db").read_bytes()
    with pytest.raises(StateError, match="another program") as refused:
        open_database(tmp_path / "test.db", THREE)
    assert refused.value.code == "database-foreign"
    assert (tmp_path / "test.db").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["test.db"]


def test_what_is_no_sqlite_file_is_refused_unchanged(tmp_path: Path) -> None:
    (tmp_path / "test.db").write_bytes(b"projects,accounts\n" * 500)
    with pytest.raises(StateError, match="damaged, or no SQLite file") as refused:
        open_database(tmp_path / "test.db", THREE)
    assert refused.value.code == "database-foreign"
    assert (tmp_path / "test.db").read_bytes() == b"projects,accounts\n" * 500


@pytest.mark.parametrize("form", IN_PROCESS)
def test_every_step_of_opening_may_fail(tmp_path: Path, form: Form) -> None:
    _unversioned(tmp_path / "test.db")
    kept = (tmp_path / "test.db").read_bytes()
    with Steps(tmp_path).watching() as steps:
        open_database(tmp_path / "test.db", THREE).close()
    assert [name for name in steps.names if name.startswith("commit")] == ["commit test.db"]
    for number in range(len(steps.names)):
        for path in tmp_path.iterdir():
            path.unlink()
        (tmp_path / "test.db").write_bytes(kept)
        with Steps(tmp_path, number, form).watching(), pytest.raises(Faulty):
            open_database(tmp_path / "test.db", THREE)
        assert _state(tmp_path / "test.db") in ((0, 0, []), (MARK, 3, [("lamp", 4)])), number
        open_database(tmp_path / "test.db", THREE).close()
        assert _state(tmp_path / "test.db") == (MARK, 3, [("lamp", 4)])


def test_a_step_that_raises_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    _unversioned(tmp_path / "test.db")
    broken = Schema("test.db", MARK, ONE.unmarked, (FIRST, _split, "SELECT * FROM nowhere;"), "Lost.")
    with pytest.raises(sqlite3.OperationalError):
        open_database(tmp_path / "test.db", broken)
    assert _state(tmp_path / "test.db") == (0, 0, [])


def test_statements_end_where_sql_says() -> None:
    script = "CREATE TABLE a (b TEXT); -- one; still one\nINSERT INTO a VALUES (';');\n-- the end\n"
    assert [statement.count(";") for statement in statements(script)] == [1, 3]
