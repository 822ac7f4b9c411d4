"""The control database: SQLite in WAL mode with full sync, one writer at a time, snapshots for readers.

A write block is one act and its end is its commit point: log entry, tree nodes, checkpoint and state become durable
together or not at all. Acts that wait for one another share a commit. ``admit`` and ``purge`` may write from another
process.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from matcher.protocol.errors import StateError
from matcher.service.store.schema import CONTROL
from matcher.service.store.writing import GroupWriter, Transaction
from matcher.storage import open_database

_BUSY_SECONDS = 15.0
_MAX_IDLE_READERS = 8

Record = dict[str, Any]


class ControlDatabase:
    """The database file ``path``, created on first use. Raises StateError: not ours, or of a later version."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._readers_lock = threading.Lock()
        self._idle: list[Database] = []
        self._closed = False
        self._changed = threading.Condition()
        self._changes = 0
        self._writer = Transaction(self._connect())
        self._groups = GroupWriter(self._writer, self.wake)
        path.chmod(0o600)

    def _connect(self) -> sqlite3.Connection:
        connection = open_database(self._path, CONTROL, busy_seconds=_BUSY_SECONDS, check_same_thread=False)
        connection.execute("PRAGMA foreign_keys = ON")
        # What is erased - attachments, purged findings - is overwritten, not only unlinked.
        connection.execute("PRAGMA secure_delete = ON")
        return connection

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """One act; durable when the block ends, undone when it raises. Acts that wait share a commit (writing.py)."""
        with self._groups.act() as transaction:
            yield transaction

    @contextmanager
    def read(self) -> Iterator[Database]:
        """One snapshot; several readers work beside the writer."""
        with self._readers_lock:
            if self._closed:
                raise StateError("the service is stopping")
            reader = self._idle.pop() if self._idle else None
        if reader is None:
            reader = Database(self._connect(), recursive_triggers=False, execute_plugins=False)
        try:
            reader.execute("BEGIN")
            yield reader
        finally:
            reader.rollback()
            with self._readers_lock:
                keep = not self._closed and len(self._idle) < _MAX_IDLE_READERS
                if keep:
                    self._idle.append(reader)
            if not keep:
                reader.close()

    def wake(self) -> None:
        """Let whoever waits for a change look again."""
        with self._changed:
            self._changes += 1
            self._changed.notify_all()

    def changes(self) -> int:
        """How often this process has committed so far, for ``wait_for_change``."""
        with self._changed:
            return self._changes

    def wait_for_change(self, seen: int, seconds: float) -> int:
        """Wait until this process has committed more than ``seen`` times, ``seconds`` at most; returns how often.

        What another process commits is not noticed: whoever waits looks again from time to time.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._changes > seen, seconds)
            return self._changes

    def close(self) -> None:
        """Close every connection; blocks still open finish first."""
        with self._readers_lock:
            self._closed = True
            idle, self._idle = self._idle, []
        self.wake()
        for reader in idle:
            reader.close()
        self._groups.close()


def one(transaction: Database, sql: str, values: Sequence[object] = ()) -> Record | None:
    """The first record of a query, or None."""
    return next(every(transaction, sql, values), None)


def every(transaction: Database, sql: str, values: Sequence[object] = ()) -> Iterator[Record]:
    """The records of a query, as they come."""
    cursor = transaction.execute(sql, list(values))
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield dict(zip(names, row, strict=True))


def number(transaction: Database, sql: str, values: Sequence[object] = ()) -> int:
    """The single number a query gives; 0 for NULL."""
    (value,) = transaction.execute(sql, list(values)).fetchone()
    return int(value or 0)
