"""First task: rows of cells into staged records, by bucket of their handles.

A row's handle depends on neither its content nor F, so duplicates and changes meet in one bucket. The vault row id of
an asking row is its row id and link column; of an answering row it is the link value itself, for there the agreement
allows one row for each.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from matcher.agency.blind.context import Context
from matcher.agency.records import staged
from matcher.agency.records.rejects import Reject
from matcher.agency.submit.buckets import bucket_of

_TAG_SIZE = 8
_SEPARATOR = b"\x1f"  # no normalised text holds a control character


@dataclass(slots=True)
class Prepared:
    """``parts`` are staged records by bucket. ``tags`` and ``handles``, 8 bytes for each record of an asking side,
    let the parent find link values that too many rows share; both are keyed hashes."""

    parts: dict[int, bytes]
    records: int
    rejected: int
    rejects: list[Reject]
    warnings: dict[str, int]
    tags: bytes
    handles: bytes


@dataclass(frozen=True, slots=True)
class Prepare:
    """Some rows of file number ``file``, whose columns are ``present`` with ``units`` (files.batches.RowSource)."""

    file: int
    present: tuple[int, ...]
    units: tuple[str, ...]
    lines: list[int]
    rows: list[tuple[str, ...]]

    def run(self, context: Context) -> Prepared:
        """Normalise, name and pack."""
        read = context.reader(self.present, self.units).read(self.lines, self.rows)
        asking = context.setup.side == "asking"
        parts: dict[int, list[bytes]] = {}
        tags: list[bytes] = []
        handles: list[bytes] = []
        for group in read.groups:
            ending = _SEPARATOR + context.setup.columns[group.column].name.encode()
            of, file, column = context.handles.of, self.file, group.column
            for line, row_id, link_value, content in zip(
                group.lines, group.row_ids, group.link_values, group.contents, strict=True
            ):
                row, link = row_id.encode(), link_value.encode()
                handle = of(row + ending if asking else link, link)
                data = staged.pack(handle, file, line, column, row, link, content.encode())
                parts.setdefault(bucket_of(handle), []).append(data)
                if asking:
                    tags.append(link_tag(context.setup.handle_key, link))
                    handles.append(handle[:_TAG_SIZE])
        return Prepared(
            parts={bucket: b"".join(items) for bucket, items in parts.items()},
            records=sum(len(group.lines) for group in read.groups),
            rejected=read.rejected,
            rejects=read.rejects,
            warnings=dict(read.warnings),
            tags=b"".join(tags),
            handles=b"".join(handles),
        )


def link_tag(handle_key: bytes, link_value: bytes) -> bytes:
    """Eight bytes that stand for a link value inside this agency."""
    return hashlib.blake2b(link_value, digest_size=_TAG_SIZE, key=handle_key).digest()
