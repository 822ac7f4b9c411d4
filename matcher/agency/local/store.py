"""Monthly flows on disk between reading and use, so that memory does not grow with the file.

Rows come in any order; SQLite's external sort brings those of one account together, and what is kept of an account is
the set of rules that fire. Accounts are keyed hashes here. The file lies in the submission's spool and goes with it.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from matcher.agency.local.monthly import Month, flow_codes
from matcher.agency.local.settings import FLOW_CODES, LocalRules

_CACHE_KIB = 16_384
_BATCH = 4096
_SCHEMA = """
CREATE TABLE flow (tag BLOB, month INTEGER, labour_in INTEGER, wages_out INTEGER, other_out INTEGER, file INTEGER,
                   line INTEGER);
CREATE TABLE found (tag BLOB PRIMARY KEY, codes INTEGER, seen INTEGER) WITHOUT ROWID;
"""
UNREADABLE = -1
INCOMPLETE = 1 << len(FLOW_CODES)


class FlowRow(NamedTuple):
    """One row of a flows file. ``month`` is UNREADABLE for a row that was rejected though its account is known."""

    tag: bytes
    month: int
    labour_in: int
    wages_out: int
    other_out: int
    file: int
    line: int


class FlowStore:
    """The flows of one submission, at ``path``, which must not exist."""

    def __init__(self, path: Path) -> None:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        # Nothing here outlives the submission: a crash starts it anew.
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        self._connection.executescript(_SCHEMA)

    def add(self, rows: Iterable[FlowRow]) -> None:
        """Keep rows."""
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO flow VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        self._connection.execute("COMMIT")

    def last_month(self, most: int) -> int | None:
        """The last month of any account that is not after ``most``."""
        (last,) = self._connection.execute(
            "SELECT max(month) FROM flow WHERE month BETWEEN 0 AND ?", (most,)
        ).fetchone()
        return None if last is None else int(last)

    def evaluate(self, last: int, rules: LocalRules) -> Iterator[tuple[int, int]]:
        """Apply the rules to every account up to month ``last``; yields (file, line) of a month that stands again with
        other amounts. Such an account, like one with a rejected row, is incomplete: no rule fires for it."""
        rows = self._connection.execute(
            "SELECT tag, month, labour_in, wages_out, other_out, file, line FROM flow ORDER BY tag, month, file, line"
        )
        waiting: list[tuple[bytes, int]] = []
        for tag, group in groupby(map(FlowRow._make, rows), key=itemgetter(0)):
            months: dict[int, Month] = {}
            incomplete = False
            for row in group:
                amounts = Month(row.labour_in, row.wages_out, row.other_out)
                if row.month == UNREADABLE:
                    incomplete = True
                elif months.setdefault(row.month, amounts) != amounts:
                    incomplete = True
                    yield row.file, row.line
            fired = frozenset() if incomplete else flow_codes(months, last, rules)
            bits = sum(1 << place for place, code in enumerate(FLOW_CODES) if code in fired)
            waiting.append((tag, bits | INCOMPLETE if incomplete else bits))
            if len(waiting) >= _BATCH:
                self._keep(waiting)
                waiting = []
        self._keep(waiting)

    def _keep(self, found: Sequence[tuple[bytes, int]]) -> None:
        self._connection.execute("BEGIN")
        self._connection.executemany("INSERT INTO found VALUES (?, ?, 0)", found)
        self._connection.execute("COMMIT")

    def found(self, tags: Sequence[bytes]) -> dict[bytes, int]:
        """What is known of some accounts (at most 4,096): bits of FLOW_CODES, and INCOMPLETE."""
        marks = ",".join("?" * len(tags))
        known = dict(self._connection.execute(f"SELECT tag, codes FROM found WHERE tag IN ({marks})", tags))  # noqa: S608 - question marks
        self._connection.execute("BEGIN")
        self._connection.executemany("UPDATE found SET seen = 1 WHERE tag = ?", ((tag,) for tag in known))
        self._connection.execute("COMMIT")
        return known

    def counts(self) -> tuple[int, int, int]:
        """Accounts with flows, those of them that no account row asked for, those that are incomplete."""
        query = "SELECT count(*), coalesce(sum(seen = 0), 0), coalesce(sum(codes & ? > 0), 0) FROM found"
        accounts, unasked, incomplete = self._connection.execute(query, (INCOMPLETE,)).fetchone()
        return int(accounts), int(unasked), int(incomplete)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
