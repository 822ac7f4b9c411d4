"""Tables of the vault, and how it is opened."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from matcher.protocol.errors import StateError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS scopes (
    scope INTEGER PRIMARY KEY,
    agreement_id TEXT NOT NULL, flow TEXT NOT NULL, period TEXT NOT NULL,
    matching_digest BLOB NOT NULL, link_epoch INTEGER NOT NULL,
    UNIQUE (agreement_id, flow, period)
) STRICT;
CREATE TABLE IF NOT EXISTS submissions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    submission_id BLOB NOT NULL UNIQUE, scope INTEGER NOT NULL REFERENCES scopes,
    agreement_digest BLOB NOT NULL, sequence INTEGER NOT NULL,
    inputs BLOB NOT NULL, state TEXT NOT NULL CHECK (state IN ('staging', 'spooled', 'uploading', 'sealed')),
    row_count INTEGER NOT NULL DEFAULT 0, summary TEXT NOT NULL DEFAULT '{}',
    manifest TEXT NOT NULL DEFAULT '', manifest_digest BLOB NOT NULL DEFAULT x'', log_index INTEGER NOT NULL DEFAULT -1
) STRICT;
CREATE TABLE IF NOT EXISTS blocks (
    scope INTEGER NOT NULL, block INTEGER NOT NULL, submission INTEGER NOT NULL, rows BLOB NOT NULL,
    UNIQUE (scope, block, submission)
) STRICT;
"""
_BUSY_SECONDS = 30.0
_CACHE_KIBIBYTES = 16_384


def connect(path: Path) -> sqlite3.Connection:
    """Open the vault for writing, making it (0600) if it is not there."""
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIBIBYTES}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.executescript(_SCHEMA)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise StateError(
            f"{path.name} cannot be opened ({type(error).__name__})",
            remedy="If it is damaged, restore it from a backup: it holds what was sent.",
        ) from error
    return connection


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open the vault for reading only, as the workers do."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=_BUSY_SECONDS)
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KIBIBYTES // 4}")
    return connection
