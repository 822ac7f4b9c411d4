"""Filling the vault with a submission's rows from the spool, in ascending order of handles.

The workers write the rows while they blind; the vault takes them while the upload runs, in a process of its own, where
neither waits for the other. Filling twice gives the same, so after a crash it is simply done again. Until the
submission is sealed the rows do not count.
"""

from __future__ import annotations

import os
import pickle
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from matcher.agency.submit.buckets import bucket_path, buckets_in
from matcher.agency.vault import schema

# handle, op, row id, link column, link value, content, token, leaf
SentRow = tuple[bytes, int, str, str, str, str, bytes, bytes]


def write_sent(path: Path, sent: list[SentRow]) -> None:
    """Write one bucket's rows to ``path``, 0600, durably."""
    sent.sort(key=lambda row: row[0])
    with open(path, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        pickle.dump(sent, file, pickle.HIGHEST_PROTOCOL)
        file.flush()
        os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class FillVault:
    """Put the rows in ``records`` into the vault at ``path`` as those of submission ``number`` in ``scope``."""

    path: Path
    scope: int
    number: int
    records: Path

    def run(self, _context: object = None) -> int:
        """One transaction for each bucket; returns the number of rows."""
        statement = f"INSERT OR REPLACE INTO sent VALUES ({self.scope:d}, ?, {self.number:d}, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
        total = 0
        with closing(schema.connect(self.path)) as connection:
            for bucket in buckets_in(self.records):
                sent: list[SentRow] = pickle.loads(bucket_path(self.records, bucket).read_bytes())  # noqa: S301 - own file
                with connection:
                    connection.execute("BEGIN IMMEDIATE")
                    connection.executemany(statement, sent)
                total += len(sent)
        return total
