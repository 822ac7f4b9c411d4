"""What the exchange must not forget: sequence numbers, messages answered, counts, pending decisions (HOME/exchange.db).

One SQLite file in WAL mode with full synchronisation: a number is durable before it is used, an answer before it is
sent. Holds ids, counts, digests and sealed bytes; never a row's content, and no key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from matcher.storage import Schema, open_database, tables_of

_FIRST = """
CREATE TABLE IF NOT EXISTS sequences (recipient TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS inbox (
    sender TEXT NOT NULL, sequence INTEGER NOT NULL, digest BLOB NOT NULL,
    kind TEXT NOT NULL, log_index INTEGER NOT NULL, outcome TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (sender, sequence)
) STRICT;
-- Signed and not yet, or already, sent. sent: 0 to send, 1 in the log, -1 refused by the service.
CREATE TABLE IF NOT EXISTS outgoing (
    number INTEGER PRIMARY KEY, request BLOB NOT NULL, part TEXT NOT NULL, message TEXT NOT NULL,
    attachment BLOB NOT NULL, sent INTEGER NOT NULL DEFAULT 0, log_index INTEGER NOT NULL DEFAULT -1,
    refusal TEXT NOT NULL DEFAULT '',
    UNIQUE (request, part)
) STRICT;
CREATE INDEX IF NOT EXISTS outgoing_by_state ON outgoing (sent, number);
CREATE TABLE IF NOT EXISTS counts (
    agreement_id TEXT NOT NULL, party TEXT NOT NULL, what TEXT NOT NULL, span TEXT NOT NULL, used INTEGER NOT NULL,
    PRIMARY KEY (agreement_id, party, what, span)
) STRICT;
-- Asked of us, one line for each finding of a request. state: pending, approved, refused, delivered, opened, disputed.
CREATE TABLE IF NOT EXISTS reveals (
    finding BLOB NOT NULL, request BLOB NOT NULL, request_index INTEGER NOT NULL, agreement BLOB NOT NULL,
    flow TEXT NOT NULL, period TEXT NOT NULL, requester TEXT NOT NULL, person TEXT NOT NULL, purpose TEXT NOT NULL,
    case_reference TEXT NOT NULL, basis TEXT NOT NULL, leaf BLOB NOT NULL, manifests TEXT NOT NULL,
    expiry INTEGER NOT NULL, received INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (finding, request)
) STRICT;
CREATE INDEX IF NOT EXISTS reveals_by_state ON reveals (state, received);
-- Asked by us. state: requested, approved, refused, opened, disputed.
CREATE TABLE IF NOT EXISTS asked (
    finding BLOB NOT NULL, request BLOB NOT NULL, agreement BLOB NOT NULL,
    flow TEXT NOT NULL, period TEXT NOT NULL, answering TEXT NOT NULL, leaf BLOB NOT NULL, manifests TEXT NOT NULL,
    sent INTEGER NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (finding, request)
) STRICT;
-- Requests that too few witnesses hold yet; for people to see. asked: seconds since 1970.
CREATE TABLE IF NOT EXISTS unwitnessed (
    request BLOB PRIMARY KEY, log_index INTEGER NOT NULL, kind TEXT NOT NULL, sender TEXT NOT NULL,
    amount INTEGER NOT NULL, asked INTEGER NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS cursors (name TEXT PRIMARY KEY, next INTEGER NOT NULL) STRICT;
"""
EXCHANGE = Schema(
    name="exchange.db",
    application_id=int.from_bytes(b"CdEx"),
    unmarked=tables_of(_FIRST),
    steps=(_FIRST,),
    remedy="Restore it from a backup: it holds the numbers and answers that must not be used twice.",
)


class Journal:
    """The exchange's durable state. Several processes of one agency may hold it open at once.

    Raises StateError when the file is not ours, or of a later version.
    """

    def __init__(self, path: Path) -> None:
        self._connection = open_database(path, EXCHANGE)
        self._connection.row_factory = sqlite3.Row

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction: everything inside is durable on return, or none of it happened."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            # Also after a commit that failed: the next transaction must find none open.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def rows(self, query: str, parameters: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        """The result of one reading statement."""
        with closing(self._connection.execute(query, parameters)) as cursor:
            return cursor.fetchall()

    def next_sequence(self, recipient: str) -> int:
        """The next sequence number towards ``recipient``, from 1; durable before it is returned, never used twice."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO sequences VALUES (?, 1) ON CONFLICT (recipient) DO UPDATE SET last = last + 1",
                (recipient,),
            )
            row = connection.execute("SELECT last FROM sequences WHERE recipient = ?", (recipient,)).fetchone()
        return int(row["last"])

    def cursor(self, name: str) -> int:
        """Log index from which ``name`` goes on reading; 0 at first."""
        found = self.rows("SELECT next FROM cursors WHERE name = ?", (name,))
        return int(found[0]["next"]) if found else 0

    def move_cursor(self, name: str, following: int) -> None:
        """Remember that ``name`` has dealt with everything before log index ``following``."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO cursors VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET next = max(next, excluded.next)",
                (name, following),
            )
