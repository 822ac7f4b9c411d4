"""Where a worker gets record secrets F(x) from (design section 4, "Record secret").

The holder of an OPRF key evaluates directly; in mode ``hmac`` every data party holds the group key; another party reads
the cache that its exchange with the holder has filled.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from keys import native
from matcher.agency.secrets.cache import CacheKeys, find, open_reader
from matcher.agency.secrets.entries import ENTRY_SIZE, NAME_SIZE
from matcher.protocol.errors import StateError
from matcher.protocol.keyed_hash import keyed_states
from matcher.protocol.suite import SECRET_SIZE, lp

_SHA512_BLOCK = 128
_MOST_HELD = 1 << 20


class Source(Protocol):
    """Gives the 64-byte record secrets of link values."""

    def secrets(self, link_values: Sequence[bytes]) -> list[bytes]:
        """F of each link value (normalised, UTF-8), in order. Raises StateError when one is not to be had."""


@dataclass(frozen=True, slots=True)
class HolderSource:
    """Direct evaluation with the holder's own key, 32 bytes. ``prefix`` is suite.link_prefix."""

    prefix: bytes
    secret_key: bytes = field(repr=False)

    def secrets(self, link_values: Sequence[bytes]) -> list[bytes]:
        """F of each link value."""
        from keys import oprf  # loads libsodium, which only workers that need it do

        return oprf.evaluate_batch(self.secret_key, [self.prefix + lp(value) for value in link_values])


@dataclass(frozen=True, slots=True)
class GroupSource:
    """HMAC-SHA-512 under the group key, 32 bytes. ``prefix`` is suite.link_prefix."""

    prefix: bytes
    group_key: bytes = field(repr=False)

    def secrets(self, link_values: Sequence[bytes]) -> list[bytes]:
        """F of each link value, as keys.group gives it; the key is hashed once for all."""
        inner, outer = keyed_states(self.group_key, hashlib.sha512, _SHA512_BLOCK)
        inner.update(self.prefix)
        result = []
        for value in link_values:
            within, around = inner.copy(), outer.copy()
            within.update(len(value).to_bytes(2, "big") + value)
            around.update(within.digest())
            result.append(around.digest())
        return result


@dataclass(frozen=True)
class CacheSource:
    """The encrypted cache; what is not in it was never evaluated. ``runs`` are entries read or made before, for all
    threads of a process (secrets/entries.py): they need not be read again."""

    path: Path
    keys: CacheKeys = field(repr=False)
    runs: list[bytes] = field(default_factory=list, repr=False, compare=False)

    def hold(self, run: bytes) -> None:
        """Keep entries at hand, as long as they are not too many to hold."""
        if run and sum(map(len, self.runs)) + len(run) <= _MOST_HELD * ENTRY_SIZE:
            self.runs.append(run)

    @cached_property
    def _reader(self) -> sqlite3.Connection:
        return open_reader(self.path)

    def find(self, names: bytes) -> bytes:
        """The entries that the cache has of ``names``, which ascend: a run."""
        return find(self._reader, names)

    def secrets(self, link_values: Sequence[bytes]) -> list[bytes]:
        """F of each link value. Raises StateError if one is missing."""
        return native.split(self.column(*native.column(link_values)), SECRET_SIZE)

    def column(self, data: bytes, offsets: bytes) -> bytes:
        """The same of a column as the native crate has it (keys/native.py), end to end."""
        names = self.keys.names((data, offsets))
        found, absent = self.keys.secrets(names, self.runs)
        if absent:
            found, absent = self.keys.secrets(names, [*self.runs, self.find(absent)])
        if absent:
            raise StateError(
                f"{len(absent) // NAME_SIZE} record secrets are missing from the cache",
                remedy="Run the same command again.",
            )
        return found
