"""First stage: read the files, turn rows into records in the workers, and stage them by handle."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from keys import native
from matcher.agency.blind.pool import Workers
from matcher.agency.blind.prepare import Prepare, Prepared
from matcher.agency.blind.reading import PrepareBlock, Ready
from matcher.agency.blind.running import Task
from matcher.agency.calendar.due_dates import with_due_dates
from matcher.agency.files.batches import RowSource, TextTable
from matcher.agency.files.blocks import TextBlock, text_blocks
from matcher.agency.files.columns import CellBlock
from matcher.agency.files.registry import open_rows
from matcher.agency.local.session import LocalWork
from matcher.agency.records.compiled import MOST_COLUMNS, BlockForm
from matcher.agency.records.crowding import Crowding
from matcher.agency.records.rejects import Reject, RejectsFile
from matcher.agency.submit.job import Job
from matcher.agency.submit.spool import Spool

# Of a file of more rows than _LARGE, processes read what the crate leaves of a block, unless it is few; to start them
# takes as long as to read 20,000 rows.
_LARGE = 100_000
_FEW = 500


@dataclass(slots=True)
class Staging:
    """What was read. ``records`` includes rejected ones, a row that names no record counting as one."""

    rows: int = 0
    records: int = 0
    rejected: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    crowded: frozenset[bytes] = frozenset()


def stage(
    job: Job, sources: Sequence[RowSource], local: LocalWork | None, workers: Workers, spool: Spool,
    rejects: RejectsFile, progress: Callable[[int], None],
) -> Staging:  # fmt: skip
    """Stage all records of ``sources``, the job's files opened and amended; ``local`` is what amended them.

    Raises InputError when one cannot be read further.
    """
    result = Staging()
    for path, source in zip(job.files, sources, strict=True):
        rejects.describe(path.name, source.about.sheet, source.about.labels())
    crowding = Crowding()
    unread: deque[tuple[int, list[Reject]]] = deque()
    every = workers.run(_tasks(job, sources, local, spool, unread))
    if native.module() is not None:
        every = workers.run(map(_followed, every))
    for prepared in every:
        file, problems = unread.popleft()
        result.rows += prepared.rows + len(problems)
        result.records += prepared.records + prepared.rejected + len(problems)
        result.rejected += prepared.rejected + len(problems)
        result.warnings.update(prepared.warnings)
        rejects.add(job.files[file].name, sorted(problems + prepared.rejects))
        crowding.add(prepared.tags, prepared.handles)
        if local is not None:
            local.applying.counts.update(prepared.codes)
            local.applying.warnings.update(prepared.untold)
        progress(result.rows)
    if job.side == "asking":
        result.crowded = crowding.crowded(job.flow.multiple)
    return result


def open_all(job: Job) -> list[RowSource]:
    """Every file opened, so that a bad header in the last one is told before the first one is read."""
    return [with_due_dates(open_rows(path, job.columns, job.reading), job.columns, job.calendar) for path in job.files]


def _tasks(
    job: Job, sources: Sequence[RowSource], local: LocalWork | None, spool: Spool,
    unread: deque[tuple[int, list[Reject]]],
) -> Iterator[Task[Prepared]]:  # fmt: skip
    index = {column.name: number for number, column in enumerate(job.columns)}
    for file, source in enumerate(sources):
        present = tuple(index[column.name] for column in source.columns)
        if (crate := native.module()) is not None and (form := _block_form(job, source, present, local)) is not None:
            for block in _blocks(job.files[file], source, crate):
                unread.append((file, []))
                yield PrepareBlock(spool.staged, file, form, block, _FEW if source.total > _LARGE else _LARGE)
        else:
            for batch in source.batches:
                unread.append((file, batch.rejects))
                yield Prepare(spool.staged, file, present, source.units, batch.lines, batch.rows)


def _blocks(path: Path, source: RowSource, crate: ModuleType) -> Iterator[TextBlock | CellBlock]:
    """A file that has a BlockForm, in blocks."""
    if source.text is not None:
        yield from text_blocks(path, source.text, crate.whole_rows)
    elif source.cells is not None:
        yield from source.cells.blocks()


def _followed(prepared: Prepared) -> Task[Prepared]:
    return Ready(prepared) if prepared.rest is None else prepared.rest


def _block_form(job: Job, source: RowSource, present: tuple[int, ...], local: LocalWork | None) -> BlockForm | None:
    """How workers read a file's blocks by themselves; None where they cannot. What flows say, the parent knows."""
    table = source.text or (source.cells.table if source.cells else None)
    if table is None or (local is not None and local.flows is not None):
        return None
    if isinstance(table, TextTable) and not table.separator.isascii():
        return None
    dues, tests = job.amending.dues(source.columns), job.amending.hand_back(source.columns)
    if dues is None or tests is None or len(present) > MOST_COLUMNS:
        return None
    return BlockForm(table, present, source.units, dues, tests)
