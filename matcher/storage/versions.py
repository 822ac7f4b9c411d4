"""Versions of a SQLite file: ``PRAGMA application_id`` says what it is, ``PRAGMA user_version`` how far its tables are.

Step n of a schema brings a file from version n to n + 1, and a new file goes through all of them: there is one path to
the newest tables. All steps, the version and the mark are one transaction, whose commit is the commit point: whoever
is killed finds the old file or the new one. What is not ours is refused before a byte of it is changed; so is what a
later program has written, because nobody knows what this one would spoil there.

Files from before there were marks are known by their tables. Those that had no version either are of version 0, and
the first step creates what they lack.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from matcher.protocol.errors import StateError

# SQL, or a function that does it in the transaction that is open.
Step = str | Callable[[sqlite3.Connection], None]
_TABLES = r"SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\'"
_CREATED = re.compile(r"^CREATE (?:VIRTUAL )?TABLE (?:IF NOT EXISTS )?(\w+)", re.MULTILINE)
_OTHER = "Move the file away, or give the right --home; it was left as it is."


@dataclass(frozen=True, slots=True)
class Schema:
    """One kind of file.

    ``unmarked`` names the tables of such files from before marks: they have some of them, and no other. ``remedy`` says
    what to do about a damaged one. ``page_size``, in bytes, is that of a new file; one that is there keeps its own.
    """

    name: str
    application_id: int
    unmarked: frozenset[str]
    steps: tuple[Step, ...]
    remedy: str
    page_size: int = 4096

    @property
    def version(self) -> int:
        """The newest version, which this program reads and writes."""
        return len(self.steps)


def require_ours(connection: sqlite3.Connection, schema: Schema) -> int:
    """The version of an open file; 0 for a new or unversioned one. Changes nothing.

    Raises StateError: ``database-foreign`` (another program's, or not SQLite), ``database-newer`` (a later version).
    """
    try:
        (mark,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        tables = {name for (name,) in connection.execute(_TABLES)}
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise
        raise StateError(
            f"{schema.name} is damaged, or no SQLite file",
            code="database-foreign",
            remedy=schema.remedy,
        ) from error
    is_new = not tables and not version
    if mark != schema.application_id and (mark or not (is_new or (tables and tables <= schema.unmarked))):
        raise StateError(
            f"{schema.name} is the database of another program", code="database-foreign", remedy=_OTHER
        )  # fmt: skip
    if version > schema.version:
        raise StateError(
            f"{schema.name} is of version {version}; this program knows {schema.version}",
            code="database-newer",
            remedy="Install the newer program version that wrote it; nothing was changed.",
        )
    return int(version)


def is_current(connection: sqlite3.Connection, schema: Schema) -> bool:
    """Whether the file is marked and of the newest version. Raises as ``require_ours``."""
    version = require_ours(connection, schema)
    (mark,) = connection.execute("PRAGMA application_id").fetchone()
    return bool(version == schema.version and mark == schema.application_id)


def bring_up_to_date(connection: sqlite3.Connection, schema: Schema) -> None:
    """Make the tables, or bring them up to date, in the transaction that is open. Raises as ``require_ours``."""
    version = require_ours(connection, schema)
    for step in schema.steps[version:]:
        if callable(step):
            step(connection)
            continue
        for statement in statements(step):
            connection.execute(statement)
    # Both stand in the file's first page and are part of the transaction.
    connection.execute(f"PRAGMA application_id = {schema.application_id:d}")
    connection.execute(f"PRAGMA user_version = {schema.version:d}")


def tables_of(script: str) -> frozenset[str]:
    """The names of the tables that a script creates."""
    return frozenset(_CREATED.findall(script))


def statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: ``executescript`` would commit."""
    statement = ""
    for part in script.split(";")[:-1]:
        statement += part + ";"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
