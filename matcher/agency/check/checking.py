"""One check: the files are read as a submission reads them; what it would take and reject is counted and listed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from matcher.agency.calendar.due_dates import with_due_dates
from matcher.agency.calendar.workdays import Calendar, packaged
from matcher.agency.check.distinct import Distinct
from matcher.agency.check.preview import Preview
from matcher.agency.check.terms import SideTerms
from matcher.agency.files.batches import Batch, Reading, RowSource
from matcher.agency.files.registry import open_rows
from matcher.agency.local.session import LocalSide
from matcher.agency.records.cells import CREDIT_CODE
from matcher.agency.records.records import SPARED, RecordReader
from matcher.agency.records.rejects import RejectsFile
from matcher.protocol.errors import InputError
from matcher.text import _

_KEY_SIZE = 32
MOST_LINES = 20  # of each file, of those with a credit code that does not check
Progress = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]


@dataclass(slots=True)
class Checked:
    """What a check found. ``summary`` is for everybody; ``preview`` holds content, for the screen alone."""

    summary: dict[str, Any]
    preview: Preview = field(repr=False)


def check(
    terms: SideTerms, files: Sequence[Path], reading: Reading, rejects_path: Path, progress: Progress,
    calendar: Calendar | None = None, local: LocalSide | None = None,
) -> Checked:  # fmt: skip
    """Read ``files`` whole. Raises InputError for a file that cannot be read; a row's faults go to the rejects file.

    ``local`` are an answering side's own rules and flows; without ``calendar``, the packaged one counts.
    """
    if len(set(files)) != len(files):
        raise InputError("a file stands twice on the command line")
    known = packaged() if calendar is None else calendar
    sources = [with_due_dates(open_rows(path, terms.columns, reading), terms.columns, known) for path in files]
    work = _Check(terms)
    with RejectsFile(rejects_path) as rejects, ExitStack() as stack:
        if local is not None:
            directory = Path(stack.enter_context(TemporaryDirectory(prefix="concordat-check-")))
            at_work = stack.enter_context(local.opened(directory, os.urandom(_KEY_SIZE), rejects, progress))
            sources = [at_work.source(source) for source in sources]
        with progress(_("Reading"), sum(source.total for source in sources)) as report:
            for number, (path, source) in enumerate(zip(files, sources, strict=True)):
                rejects.describe(path.name, source.about.sheet, source.about.labels())
                reader = RecordReader(terms.layout, terms.present(source.columns), source.units)
                for batch in source.batches:
                    work.take(number, path.name, batch, reader, rejects)
                    report(work.rows)
        for number, column, problem in work.distinct.rejects():
            work.rejected += 1
            rejects.add(files[number].name, [problem._replace(column=terms.columns[column].name)])
        summary = work.summary(files, sources, rejects)
        summary["local_rules"] = {} if local is None else at_work.summary()
        return Checked(summary, work.preview)


class _Check:
    def __init__(self, terms: SideTerms) -> None:
        self.rows = self._records = self.rejected = 0
        self._warnings: Counter[str] = Counter()
        self._warned: dict[str, list[int]] = {}
        self.distinct = Distinct(terms.side, terms.multiple)
        self.preview = Preview(terms)

    def take(self, file: int, name: str, batch: Batch, reader: RecordReader, rejects: RejectsFile) -> None:
        """Take one batch of file number ``file``."""
        found = reader.read(batch.lines, batch.rows)
        unread = len(batch.rejects)
        self.rows += len(batch)
        self._records += sum(len(group.lines) for group in found.groups) + found.rejected + unread
        self.rejected += found.rejected + unread
        self._warnings.update(found.warnings)
        room = MOST_LINES - len(self._warned.get(name, ()))
        if found.warned and room > 0:
            self._warned.setdefault(name, []).extend(found.warned[:room])
        rejects.add(name, sorted(batch.rejects + found.rejects))
        for group in found.groups:
            self.distinct.add(file, group)
        self.preview.add(found.groups)

    def summary(self, files: Sequence[Path], sources: Sequence[RowSource], rejects: RejectsFile) -> dict[str, Any]:
        """Counts and files; nothing of a row."""
        return {
            "rows": self.rows,
            "records": self._records,
            "accepted": self._records - self.rejected - self.distinct.duplicates,
            "rejected": self.rejected,
            "reasons": dict(sorted(rejects.counts.items())),
            "duplicates": self.distinct.duplicates,
            "warnings": self._warnings[CREDIT_CODE],
            "spared": self._warnings[SPARED],
            "warned_lines": self._warned,
            "rejects_file": str(rejects.path) if rejects.written else "",
            "files": [source.about.summary(path.name) for path, source in zip(files, sources, strict=True)],
        }
