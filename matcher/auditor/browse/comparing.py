"""Whether the page shows what the verified copy says: its tables are made again, aside, and compared (check 28).

HOME/page.db is derived and could be edited like any file; who looks at the page does not look at the log.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from itertools import zip_longest
from pathlib import Path

from matcher.auditor.browse import build
from matcher.auditor.browse.schema import PAGE_FILE, read_only
from matcher.auditor.mirror.store import MirrorStore
from matcher.auditor.verify import Report

# Not "status" and "failures": they say when and what was verified last, and are written anew each time.
_TABLES = ("acts", "finding_acts", "findings", "reasons", "sealed", "runs", "versions", "usage")


def differences(home: Path, store: MirrorStore, report: Report) -> Iterator[str]:
    """What the page of ``home``, if it has one, shows otherwise than the copy in ``store``; table by table.

    The page is brought up to the copy first. What it shows of the verification is then that of ``report``.
    """
    if not (home / PAGE_FILE).is_file():
        return
    build.build(home, store, report)
    with tempfile.TemporaryDirectory(dir=home, prefix="page-") as aside:
        build.build(Path(aside), store, report)
        with closing(read_only(home / PAGE_FILE)) as shown, closing(read_only(Path(aside) / PAGE_FILE)) as made:
            for table in _TABLES:
                if wrong := _count_differences(shown, made, table):
                    yield f"{wrong} rows of table {table} of the page are not what the copy makes them"


def _count_differences(shown: sqlite3.Connection, made: sqlite3.Connection, table: str) -> int:
    columns = [str(row["name"]) for row in made.execute("SELECT name FROM pragma_table_info(?)", (table,))]
    sql = f"SELECT * FROM {table} ORDER BY {', '.join(columns)}"  # noqa: S608 - the page's own tables
    pairs = zip_longest(shown.execute(sql), made.execute(sql))
    return sum(one is None or other is None or tuple(one) != tuple(other) for one, other in pairs)
