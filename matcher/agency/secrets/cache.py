"""The encrypted cache of record secrets, so that a link value is evaluated once an epoch (design section 4).

HOME/secrets.db, SQLite, 0600. An entry's name is a keyed hash, HMAC-SHA-256(cache key, link prefix | epoch | key id |
link value)[:16]; its content is F sealed by AES-256-GCM under a key derived from the cache key, bound to the name. So
the file gives away how many values were evaluated, and no more. Requests under way are kept here too, sealed, with
their blinds: an answer that comes after a restart is used, and nothing is asked twice.
"""

from __future__ import annotations

import hmac
import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import native
from keys.native import Column
from matcher.agency.secrets import entries
from matcher.agency.secrets.entries import ENTRY_SIZE, NAME_SIZE, NONCE_SIZE, SEALED_SIZE
from matcher.protocol.errors import StateError
from matcher.protocol.suite import SECRET_SIZE, lp, u32
from matcher.storage import Schema, open_database, open_read_only, tables_of

_NAME_LABEL = b"concordat-v1 cache name"
_SEAL_LABEL = b"concordat-v1 cache seal"
# One statement and one value for many entries, without an object for each. || and group_concat make text of blobs
# without looking at them, and the cast makes a blob of it again: the same bytes.
_NUMBERS = "WITH RECURSIVE numbers (n) AS (VALUES (0) UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :count)"
_ALL = "SELECT CAST(group_concat(name || sealed, '') AS BLOB) FROM"
_BETWEEN = f"{_ALL} secrets WHERE name BETWEEN :first AND :last"
_AMONG = f"{_NUMBERS} {_ALL} numbers CROSS JOIN secrets ON name = substr(:names, n * {NAME_SIZE} + 1, {NAME_SIZE})"
_STORE = (
    f"{_NUMBERS} INSERT OR REPLACE INTO secrets SELECT substr(:entries, n * {ENTRY_SIZE} + 1, {NAME_SIZE}),"  # noqa: S608
    f" substr(:entries, n * {ENTRY_SIZE} + {NAME_SIZE + 1}, {SEALED_SIZE}) FROM numbers"
)
# To look an entry up takes as long as to read so many that lie side by side.
_READ_MEANWHILE = 5
_NAMES_IN_ALL = 1 << 8 * NAME_SIZE
_FIRST = """
CREATE TABLE IF NOT EXISTS secrets (name BLOB PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pending (
    request BLOB PRIMARY KEY, message TEXT NOT NULL, sealed BLOB NOT NULL, log_index INTEGER NOT NULL
) STRICT;
"""
CACHE = Schema(
    name="secrets.db",
    application_id=int.from_bytes(b"CdSe"),
    unmarked=tables_of(_FIRST),
    steps=(_FIRST,),
    remedy="Move secrets.db away; the values will be evaluated again, which counts towards the quota.",
)


@dataclass(frozen=True, slots=True)
class CacheKeys:
    """How entries of one link kind and epoch are named and sealed. Secret; it crosses to workers as plain bytes."""

    name_key: bytes = field(repr=False)
    seal_key: bytes = field(repr=False)
    head: bytes

    @classmethod
    def derive(cls, cache_key: bytes, link_prefix: bytes, epoch: int, key_id: bytes) -> CacheKeys:
        """From the home's cache key (32 bytes); ``key_id`` is the holder's public key."""
        return cls(
            name_key=hmac.digest(cache_key, lp(_NAME_LABEL), "sha256"),
            seal_key=hmac.digest(cache_key, lp(_SEAL_LABEL), "sha256"),
            head=link_prefix + u32(epoch) + lp(key_id),
        )

    def name(self, link_value: bytes) -> bytes:
        """The entry's name, 16 bytes."""
        return hmac.digest(self.name_key, self.head + lp(link_value), "sha256")[:NAME_SIZE]

    def names(self, link_values: Column) -> bytes:
        """``name`` of many, end to end."""
        if (crate := native.module()) is None:
            return b"".join(map(self.name, native.values(*link_values)))
        return bytes(crate.cache_names(self.name_key, self.head, *link_values))

    def entries(self, names: bytes, secrets: bytes) -> bytes:
        """Record secrets, 64 bytes each, sealed under their names: entries (entries.py)."""
        if (crate := native.module()) is None:
            pairs = zip(native.split(names, NAME_SIZE), native.split(secrets, SECRET_SIZE), strict=True)
            return b"".join(name + self.seal(name, secret) for name, secret in pairs)
        return bytes(crate.cache_seal(self.seal_key, names, secrets))

    def secrets(self, names: bytes, runs: Sequence[bytes]) -> tuple[bytes, bytes]:
        """(record secrets of the entries of these names in ``runs``, end to end, nothing); or (nothing, the names that
        no run has, ascending). Raises StateError as ``open``."""
        if (crate := native.module()) is not None:
            try:
                opened, absent = crate.cache_open(self.seal_key, names, runs)
            except crate.RejectedError:
                raise _altered() from None
            return bytes(opened), bytes(absent)
        sealed, wanted = entries.by_name(runs), native.split(names, NAME_SIZE)
        if absent := set(wanted) - sealed.keys():
            return b"", b"".join(sorted(absent))
        return b"".join(self.open(name, sealed[name]) for name in wanted), b""

    def seal(self, name: bytes, content: bytes) -> bytes:
        """Nonce and ciphertext, bound to ``name``."""
        nonce = os.urandom(NONCE_SIZE)
        return nonce + AESGCM(self.seal_key).encrypt(nonce, content, name)

    def open(self, name: bytes, sealed: bytes) -> bytes:
        """Raises StateError when the entry was altered or sealed under another key."""
        try:
            return AESGCM(self.seal_key).decrypt(sealed[:NONCE_SIZE], sealed[NONCE_SIZE:], name)
        except InvalidTag:
            raise _altered() from None


