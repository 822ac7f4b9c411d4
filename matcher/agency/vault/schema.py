"""Tables of the vault by version, and how it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from matcher.storage import Schema, open_database, open_read_only, tables_of

_FIRST = """
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
VAULT = Schema(
    name="vault.db",
    application_id=int.from_bytes(b"CdVa"),
    unmarked=tables_of(_FIRST),
    steps=(_FIRST,),
    remedy="Restore it from a backup: it holds what was sent.",
    page_size=65_536,  # a block is some hundreds of kilobytes, and each page of it costs three calls of the system
)
_CACHE_KIBIBYTES = 16_384
_READER_KIBIBYTES = 512  # a block is read once; what is kept of it only takes room in the processor's own cache


def connect(path: Path) -> sqlite3.Connection:
    """Open the vault for writing, making it (0600) if it is not there. Raises StateError: not ours, or a later one."""
    connection = open_database(path, VAULT)
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KIBIBYTES}")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open the vault for reading only, as the workers do. Raises StateError as ``connect``."""
    connection = open_read_only(path, VAULT)
    connection.execute(f"PRAGMA cache_size=-{_READER_KIBIBYTES}")
    return connection
