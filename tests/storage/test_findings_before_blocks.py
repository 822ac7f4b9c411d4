"""Findings of a service of before blocks: each is there with its place, id, leaf and case.

before/control-run.sql is a service of version 3 after a match with four findings, of which one was asked for and
approved. Written by that program, dumped by SQLite, changed by nobody.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from matcher.protocol import cases
from matcher.service.store import findings
from matcher.service.store.database import ControlDatabase
from tests.storage.test_before_marks import held, put

_COLUMNS = "run, position, finding, leaf, state, since, request, request_index, expires"


def rows_of(path: Path) -> list[tuple[Any, ...]]:
    """The findings of a database of version 3, in order."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(f"SELECT {_COLUMNS} FROM findings ORDER BY position").fetchall()  # noqa: S608


def require_findings(path: Path, rows: list[tuple[Any, ...]]) -> None:
    """Raise unless the database has these findings, now in blocks."""
    database = ControlDatabase(path)
    found: list[tuple[Any, ...]] = []
    with database.read() as transaction:
        run = rows[0][0]
        asked = findings.cases_of(transaction, run)
        for block in findings.blocks(transaction, run):
            for place in range(len(block.columns)):
                finding, position = block.ids[place].tobytes(), block.first + place
                case = asked.get(position)
                state = (case.state, case.since, case.request, case.request_index, case.expires) if case else None
                leaf = block.columns.finding(place).leaf(finding)
                found.append((run, position, finding, leaf, *(state or (cases.INITIAL, 0, b"", 0, 0))))
    database.close()
    assert found == rows
    assert [case.finding for case in asked.values()] == [row[2] for row in rows if row[4] != cases.INITIAL]


def test_every_finding_is_there_with_its_case(tmp_path: Path) -> None:
    path = put(tmp_path, "control-run")
    before, rows = held(path), rows_of(path)
    assert {row[4] for row in rows} == {cases.INITIAL, "approved"}
    require_findings(path, rows)
    after = held(path)
    assert {name: after[name] for name in before if name != "findings"} == {
        name: content for name, content in before.items() if name != "findings"
    }
