"""Findings of match runs as columns, in blocks, and the cases of those that were asked for.

A run may find something on each of a million rows, and few of them are ever asked for; so a finding has a record of its
own only from its first request on. Until then its state is ``listed``, since the run.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
from sqlite_utils import Database

from matcher.protocol import cases
from matcher.protocol.errors import StateError
from matcher.protocol.finding_columns import FindingColumns, Kind, Matrix
from matcher.protocol.merkle import HASH_SIZE
from matcher.protocol.suite import HANDLE_SIZE
from matcher.service.store.database import Record, every, number, one
from matcher.service.store.periods import PeriodName

BLOCK_FINDINGS = 4096
_NUMBER = "<u2"  # of a block's kinds: no more than it has findings
_WORD, _WORDS = 8, "<u8"


@dataclass(frozen=True, slots=True)
class Block:
    """Findings of a run from place ``first`` of its root on, with their ids (a matrix of 32 columns)."""

    first: int
    columns: FindingColumns
    ids: Matrix


@dataclass(frozen=True, slots=True)
class Case:
    """A finding and its case. ``since`` in ms (0: no step since the run), ``expires`` in seconds (0: no request)."""

    run: bytes
    position: int
    finding: bytes
    asking: str
    answering: str
    codes: tuple[str, ...]
    state: str
    since: int
    request: bytes
    request_index: int
    expires: int


def set_aside(transaction: Database, block: Block) -> None:
    """Write a block of a run that is not named yet; at most BLOCK_FINDINGS."""
    columns = block.columns
    kinds = sorted(set(columns.numbers.tolist()))
    numbers = np.searchsorted(np.array(kinds, np.uint32), columns.numbers).astype(_NUMBER)
    named = json.dumps([[columns.kinds[kind].answering, columns.kinds[kind].codes] for kind in kinds])
    transaction.execute(
        "INSERT INTO finding_blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            columns.run, block.first, len(columns), columns.asking, named, numbers.tobytes(), block.ids.tobytes(),
            columns.asking_handles.tobytes(), columns.answering_handles.tobytes(),
        ],
    )  # fmt: skip


def require_complete(transaction: Database, run: bytes, count: int) -> None:
    """Raise StateError unless ``count`` findings of the run were written aside: a root over others would be false."""
    written = number(transaction, "SELECT sum(findings) FROM finding_blocks WHERE run = ?", [run])
    if written != count:
        raise StateError(f"{written} of {count} findings were written", remedy="Wait, then try again.")


def drop_unnamed(transaction: Database) -> int:
    """Remove findings that an interrupted run left behind; how many there were."""
    unnamed = "FROM finding_blocks WHERE run NOT IN (SELECT run FROM runs)"
    count = number(transaction, f"SELECT sum(findings) {unnamed}")
    transaction.execute(f"DELETE {unnamed}")
    return count


def blocks(transaction: Database, run: bytes) -> Iterator[Block]:
    """The findings of a run in the order of its root."""
    for record in every(transaction, "SELECT * FROM finding_blocks WHERE run = ? ORDER BY first", [run]):
        yield _block(record)


def block_from(transaction: Database, run: bytes, first: int) -> Block | None:
    """The first block of a run that begins at place ``first`` or later."""
    sql = "SELECT * FROM finding_blocks WHERE run = ? AND first >= ? ORDER BY first LIMIT 1"
    record = one(transaction, sql, [run, first])
    return _block(record) if record else None


def count_of(transaction: Database, run: bytes, party: str) -> int:
    """How many findings of a run concern ``party``."""
    count = 0
    sql = "SELECT findings, asking, kinds, numbers FROM finding_blocks WHERE run = ?"
    for record in every(transaction, sql, [run]):
        if record["asking"] == party:
            count += record["findings"]
        else:
            own = [place for place, kind in enumerate(_kinds(record)) if kind.answering == party]
            count += int(np.isin(np.frombuffer(record["numbers"], _NUMBER), own).sum())
    return count


def cases_of(transaction: Database, run: bytes) -> dict[int, Case]:
    """The cases of a run's findings that were ever asked for, by place in its root."""
    return {
        record["position"]: _case(record)
        for record in every(transaction, "SELECT * FROM cases WHERE run = ? ORDER BY position", [run])
    }


