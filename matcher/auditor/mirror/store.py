"""The auditor's copy of one log, as a SQLite file: leaves, the checkpoints they led to, the tree's right edge.

    entries      one row a leaf, with the words of its headers beside it for search
    checkpoints  each checkpoint that was reached, as the log signed it, and the cosignatures known for it
    log          one row: whose log this is, how many leaves are held, the compact range over them

A batch of leaves, the edge over them and the checkpoint they lead to become durable in one transaction or not at all,
so whoever is killed goes on where the edge stands. Leaves are hashed here, and a checkpoint is kept only when they lead
to its root; several programs (witness, mirror) may keep one file, and none can make another leaf of a held one.

Left to others: fetching, and proving that a batch belongs under a checkpoint that is still ahead (witness, mirror).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from matcher.auditor.leaf import Leaf
from matcher.protocol import checkpoint, merkle
from matcher.protocol.errors import OverloadedError, StateError, VerificationError
from matcher.protocol.messages import NO_AGREEMENT
from matcher.storage import Schema, open_database, tables_of

MIRROR_FILE = "mirror.db"
_RETRY_SECONDS = 2.0
_PAGE = 2048
_FIRST = """
CREATE TABLE entries (
    idx INTEGER PRIMARY KEY,
    leaf BLOB NOT NULL,
    leaf_hash BLOB NOT NULL,
    time INTEGER NOT NULL, -- ms since 1970
    type TEXT NOT NULL,
    actor TEXT NOT NULL,
    agreement TEXT NOT NULL, -- hex, or empty
    flow TEXT NOT NULL,
    period TEXT NOT NULL,
    kind TEXT NOT NULL, -- of the message; this and what follows are empty where there is none
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    person TEXT NOT NULL
) STRICT;
CREATE TABLE checkpoints (
    size INTEGER PRIMARY KEY,
    note TEXT NOT NULL,
    root BLOB NOT NULL,
    cosignatures TEXT NOT NULL -- JSON list of signature lines
) STRICT;
CREATE TABLE log (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    key TEXT NOT NULL, -- the log's verifier key
    edge BLOB NOT NULL -- CompactRange.to_bytes over the leaves held
) STRICT;
"""
MIRROR = Schema(
    name=MIRROR_FILE,
    application_id=int.from_bytes(b"CdMi"),
    unmarked=tables_of(_FIRST),
    steps=(_FIRST,),
    remedy="Move mirror.db aside: it is fetched again, and verified again.",
)


@dataclass(frozen=True, slots=True)
class Head:
    """How far the copy reaches: the tree over the leaves held, and the newest checkpoint kept ("" before the first).

    The checkpoint may be of a smaller size: a batch may end before the checkpoint it was fetched for.
    """

    edge: merkle.CompactRange
    note: str

    @property
    def size(self) -> int:
        """Number of leaves held."""
        return self.edge.size


class MirrorStore:
    """The copy of the log with verifier key ``log_key`` in the file ``path``, made on first use.

    Raises StateError when the file holds another log, is not ours, or was written by a later version.
    """

    def __init__(self, path: Path, log_key: str) -> None:
        self.log_key = log_key
        self._connection = open_database(path, MIRROR)
        try:
            self.database = Database(self._connection, recursive_triggers=False, execute_plugins=False)
            self._claim()
        except BaseException:
            self._connection.close()
            raise

    def _claim(self) -> None:
        with self._transaction() as transaction:
            found = transaction.execute("SELECT key FROM log").fetchone()
            if found is None:
                empty = merkle.CompactRange().to_bytes()
                transaction.execute("INSERT INTO log VALUES (1, ?, ?)", [self.log_key, empty])
            elif found[0] != self.log_key:
                raise StateError(
                    "the mirror is of another log than service.json names",
                    remedy="Move mirror.db aside and keep it: it is the evidence of the log that ended.",
                )

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def head(self) -> Head:
        """How far this copy reaches."""
        with self._transaction(write=False) as transaction:
            row = transaction.execute("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1").fetchone()
            return Head(_edge(transaction), row[0] if row else "")

    def append(self, first: int, leaves: Sequence[bytes], signed: str = "") -> Head:
        """Read ``leaves``, then ``keep`` them. Raises VerificationError also when one is malformed."""
        return self.keep(first, [Leaf.read(data) for data in leaves], signed)

    def keep(self, first: int, leaves: Sequence[Leaf], signed: str = "") -> Head:
        """Keep ``leaves`` from index ``first`` on, and the checkpoint ``signed`` that ends there, if one does.

        Leaves already held must be the same. Raises VerificationError: a leaf differs from the one held, or the leaves
        do not lead to the checkpoint; StateError: they do not follow on. Nothing is kept then.
        """
        with self._transaction() as transaction:
            edge = _edge(transaction)
            if first > edge.size:
                raise StateError(f"the mirror holds {edge.size} entries, so entry {first} is not next")
            held = min(len(leaves), edge.size - first)
            if held and list(_leaves(transaction, first, held)) != [leaf.data for leaf in leaves[:held]]:
                raise VerificationError(f"entries {first} to {first + held - 1} are not those held before (fork)")
            rows = [row_of(index, leaf) for index, leaf in enumerate(leaves[held:], edge.size)]
            edge.extend_hashes(b"".join(leaf.digest for leaf in leaves[held:]))
            marks = ", ".join("?" * len(rows[0])) if rows else ""
            if rows:
                transaction.conn.executemany(f"INSERT INTO entries VALUES ({marks})", rows)  # noqa: S608
                transaction.execute("UPDATE log SET edge = ?", [edge.to_bytes()])
            if signed:
                self._keep(transaction, first + len(leaves), edge, signed)
        # The block above ended: commit point.
        return self.head()

    def _keep(self, transaction: Database, size: int, edge: merkle.CompactRange, signed: str) -> None:
        point = checkpoint.verify(signed, self.log_key)
        if point.size != size:
            raise VerificationError(f"the checkpoint is of {point.size} entries, the batch ends at {size}")
        if (root := edge.root() if size == edge.size else _root(transaction, size)) != point.root:
            raise VerificationError(f"the {size} entries do not hash to the signed checkpoint")
        transaction.execute("INSERT OR IGNORE INTO checkpoints VALUES (?, ?, ?, '[]')", [size, signed, root])

    def checkpoint(self, size: int) -> str | None:
        """The checkpoint kept for exactly ``size`` entries, as the log signed it."""
        with self._transaction(write=False) as transaction:
            row = transaction.execute("SELECT note FROM checkpoints WHERE size = ?", [size]).fetchone()
        return row[0] if row else None

    def add_cosignatures(self, size: int, lines: Sequence[str]) -> None:
        """Keep cosignature lines with the checkpoint of ``size``; each once. Raises StateError without one."""
        with self._transaction() as transaction:
            row = transaction.execute("SELECT cosignatures FROM checkpoints WHERE size = ?", [size]).fetchone()
            if row is None:
                raise StateError(f"no checkpoint of {size} entries is kept")
            known = json.loads(row[0])
            known += [line for line in dict.fromkeys(lines) if line not in known]
            transaction.execute("UPDATE checkpoints SET cosignatures = ? WHERE size = ?", [json.dumps(known), size])

    def cosignatures(self, size: int) -> list[str]:
        """The cosignature lines kept with the checkpoint of ``size``."""
        with self._transaction(write=False) as transaction:
            row = transaction.execute("SELECT cosignatures FROM checkpoints WHERE size = ?", [size]).fetchone()
        return list(json.loads(row[0])) if row else []

    def rows(self, first: int, limit: int) -> list[tuple[Any, ...]]:
        """At most ``limit`` rows of ``entries`` from ``first`` on, whole and unchecked: reading.py compares them."""
        sql = "SELECT * FROM entries WHERE idx >= ? ORDER BY idx LIMIT ?"
        with self._transaction(write=False) as transaction:
            return list(transaction.execute(sql, [first, limit]))

    def kept(self) -> tuple[bytes, list[tuple[int, str, bytes, str]]]:
        """(the edge's bytes, all checkpoints by size: size, note, root, cosignatures as JSON), as they are kept."""
        with self._transaction(write=False) as transaction:
            ((edge,),) = transaction.execute("SELECT edge FROM log")
            return edge, list(
                transaction.execute("SELECT size, note, root, cosignatures FROM checkpoints ORDER BY size")
            )

    def leaves(self, first: int = 0, limit: int | None = None) -> Iterator[bytes]:
        """The leaves from ``first`` on, in order; at most ``limit`` of those held when this began."""
        size = self.head().size
        end = size if limit is None else min(size, first + limit)
        while first < end:
            with self._transaction(write=False) as transaction:
                page = list(_leaves(transaction, first, min(_PAGE, end - first)))
            yield from page
            first += len(page)

    @contextmanager
    def _transaction(self, *, write: bool = True) -> Iterator[Database]:
        try:
            self._connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        except sqlite3.OperationalError as error:
            raise OverloadedError("another program writes to the mirror", retry_seconds=_RETRY_SECONDS) from error
        try:
            yield self.database
            self._connection.commit()
        except BaseException:
            self._connection.rollback()
            raise


def _edge(transaction: Database) -> merkle.CompactRange:
    ((edge,),) = transaction.execute("SELECT edge FROM log")
    return merkle.CompactRange.from_bytes(edge)


def _leaves(transaction: Database, first: int, count: int) -> Iterator[bytes]:
    sql = "SELECT leaf FROM entries WHERE idx >= ? ORDER BY idx LIMIT ?"
    for (leaf,) in transaction.execute(sql, [first, count]):
        yield leaf


def _root(transaction: Database, size: int) -> bytes:
    """The root at a size that the edge has passed: from the leaf hashes held."""
    edge = merkle.CompactRange()
    for (digest,) in transaction.execute("SELECT leaf_hash FROM entries WHERE idx < ? ORDER BY idx", [size]):
        edge.append(digest)
    return edge.root()


def row_of(index: int, leaf: Leaf) -> tuple[Any, ...]:
    """The row of ``entries`` that a leaf makes."""
    entry, message = leaf.entry, leaf.entry.message
    words = (message.kind, message.sender, message.recipient, message.person) if message else ("", "", "", "")
    agreement = "" if entry.agreement == NO_AGREEMENT else entry.agreement.hex()
    return (
        index, leaf.data, leaf.digest, entry.time, entry.type, entry.actor, agreement, entry.flow, entry.period, *words,
    )  # fmt: skip
