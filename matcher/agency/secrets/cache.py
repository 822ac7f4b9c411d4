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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import native
from matcher.protocol.errors import StateError
from matcher.protocol.suite import SECRET_SIZE, lp, u32
from matcher.storage import Schema, open_database, open_read_only, tables_of

_NAME_LABEL = b"concordat-v1 cache name"
_SEAL_LABEL = b"concordat-v1 cache seal"
_NAME_SIZE = 16
_NONCE_SIZE = 12
_SEALED_SIZE = _NONCE_SIZE + SECRET_SIZE + 16
_ASKED_AT_ONCE = 4096
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
        return hmac.digest(self.name_key, self.head + lp(link_value), "sha256")[:_NAME_SIZE]

    def names(self, link_values: Sequence[bytes]) -> list[bytes]:
        """``name`` of many."""
        if (crate := native.module()) is None:
            return list(map(self.name, link_values))
        return native.split(crate.cache_names(self.name_key, self.head, *native.column(link_values)), _NAME_SIZE)

    def seal_secrets(self, names: Sequence[bytes], secrets: Sequence[bytes]) -> list[bytes]:
        """``seal`` of record secrets (64 bytes each)."""
        if (crate := native.module()) is None:
            return list(map(self.seal, names, secrets))
        return native.split(crate.cache_seal(self.seal_key, b"".join(names), b"".join(secrets)), _SEALED_SIZE)

    def open_secrets(self, names: Sequence[bytes], sealed: Sequence[bytes]) -> list[bytes]:
        """``open`` of record secrets. Raises StateError."""
        if (crate := native.module()) is None:
            return list(map(self.open, names, sealed))
        try:
            return native.split(crate.cache_open(self.seal_key, b"".join(names), b"".join(sealed)), SECRET_SIZE)
        except crate.RejectedError:
            raise _altered() from None

    def seal(self, name: bytes, content: bytes) -> bytes:
        """Nonce and ciphertext, bound to ``name``."""
        nonce = os.urandom(_NONCE_SIZE)
        return nonce + AESGCM(self.seal_key).encrypt(nonce, content, name)

    def open(self, name: bytes, sealed: bytes) -> bytes:
        """Raises StateError when the entry was altered or sealed under another key."""
        try:
            return AESGCM(self.seal_key).decrypt(sealed[:_NONCE_SIZE], sealed[_NONCE_SIZE:], name)
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


def read(
    connection: sqlite3.Connection, keys: CacheKeys, link_values: Sequence[bytes], fresh: Mapping[bytes, bytes]
) -> list[bytes | None]:
    """The record secret of each link value, or None where the cache has none; some are ``fresh``, by name."""
    names = keys.names(link_values)
    secrets: list[bytes | None] = list(map(fresh.get, names))
    if None not in secrets:
        return secrets
    sealed = _find(connection, "name, sealed", [name for name in names if name not in fresh])
    opened = dict(zip(sealed, keys.open_secrets(list(sealed), list(sealed.values())), strict=True))
    return [opened.get(name) if secret is None else secret for name, secret in zip(names, secrets, strict=True)]


def missing(connection: sqlite3.Connection, keys: CacheKeys, link_values: Sequence[bytes]) -> list[bytes]:
    """Those of ``link_values``, each once, that the cache does not have."""
    if connection.execute("SELECT 1 FROM secrets LIMIT 1").fetchone() is None:
        return list(dict.fromkeys(link_values))
    by_name = dict(zip(keys.names(link_values), link_values, strict=True))
    known = _find(connection, "name, 1", list(by_name))
    return [value for name, value in by_name.items() if name not in known]


def _find(connection: sqlite3.Connection, columns: str, names: Sequence[bytes]) -> dict[bytes, Any]:
    """What ``columns`` say of the entries that there are, by name."""
    found: dict[bytes, Any] = {}
    for start in range(0, len(names), _ASKED_AT_ONCE):
        part = names[start : start + _ASKED_AT_ONCE]
        marks = ",".join("?" * len(part))
        found.update(connection.execute(f"SELECT {columns} FROM secrets WHERE name IN ({marks})", part))  # noqa: S608
    return found


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

    def answered(self, answers: Iterable[tuple[bytes, Iterable[tuple[bytes, bytes]]]]) -> None:
        """Store (name, sealed F) of answered requests and forget the requests, in one transaction."""
        requests: list[tuple[bytes]] = []
        entries: list[tuple[bytes, bytes]] = []
        for request, found in answers:
            requests.append((request,))
            entries += found
        if not requests:
            return
        entries.sort()  # in the order in which they lie in the file
        with self._connection:
            self._connection.execute("BEGIN")
            self._connection.executemany("INSERT OR REPLACE INTO secrets VALUES (?, ?)", entries)
            self._connection.executemany("DELETE FROM pending WHERE request = ?", requests)

    def forget(self, request: bytes) -> None:
        """Drop a request that will not be answered."""
        with self._connection:
            self._connection.execute("DELETE FROM pending WHERE request = ?", (request,))