def _altered() -> StateError:
    return StateError(
        "the cache of record secrets does not open with this home's key",
        remedy="Move secrets.db away; the values will be evaluated again, which counts towards the quota.",
    )


class Pending(NamedTuple):
    """A kept request: the signed message as JSON, its sealed content, its log index (-1: not sent)."""

    message: str
    sealed: bytes
    log_index: int


def open_reader(path: Path) -> sqlite3.Connection:
    """The cache for reading only. Raises StateError: not ours, or of a later version."""
    return open_read_only(path, CACHE)


def find(connection: sqlite3.Connection, names: bytes) -> bytes:
    """The entries that there are of ``names``, which ascend: a run."""
    count = len(names) // NAME_SIZE
    if not count:
        return b""
    first, last = names[:NAME_SIZE], names[-NAME_SIZE:]
    if count * _READ_MEANWHILE >= _expected(connection, first, last):
        found = connection.execute(_BETWEEN, {"first": first, "last": last}).fetchone()[0]
        return entries.matching(names, entries.ascending(found or b""))
    found = connection.execute(_AMONG, {"names": names, "count": count}).fetchone()[0]
    return entries.ascending(found or b"")


def _expected(connection: sqlite3.Connection, first: bytes, last: bytes) -> int:
    """About how many entries the file has between two names: names are uniform."""
    (pages,), (page_size,) = (connection.execute(f"PRAGMA {name}").fetchone() for name in ("page_count", "page_size"))
    width = int.from_bytes(last) - int.from_bytes(first)
    return int(pages * (page_size // ENTRY_SIZE) * width // _NAMES_IN_ALL)


class SecretCache:
    """The cache, for writing: what the exchange with the holder fills. Raises StateError as ``open_reader``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = open_database(path, CACHE)

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def count(self) -> int:
        """How many record secrets there are."""
        return int(self._connection.execute("SELECT count(*) FROM secrets").fetchone()[0])

    def put_pending(self, request: bytes, message: str, sealed: bytes) -> None:
        """Keep a signed request (digest and JSON) and its sealed blinds, before it is sent."""
        with self._connection:
            self._connection.execute("INSERT INTO pending VALUES (?, ?, ?, -1)", (request, message, sealed))

    def mark_sent(self, request: bytes, log_index: int) -> None:
        """The request stands in the log."""
        with self._connection:
            self._connection.execute("UPDATE pending SET log_index = ? WHERE request = ?", (log_index, request))

    def pending(self) -> list[Pending]:
        """The requests without an answer, oldest first."""
        found = self._connection.execute("SELECT message, sealed, log_index FROM pending ORDER BY rowid")
        return [Pending(*row) for row in found]

    def answered(self, requests: Sequence[bytes], run: bytes) -> None:
        """Store the entries of answered requests, ascending, and forget the requests, in one transaction."""
        with self._connection:
            self._connection.execute("BEGIN")
            if run:
                self._connection.execute(_STORE, {"entries": run, "count": len(run) // ENTRY_SIZE})
            self._connection.executemany("DELETE FROM pending WHERE request = ?", [(request,) for request in requests])

    def forget(self, request: bytes) -> None:
        """Drop a request that will not be answered."""
        with self._connection:
            self._connection.execute("DELETE FROM pending WHERE request = ?", (request,))
