"""The join as named SQL steps (design section 7): each makes one table from the ones before, and can be looked at.

Written in the common part of SQL, so that another engine may run the same steps where one machine does not do. The
input is table ``sent`` (engine.py) and table ``sides``; nothing here sees an envelope. A party is its place in the
flow: 0 asks, the others answer. A row is (party, sequence of its submission, position in that submission's segment). A
token or handle is two numbers, which are joined and sorted several times as fast as bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt

from matcher.protocol.agreement.model import Flow
from matcher.protocol.comparing import Mask, Matrix
from matcher.service.match import engine


class Step(NamedTuple):
    """One table, and the tables that nobody needs after it."""

    table: str
    sql: str
    spent: tuple[str, ...] = ()


STEPS = (
    # Only what is asked for can join, by any of its versions: few rows where one side is much the smaller.
    Step("asked", "SELECT DISTINCT token_high, token_low FROM sent WHERE party = 0"),
    Step(
        "near",
        """
        SELECT * FROM sent WHERE EXISTS (
            SELECT 1 FROM asked WHERE asked.token_high = sent.token_high AND asked.token_low = sent.token_low
        )
        """,
        spent=("asked",),
    ),
    # Those that have another version, under whatever token: rows of one party with one handle.
    Step(
        "again",
        """
        SELECT party, handle_high, handle_low FROM sent WHERE EXISTS (
            SELECT 1 FROM near WHERE near.party = sent.party AND near.handle_high = sent.handle_high
                AND near.handle_low = sent.handle_low
        )
        GROUP BY party, handle_high, handle_low HAVING count(*) > 1
        """,
    ),
    # One version of each row: the newest submission's. The token breaks a tie, so that a run is deterministic.
    Step(
        "newest",
        """
        SELECT party, sequence, position, is_put, token_high, token_low FROM near
        WHERE NOT EXISTS (
            SELECT 1 FROM again WHERE again.party = near.party AND again.handle_high = near.handle_high
                AND again.handle_low = near.handle_low
        )
        UNION ALL
        SELECT party, sequence, position, is_put, token_high, token_low FROM (
            SELECT sent.*, row_number() OVER (
                PARTITION BY sent.party, sent.handle_high, sent.handle_low
                ORDER BY sequence DESC, token_high, token_low, position
            ) AS age
            FROM sent JOIN again ON again.party = sent.party AND again.handle_high = sent.handle_high
                AND again.handle_low = sent.handle_low
        ) AS versions
        WHERE age = 1
        """,
        spent=("sent", "near", "again"),
    ),
    # Without the rows whose newest version is a delete.
    Step(
        "present",
        "SELECT party, sequence, position, token_high, token_low FROM newest WHERE is_put",
        spent=("newest",),
    ),
    # Tokens of which a side has more rows than the flow allows, after all its submissions.
    Step(
        "crowded",
        """
        SELECT present.party AS party, token_high, token_low
        FROM present JOIN sides ON present.party = sides.party
        GROUP BY present.party, token_high, token_low, sides.most
        HAVING count(*) > sides.most
        """,
    ),
    Step(
        "pairs",
        """
        SELECT asked.token_high AS token_high, asked.token_low AS token_low,
            asked.sequence AS asking_sequence, asked.position AS asking_position,
            answered.party AS answering, answered.sequence AS answering_sequence,
            answered.position AS answering_position,
            here.party IS NOT NULL OR there.party IS NOT NULL AS is_duplicate
        FROM present AS asked JOIN present AS answered
            ON asked.token_high = answered.token_high AND asked.token_low = answered.token_low
        LEFT JOIN crowded AS here
            ON here.token_high = asked.token_high AND here.token_low = asked.token_low AND here.party = 0
        LEFT JOIN crowded AS there
            ON there.token_high = asked.token_high AND there.token_low = asked.token_low
                AND there.party = answered.party
        WHERE asked.party = 0 AND answered.party > 0
        """,
    ),
    Step(
        "lonely",
        """
        SELECT token_high, token_low, sequence, position,
            EXISTS (
                SELECT 1 FROM crowded
                WHERE crowded.token_high = asked.token_high AND crowded.token_low = asked.token_low
                    AND crowded.party = 0
            ) AS is_duplicate
        FROM present AS asked
        WHERE party = 0 AND NOT EXISTS (
            SELECT 1 FROM present AS answered
            WHERE answered.token_high = asked.token_high AND answered.token_low = asked.token_low
                AND answered.party > 0
        )
        """,
        spent=("present",),
    ),
)
BATCH_ROWS = 8192


class Pairs(NamedTuple):
    """Joined pairs as columns: tokens (a matrix of 16 columns), and where each pair's rows stand."""

    tokens: Matrix
    asking_sequence: npt.NDArray[np.int32]
    asking_position: npt.NDArray[np.int32]
    answering: npt.NDArray[np.int8]
    answering_sequence: npt.NDArray[np.int32]
    answering_position: npt.NDArray[np.int32]
    is_duplicate: Mask


class Lonely(NamedTuple):
    """Asking rows that joined nothing: where they stand."""

    sequence: npt.NDArray[np.int32]
    position: npt.NDArray[np.int32]
    is_duplicate: Mask


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


def pairs(connection: duckdb.DuckDBPyConnection) -> Iterator[Pairs]:
    """The pairs by ascending token, the order in which segments hold their rows; all pairs of a token in one batch."""
    order = "token_high, token_low, asking_sequence, asking_position, answering, answering_sequence, answering_position"
    waiting: list[npt.NDArray[Any]] = []
    for columns in _batches(connection, f"SELECT * FROM pairs ORDER BY {order}"):  # noqa: S608
        if waiting:
            columns = [np.concatenate(both) for both in zip(waiting, columns, strict=True)]
        high, low = columns[:2]
        others = np.flatnonzero((high != high[-1]) | (low != low[-1]))
        end = int(others[-1]) + 1 if len(others) else 0
        waiting = [column[end:] for column in columns]
        if end:
            yield _pairs([column[:end] for column in columns])
    if waiting:
        yield _pairs(waiting)


def _pairs(columns: list[npt.NDArray[Any]]) -> Pairs:
    return Pairs(engine.tokens(*columns[:2]), *columns[2:])


def lonely(connection: duckdb.DuckDBPyConnection) -> Iterator[Lonely]:
    """The asking rows that joined nothing, by ascending token."""
    order = "token_high, token_low, sequence, position"
    sql = f"SELECT sequence, position, is_duplicate FROM lonely ORDER BY {order}"  # noqa: S608
    for columns in _batches(connection, sql):
        yield Lonely(*columns)


def _batches(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[list[npt.NDArray[Any]]]:
    for batch in connection.sql(sql).to_arrow_reader(BATCH_ROWS):
        if batch.num_rows:
            yield [column.to_numpy(zero_copy_only=False) for column in batch.columns]


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    [(count,)] = connection.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608 - a name from STEPS
    return int(count)