def case(transaction: Database, finding: bytes, name: PeriodName, asking: str, answering: str) -> Case | None:
    """The case of a finding of this period between these two parties, if it was ever asked for."""
    sql = (
        "SELECT cases.* FROM cases JOIN runs USING (run) WHERE finding = ? AND asking = ? AND answering = ? "
        "AND agreement_id = ? AND flow = ? AND period = ?"
    )
    record = one(transaction, sql, [finding, asking, answering, *name.values()])
    return _case(record) if record else None


def listed(
    transaction: Database, run: bytes, wanted: Collection[bytes], name: PeriodName, asking: str, answering: str
) -> dict[bytes, Case]:  # fmt: skip
    """By id, those of the ``wanted`` findings that stand in this run, of this period, between these two parties."""
    found: dict[bytes, Case] = {}
    sql = "SELECT 1 FROM runs WHERE run = ? AND agreement_id = ? AND flow = ? AND period = ?"
    if one(transaction, sql, [run, *name.values()]) is None:
        return found
    starts = np.frombuffer(b"".join(finding[:_WORD] for finding in wanted), _WORDS)
    for block in blocks(transaction, run):
        words = np.ascontiguousarray(block.ids[:, :_WORD]).view(_WORDS)[:, 0]
        for place in np.flatnonzero(np.isin(words, starts)).tolist():
            finding, item = block.ids[place].tobytes(), block.columns.finding(place)
            if finding in wanted and (item.asking, item.answering) == (asking, answering):
                found[finding] = Case(
                    run, block.first + place, finding, asking, answering, item.codes, cases.INITIAL, 0, b"", 0, 0
                )
    return found


def keep(transaction: Database, item: Case) -> None:
    """Keep a case as it is now."""
    transaction.execute(
        "INSERT OR REPLACE INTO cases VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            item.finding, item.run, item.position, item.asking, item.answering, json.dumps(item.codes), item.state,
            item.since, item.request, item.request_index, item.expires,
        ],
    )  # fmt: skip


def erase(transaction: Database, name: PeriodName) -> int:
    """Erase the findings of a purged period; how many there were. Runs and roots stay, as the log holds them too."""
    of_period = "run IN (SELECT run FROM runs WHERE agreement_id = ? AND flow = ? AND period = ?)"
    count = number(
        transaction, f"SELECT sum(findings) FROM finding_blocks WHERE {of_period}", name.values()  # noqa: S608
    )  # fmt: skip
    transaction.execute(f"DELETE FROM finding_blocks WHERE {of_period}", name.values())  # noqa: S608
    transaction.execute(f"DELETE FROM cases WHERE {of_period}", name.values())  # noqa: S608
    return count


def _kinds(record: Record) -> tuple[Kind, ...]:
    return tuple(Kind(answering, tuple(codes)) for answering, codes in json.loads(record["kinds"]))


def _block(record: Record) -> Block:
    asking, answering = (_matrix(record[name], HANDLE_SIZE) for name in ("asking_handles", "answering_handles"))
    numbers = np.frombuffer(record["numbers"], _NUMBER).astype(np.uint32)
    columns = FindingColumns(record["run"], record["asking"], _kinds(record), asking, answering, numbers)
    return Block(record["first"], columns, _matrix(record["ids"], HASH_SIZE))


def _matrix(data: bytes, width: int) -> Matrix:
    return np.frombuffer(data, np.uint8).reshape(-1, width)


def _case(record: Record) -> Case:
    return Case(**{**record, "codes": tuple(json.loads(record["codes"]))})
