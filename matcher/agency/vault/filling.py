"""Filling the vault with a submission's blocks while the workers make them.

Until the submission is sealed its rows do not count, and one that is never sealed is abandoned with them. SQLite works
without the interpreter's lock, so the workers go on meanwhile.
"""

from __future__ import annotations

import sqlite3

from matcher.agency.vault.blocks import unpack_blocks

# Bytes of a transaction: few enough to stay in memory, and so many that a submission waits for the disk a few times.
_AT_ONCE = 8 << 20
_INSERT = "INSERT INTO blocks (scope, block, submission, rows) VALUES (?, ?, ?, ?)"


class Filling:
    """Takes the blocks of submission ``number`` in ``scope``; they are durable once they are flushed."""

    def __init__(self, connection: sqlite3.Connection, scope: int, number: int) -> None:
        self._connection = connection
        self._place = scope, number
        self._waiting: list[bytes] = []

    def add(self, blocks: bytes) -> None:
        """Some blocks (blocks.pack_blocks), none of which was added before."""
        self._waiting.append(blocks)
        if sum(map(len, self._waiting)) >= _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting, in one transaction."""
        scope, submission = self._place
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for blocks in self._waiting:
                self._connection.executemany(
                    _INSERT, ((scope, block.number, submission, block.rows) for block in unpack_blocks(blocks))
                )
        self._waiting = []
