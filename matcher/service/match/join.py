"""The join as named SQL steps (design section 7): each makes one table from the ones before, and can be looked at.

Written in the common part of SQL, so that another engine may run the same steps where one machine does not do. The
input is table ``sent`` (engine.py) and table ``sides``; nothing here sees an envelope. A party is its place in the
flow: 0 asks, the others answer. A row is (party, sequence of its submission, position in that submission's segment).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import duckdb

from matcher.protocol.agreement.model import Flow


class Step(NamedTuple):
    """One table, and the tables that nobody needs after it."""

    table: str
    sql: str
    spent: tuple[str, ...] = ()


STEPS = (
    # One version of each row: the newest submission's. The token breaks a tie, so that a run is deterministic.
    Step(
        "newest",
        """
        SELECT party, sequence, position, is_put, token FROM (
            SELECT *, row_number() OVER (PARTITION BY party, handle ORDER BY sequence DESC, token, position) AS age
            FROM sent
        ) AS versions
        WHERE age = 1
        """,
        spent=("sent",),
    ),
    # Without the rows whose newest version is a delete.
    Step("present", "SELECT party, sequence, position, token FROM newest WHERE is_put", spent=("newest",)),
    # Tokens of which a side has more rows than the flow allows, after all its submissions.
    Step(
        "crowded",
        """
        SELECT present.party AS party, token
        FROM present JOIN sides ON present.party = sides.party
        GROUP BY present.party, token, sides.most
        HAVING count(*) > sides.most
        """,
    ),
    Step(
        "pairs",
        """
        SELECT asked.token AS token, asked.sequence AS asking_sequence, asked.position AS asking_position,
            answered.party AS answering, answered.sequence AS answering_sequence,
            answered.position AS answering_position,
            EXISTS (
                SELECT 1 FROM crowded WHERE crowded.token = asked.token AND crowded.party IN (0, answered.party)
            ) AS is_duplicate
        FROM present AS asked JOIN present AS answered ON asked.token = answered.token
        WHERE asked.party = 0 AND answered.party > 0
        """,
    ),
    Step(
        "lonely",
        """
        SELECT token, sequence, position,
            EXISTS (SELECT 1 FROM crowded WHERE crowded.token = asked.token AND crowded.party = 0) AS is_duplicate
        FROM present AS asked
        WHERE party = 0 AND NOT EXISTS (
            SELECT 1 FROM present AS answered WHERE answered.token = asked.token AND answered.party > 0
        )
        """,
        spent=("present",),
    ),
)
_BATCH_ROWS = 8192


class Pair(NamedTuple):
    """A joined pair: where each of its rows stands."""

    token: bytes
    asking_sequence: int
    asking_position: int
    answering: int
    answering_sequence: int
    answering_position: int
    is_duplicate: bool


class Lonely(NamedTuple):
    """An asking row that joined nothing: where it stands."""

    token: bytes
    sequence: int
    position: int
    is_duplicate: bool


def run(connection: duckdb.DuckDBPyConnection, flow: Flow, *, keep: bool = False) -> tuple[int, int]:
    """Run the steps on ``sent``; returns (number of pairs, number of asking rows without a pair).

    ``keep`` leaves the intermediate tables, to look at.
    """
    connection.execute("CREATE TABLE sides (party TINYINT, most BIGINT)")
    most = [flow.multiple, *(1 for _party in flow.answering)]
    connection.executemany("INSERT INTO sides VALUES (?, ?)", [list(side) for side in enumerate(most)])
    for step in STEPS:
        connection.execute(f"CREATE TABLE {step.table} AS {step.sql}")
        for table in () if keep else step.spent:
            connection.execute(f"DROP TABLE {table}")
    return _count(connection, "pairs"), _count(connection, "lonely")


def pairs(connection: duckdb.DuckDBPyConnection) -> Iterator[Pair]:
    """The pairs by ascending token: the order in which segments hold their rows."""
    order = "token, asking_sequence, asking_position, answering, answering_sequence, answering_position"
    yield from map(Pair._make, _records(connection, f"SELECT * FROM pairs ORDER BY {order}"))  # noqa: S608


def lonely(connection: duckdb.DuckDBPyConnection) -> Iterator[Lonely]:
    """The asking rows that joined nothing, by ascending token."""
    yield from map(Lonely._make, _records(connection, "SELECT * FROM lonely ORDER BY token, sequence, position"))


def _records(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[tuple[object, ...]]:
    for batch in connection.sql(sql).to_arrow_reader(_BATCH_ROWS):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    [(count,)] = connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608 - a name from STEPS
    return int(count)
