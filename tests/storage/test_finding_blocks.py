"""A control database that kept each finding by itself: brought up to date, it tells the same."""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from matcher.protocol import cases
from matcher.protocol.findings import Finding
from matcher.service.store import findings
from matcher.service.store.database import ControlDatabase
from matcher.service.store.schema import CONTROL
from matcher.storage import open_database

RUNS = (b"r" * 32, b"s" * 32)
COUNT = 4500  # more than a block
_INSERT = "INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


def _digest(*parts: object) -> bytes:
    return hashlib.sha256(repr(parts).encode()).digest()


def _made(run: bytes) -> list[tuple[bytes, Finding]]:
    codes = (("a",), ("a", "b"), ("not-found",))
    made = []
    for number in range(COUNT if run == RUNS[0] else 3):
        kind = number % 3
        answering = ("", b"") if kind == 2 else ("bank", _digest(run, number, "there")[:16])
        item = Finding(run, "bureau", _digest(run, number)[:16], *answering, codes[kind])
        made.append((_digest(run, number, "id"), item))
    return made


def test_findings_are_the_same_in_blocks(tmp_path: Path) -> None:
    path, asked = tmp_path / "control.db", {7: "requested", 4499: "refused"}
    with closing(open_database(path, replace(CONTROL, steps=CONTROL.steps[:3]))) as before, before:
        before.execute("BEGIN")
        for run in RUNS:
            for position, (finding, item) in enumerate(_made(run)):
                state = asked.get(position, cases.INITIAL) if run == RUNS[0] else cases.INITIAL
                request = (position, b"q" * 32, 5, 6) if state != cases.INITIAL else (0, b"", 0, 0)
                before.execute(
                    _INSERT,
                    (
                        run, position, finding, item.asking, item.answering, item.leaf(finding), state, *request,
                    ),
                )  # fmt: skip
        before.execute("COMMIT")
    database = ControlDatabase(path)
    with database.read() as transaction:
        for run in RUNS:
            found = [
                (block.first + place, block.ids[place].tobytes(), block.columns.finding(place))
                for block in findings.blocks(transaction, run)
                for place in range(len(block.columns))
            ]
            assert found == [(position, *made) for position, made in enumerate(_made(run))]
        kept = findings.cases_of(transaction, RUNS[0])
        assert {position: case.state for position, case in kept.items()} == asked
        finding, item = _made(RUNS[0])[7]
        assert kept[7] == findings.Case(
            RUNS[0], 7, finding, "bureau", item.answering, item.codes, "requested", 7, b"q" * 32, 5, 6
        )
        assert findings.cases_of(transaction, RUNS[1]) == {}
        assert transaction.execute("SELECT 1 FROM sqlite_schema WHERE name = 'findings'").fetchone() is None
    database.close()
