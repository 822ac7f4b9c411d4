"""First task: rows of cells into staged records, by bucket of their handles.

A row's handle depends on neither its content nor F, so duplicates and changes meet in one bucket. The vault row id of
an asking row is its row id and link column; of an answering row it is the link value itself, for there the agreement
allows one row for each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from matcher.agency.blind.context import Context
from matcher.agency.blind.running import Task
from matcher.agency.blind.tagged import TAG_SIZE, link_tag
from matcher.agency.records import staged
from matcher.agency.records.records import RecordReader, row_id_ending
from matcher.agency.records.rejects import Reject
from matcher.agency.submit.buckets import bucket_of


@dataclass(slots=True)
class Prepared:
    """What was staged. ``records`` and ``rejected`` are records, ``rows`` all rows that hold anything. ``tags`` and
    ``handles``, 8 bytes for each record of an asking side, let the parent find link values that too many rows share;
    both are keyed hashes. ``codes`` and ``untold`` are what local rules counted (local/applying.py). ``rest`` is still
    to be done; its result, which is of the whole, counts instead."""

    rows: int = 0
    records: int = 0
    rejected: int = 0
    rejects: list[Reject] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    tags: bytes = b""
    handles: bytes = b""
    codes: Counter[str] = field(default_factory=Counter)
    untold: Counter[str] = field(default_factory=Counter)
    rest: Task[Prepared] | None = None


@dataclass(frozen=True, slots=True)
class Prepare:
    """Some rows of file number ``file``, whose columns are ``present`` with ``units`` (files.batches.RowSource), to be
    staged in the directory ``staged``."""

    staged: Path
    file: int
    present: tuple[int, ...]
    units: tuple[str, ...]
    lines: list[int]
    rows: list[tuple[str, ...]]

    def run(self, context: Context) -> Prepared:
        """Normalise, name and pack."""
        result = Prepared()
        reader = context.reader(self.present, self.units)
        parts = prepared(context, reader, self.file, self.lines, self.rows, result)
        context.files(self.staged).append(parts.items())
        return result


def prepared(
    context: Context, reader: RecordReader, file: int, lines: Sequence[int], rows: Sequence[tuple[str, ...]],
    result: Prepared,
) -> dict[int, bytes]:  # fmt: skip
    """The staged records of some rows by bucket; what else there is to say is added to ``result``."""
    read = reader.read(lines, rows)
    asking = context.setup.side == "asking"
    parts: dict[int, list[bytes]] = {}
    tags: list[bytes] = []
    handles: list[bytes] = []
    for group in read.groups:
        ending, of, column = row_id_ending(context.setup.columns[group.column]), context.handles.of, group.column
        for line, row_id, link_value, content in zip(
            group.lines, group.row_ids, group.link_values, group.contents, strict=True
        ):
            row, link = row_id.encode(), link_value.encode()
            handle = of(row + ending if asking else link, link)
            data = staged.pack(handle, file, line, column, row, link, content.encode())
            parts.setdefault(bucket_of(handle), []).append(data)
            if asking:
                tags.append(link_tag(context.setup.handle_key, link))
                handles.append(handle[:TAG_SIZE])
    result.rows += len(rows)
    result.records += sum(len(group.lines) for group in read.groups)
    result.rejected += read.rejected
    result.rejects += read.rejects
    result.warnings.update(read.warnings)
    result.tags += b"".join(tags)
    result.handles += b"".join(handles)
    return {bucket: b"".join(items) for bucket, items in parts.items()}
