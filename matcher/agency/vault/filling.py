"""Filling the vault with a submission's blocks from the spool.

The workers pack the blocks while they blind; the vault takes them while the upload runs. Filling twice gives the same,
so after a crash it is simply done again. Until the submission is sealed the rows do not count.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

from matcher.agency.vault import schema
from matcher.agency.vault.blocks import unpack_blocks

_INSERT = "INSERT OR REPLACE INTO blocks (scope, block, submission, rows) VALUES (?, ?, ?, ?)"


def write_blocks(path: Path, blocks: bytes) -> None:
    """Write some blocks (blocks.pack_blocks) to ``path``, 0600, durably."""
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(blocks)
        file.flush()
        os.fsync(file.fileno())


def fill(vault: Path, scope: int, number: int, records: Path) -> int:
    """Put the blocks in ``records`` into the vault as those of submission ``number`` in ``scope``.

    One transaction for each file; returns the number of rows.
    """
    total = 0
    with closing(schema.connect(vault)) as connection:
        for path in sorted(records.iterdir()):
            blocks = list(unpack_blocks(path.read_bytes()))
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.executemany(_INSERT, [(scope, block.number, number, block.rows) for block in blocks])
            total += sum(block.size for block in blocks)
    return total
