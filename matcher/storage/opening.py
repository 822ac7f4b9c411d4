"""Opening a SQLite file of this program: 0600, refused when it is not ours, WAL, full sync, brought up to date."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from matcher.protocol.errors import OverloadedError
from matcher.storage.versions import Schema, bring_up_to_date, is_current

BUSY_SECONDS = 30.0
_RETRY_SECONDS = 2.0


def open_database(
    path: Path, schema: Schema, *, busy_seconds: float = BUSY_SECONDS, check_same_thread: bool = True
) -> sqlite3.Connection:
    """Open ``path`` for writing, making it if it is not there; transactions are the caller's (no implicit ones).

    Raises StateError as ``require_ours``; OverloadedError when another process writes for longer than ``busy_seconds``
    to a file that must be brought up to date; sqlite3.Error and OSError as the disk gives them.
    """
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    connection = sqlite3.connect(
        path, timeout=busy_seconds, isolation_level=None, check_same_thread=check_same_thread
    )  # fmt: skip
    try:
        # Asked before anything is set: even the write-ahead log would be a change of a file that is not ours.
        current = is_current(connection, schema)
        connection.execute(f"PRAGMA page_size = {schema.page_size:d}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        if not current:
            _bring_up_to_date(connection, schema)
    except BaseException:
        connection.close()
        raise
    return connection


def open_read_only(path: Path, schema: Schema) -> sqlite3.Connection:
    """Open ``path``, which must exist, for reading; an older one is brought up to date first. Raises StateError."""
    connection = _read_only(path)
    try:
        current = is_current(connection, schema)
    except BaseException:
        connection.close()
        raise
    if not current:
        connection.close()
        open_database(path, schema).close()
        connection = _read_only(path)
    return connection


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)


def _bring_up_to_date(connection: sqlite3.Connection, schema: Schema) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise  # not another process, but the disk
        raise OverloadedError(f"another program writes to {schema.name}", retry_seconds=_RETRY_SECONDS) from error
    try:
        bring_up_to_date(connection, schema)  # asks again: another process may have come first
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
