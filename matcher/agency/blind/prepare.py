"""First task: rows of cells into staged records, by bucket of their handles.

A row's handle depends on neither its content nor F, so duplicates and changes meet in one bucket. The vault row id of
an asking row is its row id and link column; of an answering row it is the link value itself, for there the agreement
allows one row for each.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from matcher.agency import staged
from matcher.agency.blind.context import Context
from matcher.agency.buckets import bucket_of
from matcher.agency.records import Layout, RecordReader
from matcher.agency.rejects import Reject
from matcher.protocol import suite

_TAG_SIZE = 8
_SEPARATOR = "\x1f"  # no normalised text holds a control character


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
        setup = context.setup
        reader = RecordReader(Layout(setup.columns, setup.fields, setup.normaliser), self.present, self.units)
        asking = setup.side == "asking"
        names = [column.name for column in setup.columns]
        handle_key, prefix = setup.handle_key, context.handle_prefix
        parts: dict[int, list[bytes]] = {}
        rejects: list[Reject] = []
        tags: list[bytes] = []
        handles: list[bytes] = []
        records = 0
        for item in reader.read(self.lines, self.rows):
            if isinstance(item, Reject):
                rejects.append(item)
                continue
            line, column, row_id, link_value, content = item
            vault_row_id = row_id + _SEPARATOR + names[column] if asking else link_value
            handle = suite.handle(handle_key, prefix, vault_row_id, link_value)
            link = link_value.encode()
            data = staged.pack(handle, self.file, line, column, row_id.encode(), link, content.encode())
            parts.setdefault(bucket_of(handle), []).append(data)
            records += 1
            if asking:
                tags.append(link_tag(handle_key, link))
                handles.append(handle[:_TAG_SIZE])
        return Prepared(
            parts={bucket: b"".join(items) for bucket, items in parts.items()},
            records=records,
            rejected=reader.rejected,
            rejects=rejects,
            warnings=dict(reader.warnings),
            tags=b"".join(tags),
            handles=b"".join(handles),
        )


def link_tag(handle_key: bytes, link_value: bytes) -> bytes:
    """Eight bytes that stand for a link value inside this agency."""
    return hashlib.blake2b(link_value, digest_size=_TAG_SIZE, key=handle_key).digest()
