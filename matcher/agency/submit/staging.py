"""First stage: read the files, turn rows into records in the workers, and stage them by handle."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from matcher.agency.blind.pool import Workers
from matcher.agency.blind.prepare import Prepare
from matcher.agency.calendar.due_dates import with_due_dates
from matcher.agency.files.batches import RowSource
from matcher.agency.files.registry import open_rows
from matcher.agency.records.crowding import Crowding
from matcher.agency.records.rejects import Reject, RejectsFile
from matcher.agency.submit.buckets import BucketWriter
from matcher.agency.submit.job import Job
from matcher.agency.submit.spool import Spool


@dataclass(slots=True)
class Staging:
    """What was read. ``records`` includes rejected ones, a row that names no record counting as one."""

    rows: int = 0
    records: int = 0
    rejected: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    crowded: frozenset[bytes] = frozenset()


def stage(
    job: Job, sources: Sequence[RowSource], workers: Workers, spool: Spool, rejects: RejectsFile,
    progress: Callable[[int], None],
) -> Staging:  # fmt: skip
    """Stage all records of ``sources``, the job's files opened. Raises InputError when one cannot be read further."""
    result = Staging()
    for path, source in zip(job.files, sources, strict=True):
        rejects.describe(path.name, source.about.sheet, source.about.labels())
    crowding = Crowding()
    writer = BucketWriter(spool.staged)
    unread: deque[tuple[int, list[Reject]]] = deque()
    try:
        for prepared in workers.run(_tasks(job, sources, unread, result)):
            file, problems = unread.popleft()
            result.records += prepared.records + prepared.rejected + len(problems)
            result.rejected += prepared.rejected + len(problems)
            result.warnings.update(prepared.warnings)
            rejects.add(job.files[file].name, sorted(problems + prepared.rejects))
            writer.append(prepared.parts)
            crowding.add(prepared.tags, prepared.handles)
            progress(result.rows)
    finally:
        writer.close(durable=False)
    if job.side == "asking":
        result.crowded = crowding.crowded(job.flow.multiple)
    return result


def open_all(job: Job) -> list[RowSource]:
    """Every file opened, so that a bad header in the last one is told before the first one is read."""
    return [with_due_dates(open_rows(path, job.columns, job.reading), job.columns, job.calendar) for path in job.files]


def _tasks(
    job: Job, sources: Sequence[RowSource], unread: deque[tuple[int, list[Reject]]], result: Staging
) -> Iterator[Prepare]:
    index = {column.name: number for number, column in enumerate(job.columns)}
    for file, source in enumerate(sources):
        present = tuple(index[column.name] for column in source.columns)
        for batch in source.batches:
            result.rows += len(batch)
            unread.append((file, batch.rejects))
            yield Prepare(file, present, source.units, batch.lines, batch.rows)
