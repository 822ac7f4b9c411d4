"""The watcher itself: what it counts, and what it breaks; a blind one would make every table of faults empty."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from keys import files
from tests.faults.steps import Faulty, Steps


def test_every_primitive_is_seen(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    outside.mkdir()
    with Steps(inside).watching() as steps:
        inside.mkdir()
        files.write(inside / "a", b"1")
        files.write(inside / "a", b"2", replace=True)
        (inside / "b").write_text("3")
        (inside / "b").unlink()
        files.write(outside / "a", b"4")
        connection = sqlite3.connect(inside / "c.db", isolation_level=None)
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES (1)")
        with connection:
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO t VALUES (?)", [(2,), (3,)])
        connection.execute("BEGIN")
        connection.execute("DELETE FROM t")
        connection.execute("COMMIT")
        connection.close()
    assert [name.split()[0] for name in steps.names] == [
        "mkdir", "create", "open", "fsync", "link", "unlink", "fsync",
        "create", "open", "fsync", "replace", "unlink", "fsync",
        "open", "unlink", "commit", "commit", "commit",
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["failed", "persisted"])
def test_a_broken_commit(tmp_path: Path, form: str) -> None:
    with Steps(tmp_path, 1, form).watching() as steps:  # type: ignore[arg-type]
        connection = sqlite3.connect(tmp_path / "c.db", isolation_level=None)
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(Faulty):
            connection.execute("INSERT INTO t VALUES (2)")
        assert steps.broken
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (1 if form == "failed" else 2,)
        connection.close()


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with Steps(tmp_path, 0).watching(), pytest.raises(OSError, match="made to fail"):
        (tmp_path / "a").write_text("x")
    assert list(tmp_path.iterdir()) == []
