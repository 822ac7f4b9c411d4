"""Bringing an older control database up to date where SQL alone does not do (schema.py names the steps)."""

from __future__ import annotations

import json
import sqlite3
from itertools import groupby, islice

from matcher.protocol import cases
from matcher.protocol.findings import Finding, from_leaf

_BLOCK_FINDINGS = 4096
_Row = tuple[bytes, int, bytes, str, int, bytes, int, int]


def findings_into_blocks(connection: sqlite3.Connection) -> None:
    """From one record for each finding to blocks of columns, and cases of those that were asked for."""
    rows = connection.execute(
        "SELECT run, position, leaf, state, since, request, request_index, expires FROM findings ORDER BY run, position"
    )
    for _run, of_run in groupby(rows, key=lambda row: row[0]):
        while block := list(islice(of_run, _BLOCK_FINDINGS)):
            _write_block(connection, block)
    connection.execute("DROP TABLE findings")


def _write_block(connection: sqlite3.Connection, block: list[_Row]) -> None:
    parsed = [from_leaf(row[2]) for row in block]
    kinds: dict[tuple[str, tuple[str, ...]], int] = {}
    numbers = [kinds.setdefault((item.answering, item.codes), len(kinds)) for _id, item in parsed]
    connection.execute(
        "INSERT INTO finding_blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            block[0][0], block[0][1], len(block), parsed[0][1].asking, json.dumps(list(kinds)),
            b"".join(number.to_bytes(2, "little") for number in numbers),
            b"".join(finding for finding, _item in parsed),
            b"".join(item.asking_handle for _id, item in parsed),
            b"".join(item.answering_handle or bytes(len(item.asking_handle)) for _id, item in parsed),
        ],
    )  # fmt: skip
    for row, (finding, item) in zip(block, parsed, strict=True):
        if row[3] != cases.INITIAL or row[5]:
            _write_case(connection, row, finding, item)


def _write_case(connection: sqlite3.Connection, row: _Row, finding: bytes, item: Finding) -> None:
    run, position, _leaf, state, since, request, request_index, expires = row
    connection.execute(
        "INSERT INTO cases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            finding, run, position, item.asking, item.answering, json.dumps(item.codes), state, since, request,
            request_index, expires,
        ],
    )  # fmt: skip
