"""The same file read row by row in Python and in blocks by the crate, to be compared."""

from __future__ import annotations

import itertools
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Literal

from matcher.agency.blind.amending import Amending
from matcher.agency.blind.context import Context, Setup
from matcher.agency.blind.prepare import Prepare, Prepared
from matcher.agency.blind.reading import PrepareBlock
from matcher.agency.blind.sources import GroupSource
from matcher.agency.calendar.workdays import packaged
from matcher.agency.files.blocks import BLOCK_SIZE, TextBlock, text_blocks
from matcher.agency.files.columns import CellBlock
from matcher.agency.files.registry import open_rows
from matcher.agency.local.settings import local_rules
from matcher.agency.records import staged
from matcher.agency.records.compiled import BlockForm
from matcher.agency.records.plan import plain_columns
from matcher.agency.records.rejects import Reject
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError
from tests import daxing

Side = Literal["asking", "answering"]


class Refused(Exception):
    """The file has no usable header."""


@dataclass
class Result:
    """All that reading one file gives, in an order that does not depend on how it was cut."""

    records: list[staged.Staged] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    tags: list[tuple[bytes, bytes]] = field(default_factory=list)


@cache
def setup(side: Side) -> Setup:
    """Of the Daxing agreement, local rules and calendar included."""
    agreement = daxing.agreement("hmac")
    flow = agreement.flow(daxing.FLOW)
    columns = plain_columns(agreement.flow_terms(daxing.FLOW).columns(side))
    codes = next(item.codes for item in flow.fields if item.comparator == "flags")
    rules = local_rules(None) if side == "answering" else None
    return Setup(
        matching_digest=agreement.matching.digest, flow=flow.id, period="2022-05", side=side, party="party",
        normaliser="account-number", fields=flow.fields, columns=columns, vault=Path("unused"), scope=1, number=1,
        exhausted=frozenset(), amending=pickle.dumps(Amending(columns, codes, packaged(), rules)),
        source=GroupSource(b"", bytes(32)), handle_key=bytes(range(32)),
    )  # fmt: skip


def with_columns(before: Setup, columns: Sequence[Column], normaliser: str) -> Setup:
    """``before`` for an agreement with other columns of its side."""
    amending = replace(Context(before).amending, columns=tuple(columns))
    return replace(before, columns=tuple(columns), normaliser=normaliser, amending=pickle.dumps(amending))


def by_rows(path: Path, given: Setup) -> Result:
    """The reference."""
    context = Context(given)
    try:
        opened = open_rows(path, given.columns)
    except InputError as error:
        raise Refused from error
    source, applying = context.amending.source(opened)
    present = _present(given, source.columns)
    result, directory = Result(), _staging(path)
    for batch in source.batches:
        prepared = Prepare(directory, 0, present, source.units, batch.lines, batch.rows).run(context)
        prepared.rows += len(batch.rejects)
        prepared.rejected += len(batch.rejects)
        prepared.rejects += batch.rejects
        _add(result, prepared)
    if applying is not None:
        _count(result, applying.counts, applying.warnings)
    return _ended(result, directory, context)


def in_blocks(path: Path, given: Setup, crate: ModuleType, size: int = BLOCK_SIZE) -> Result:
    """By the crate, from blocks, those of a text file of about ``size`` bytes; what it leaves, at once or, if much, as
    another task."""
    context = Context(given)
    form, blocks = _opened(path, given, crate, size)
    result, directory = Result(), _staging(path)
    for block in blocks:
        prepared = PrepareBlock(directory, 0, form, block, most_left=3).run(context)
        if prepared.rest is not None:
            prepared = pickle.loads(pickle.dumps(prepared.rest)).run(context)  # noqa: S301 - made here
        _count(result, prepared.codes, prepared.untold)
        _add(result, prepared)
    return _ended(result, directory, context)


def left_over(path: Path, given: Setup, crate: ModuleType) -> int:
    """How many rows the crate hands back."""
    form, blocks = _opened(path, given, crate, BLOCK_SIZE)
    reader = Context(given).block_reader(0, form)
    return sum(len(reader.read(block, 0)[2]) for block in blocks)


def _opened(
    path: Path, given: Setup, crate: ModuleType, size: int
) -> tuple[BlockForm, Iterator[TextBlock | CellBlock]]:  # fmt: skip
    amending = Context(given).amending
    try:
        source, _applying = amending.source(open_rows(path, given.columns))
    except InputError as error:
        raise Refused from error
    dues, tests = amending.dues(source.columns), amending.hand_back(source.columns)
    assert dues is not None
    assert tests is not None
    present = _present(given, source.columns)
    if source.text is not None:
        form = BlockForm(source.text, present, source.units, dues, tests)
        return form, iter(text_blocks(path, source.text, crate.whole_rows, size))
    assert source.cells is not None
    return BlockForm(source.cells.table, present, source.units, dues, tests), source.cells.blocks()


def _present(given: Setup, columns: Sequence[Column]) -> tuple[int, ...]:
    numbers = {column.name: number for number, column in enumerate(given.columns)}
    return tuple(numbers[column.name] for column in columns)


_numbers = itertools.count()


def _staging(path: Path) -> Path:
    directory = path.parent / f"staged-{next(_numbers)}"
    directory.mkdir()
    return directory


def _add(result: Result, prepared: Prepared) -> None:
    result.rejects += sorted(prepared.rejects)
    result.counts.update({name: getattr(prepared, name) for name in ("rows", "records", "rejected")})
    _count(result, prepared.warnings)
    tags, handles = (
        [column[start : start + 8] for start in range(0, len(column), 8)]
        for column in (prepared.tags, prepared.handles)
    )
    result.tags += zip(tags, handles, strict=True)


def _count(result: Result, *counters: Iterable[tuple[str, int]] | Counter[str]) -> None:
    for number, counter in enumerate(counters):
        result.counts.update({f"{number} {name}": count for name, count in dict(counter).items()})


def _ended(result: Result, directory: Path, context: Context) -> Result:
    context.close()
    for path in sorted(directory.iterdir()):
        for record in staged.unpack(path.read_bytes()):
            assert record.handle[0] >> 2 == int(path.name)
            result.records.append(record)
    result.records.sort(key=lambda record: (record.line, record.column))
    result.tags.sort()
    return result
