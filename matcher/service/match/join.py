"""The join as named SQL steps (design section 7): each makes one table from the ones before, and can be looked at.

Written in the common part of SQL, so that another engine may run the same steps where one machine does not do. The
input is table ``sent`` (engine.py) and table ``sides``; nothing here sees an envelope.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import duckdb

from matcher.protocol.agreement.model import Flow

STEPS = (
    # One version of each row: the newest submission's. The token breaks a tie, so that a run is deterministic.
    (
        "newest",
        """
        SELECT party, sequence, position, is_put, token, handle FROM (
            SELECT *, row_number() OVER (PARTITION BY party, handle ORDER BY sequence DESC, token, position) AS age
            FROM sent
        ) AS versions
        WHERE age = 1
        """,
    ),
    # Without the rows whose newest version is a delete.
    ("present", "SELECT party, sequence, position, token, handle FROM newest WHERE is_put"),
    # Tokens of which a side has more rows than the flow allows, after all its submissions.
    (
        "crowded",
        """
        SELECT present.party AS party, token
        FROM present JOIN sides ON present.party = sides.party
        GROUP BY present.party, token, sides.most
        HAVING count(*) > sides.most
        """,
    ),
    (
        "asked",
        """
        SELECT present.*, crowded.token IS NOT NULL AS is_crowded
        FROM present JOIN sides ON present.party = sides.party AND sides.side = 'asking'
        LEFT JOIN crowded ON present.party = crowded.party AND present.token = crowded.token
        """,
    ),
    (
        "answered",
        """
        SELECT present.*, crowded.token IS NOT NULL AS is_crowded
        FROM present JOIN sides ON present.party = sides.party AND sides.side = 'answering'
        LEFT JOIN crowded ON present.party = crowded.party AND present.token = crowded.token
        """,
    ),
    (
        "pairs",
        """
        SELECT asked.token AS token,
            asked.sequence AS asking_sequence, asked.position AS asking_position, asked.handle AS asking_handle,
            answered.party AS answering, answered.sequence AS answering_sequence,
            answered.position AS answering_position, answered.handle AS answering_handle,
            asked.is_crowded OR answered.is_crowded AS is_duplicate
        FROM asked JOIN answered ON asked.token = answered.token
        """,
    ),
    (
        "lonely",
        """
        SELECT asked.handle AS asking_handle, asked.is_crowded AS is_duplicate
        FROM asked LEFT JOIN answered ON asked.token = answered.token
        WHERE answered.token IS NULL
        """,
    ),
)
_BATCH_ROWS = 8192


class Pair(NamedTuple):
    """A joined pair: where each row stands (submission sequence, position in its segment), and its handle."""

    token: bytes
    asking_sequence: int
    asking_position: int
    asking_handle: bytes
    answering: str
    answering_sequence: int
    answering_position: int
    answering_handle: bytes
    is_duplicate: bool


def run(connection: duckdb.DuckDBPyConnection, flow: Flow) -> tuple[int, int]:
    """Run the steps on ``sent``; returns (number of pairs, number of asking rows without a pair)."""
    connection.execute("CREATE TABLE sides (party VARCHAR, side VARCHAR, most BIGINT)")
    sides = [(flow.asking, "asking", flow.multiple), *((party, "answering", 1) for party in flow.answering)]
    connection.executemany("INSERT INTO sides VALUES (?, ?, ?)", sides)
    for name, sql in STEPS:
        connection.execute(f"CREATE TEMP TABLE {name} AS {sql}")
    return _count(connection, "pairs"), _count(connection, "lonely")


def pairs(connection: duckdb.DuckDBPyConnection) -> Iterator[Pair]:
    """The pairs by ascending token: the order in which segments hold their rows."""
    relation = connection.sql(
        "SELECT * FROM pairs ORDER BY token, asking_handle, answering, answering_handle, asking_position"
    )
    for batch in relation.to_arrow_reader(_BATCH_ROWS):
        columns = [column.to_pylist() for column in batch.columns]
        yield from map(Pair, *columns)


def lonely(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[bytes, bool]]:
    """(asking handle, whether the row is a duplicate) of asking rows that joined nothing."""
    relation = connection.sql("SELECT asking_handle, is_duplicate FROM lonely ORDER BY asking_handle")
    for batch in relation.to_arrow_reader(_BATCH_ROWS):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    [(count,)] = connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608 - a name from STEPS
    return int(count)
