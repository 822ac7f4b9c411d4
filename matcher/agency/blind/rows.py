"""Second task: one bucket of staged records into rows for the service (design section 4, "Row sent by a side").

Within a bucket, by file, line and link column: the first record of a handle stands, the same once more is dropped,
another content under it is rejected. Against what was sent before in the period: unchanged records are not sent,
changed and new ones are put, vanished ones deleted. Then each record secret gives the row's keys.

The one rule that privacy hangs on: an asking row is sealed under the *asking* envelope key and carries the *answering*
one, an answering row the other way round. So a row and the key to it meet only where both sides hold the link value.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from json import JSONDecoder
from operator import attrgetter
from pathlib import Path

from keys import native
from matcher.agency.blind import native_rows, portable_rows
from matcher.agency.blind.context import Context
from matcher.agency.blind.prepare import link_tag
from matcher.agency.records import staged
from matcher.agency.records.rejects import Reject
from matcher.agency.records.staged import Staged
from matcher.agency.submit.buckets import bucket_of, bucket_path
from matcher.agency.vault.blocks import SentRow
from matcher.agency.vault.filling import write_sent
from matcher.agency.vault.rows import Previous
from matcher.protocol import rows
from matcher.protocol.merkle import leaf_hash

MAX_VERSIONS = 3
_TOKEN = slice(1, 17)
_PLACE = attrgetter("file", "line", "column")
_decode = JSONDecoder().raw_decode


@dataclass(slots=True)
class Blinded:
    """``parts`` are rows by bucket of their tokens; rejects are by file."""

    parts: dict[int, bytes]
    put: int
    deleted: int
    unchanged: int
    duplicates: int
    rejects: list[tuple[int, Reject]]


@dataclass(frozen=True, slots=True)
class Blind:
    """One bucket of ``staged``; what the vault will hold of it goes to ``records``, durably.

    ``crowded`` are tags of link values that more asking rows name than may share one.
    """

    staged: Path
    records: Path
    bucket: int
    crowded: frozenset[bytes]

    def run(self, context: Context) -> Blinded:
        """Sort out, compare with what was sent, blind."""
        result = Blinded({}, 0, 0, 0, 0, [])
        sent: list[SentRow] = []
        records = self._distinct(context, result)
        changed, vanished = _changes(context, records, context.previous(self.bucket), result)
        packed = _put_rows(context, changed, sent)
        packed += _delete_rows(context, vanished, sent)
        if sent:
            write_sent(bucket_path(self.records, self.bucket), sent)
        result.put, result.deleted = len(changed), len(vanished)
        result.parts = _by_token(packed)
        return result

    def _distinct(self, context: Context, result: Blinded) -> dict[bytes, Staged]:
        columns = context.setup.columns
        code = "duplicate-row" if context.setup.side == "asking" else "duplicate-account"
        kept: dict[bytes, Staged] = {}
        path = bucket_path(self.staged, self.bucket)
        # Which of two stands is the file's order, not the one in which workers came to stage them.
        for record in sorted(staged.unpack(path.read_bytes()), key=_PLACE) if path.exists() else ():
            if self.crowded and link_tag(context.setup.handle_key, record.link_value) in self.crowded:
                problem = "too-many-rows"
            elif (first := kept.setdefault(record.handle, record)) is record:
                continue
            elif first.content == record.content and first.row_id == record.row_id:
                result.duplicates += 1
                continue
            else:
                problem = code
            result.rejects.append((record.file, Reject(record.line, columns[record.column].name, problem)))
        return kept


def _changes(
    context: Context, records: dict[bytes, Staged], previous: dict[bytes, Previous], result: Blinded
) -> tuple[list[Staged], list[SentRow]]:
    """Records to put, and last versions to delete."""
    changed = []
    for handle, record in records.items():
        before = previous.pop(handle, None)
        if before is not None and before.row.op == rows.PUT and before.row.content == record.content:
            result.unchanged += 1
        elif _is_exhausted(context, record, before):
            column = context.setup.columns[record.column].name
            result.rejects.append((record.file, Reject(record.line, column, "version-limit")))
        else:
            changed.append(record)
    return changed, [before.row for before in previous.values() if before.row.op == rows.PUT]


def _is_exhausted(context: Context, record: Staged, before: Previous | None) -> bool:
    """Whether one more version of this record would exceed what a period allows for its link value."""
    if before is not None and before.puts >= MAX_VERSIONS:
        return True
    setup = context.setup
    return bool(setup.exhausted) and link_tag(setup.handle_key, record.link_value) in setup.exhausted


def _put_rows(context: Context, records: list[Staged], sent: list[SentRow]) -> list[bytes]:
    if not records:
        return []
    column_names = [column.name.encode() for column in context.setup.columns]
    secrets = context.setup.source.secrets([record.link_value for record in records])
    # The first item of [values, extras].
    values = [_decode(record.content.decode(), 1)[0] for record in records]
    handles, columns = [record.handle for record in records], list(zip(*values, strict=True))
    nonces = os.urandom(rows.NONCE_SIZE * len(records))
    if (crate := native.module()) is not None:
        packed, leaves = native_rows.make(crate, context, handles, secrets, columns, nonces)
    else:
        packed, leaves = portable_rows.make(context, handles, secrets, columns, nonces)
    for record, row, leaf in zip(records, packed, leaves, strict=True):
        sent.append(
            SentRow(
                record.handle, rows.PUT, record.row_id, column_names[record.column], record.link_value, record.content,
                row[_TOKEN], leaf,
            )
        )  # fmt: skip
    return packed


def _delete_rows(context: Context, vanished: list[SentRow], sent: list[SentRow]) -> list[bytes]:
    packed = []
    for before in vanished:
        row = rows.delete(before.token, before.handle, context.layout.width)
        packed.append(row)
        sent.append(before._replace(op=rows.DELETE, content=b"", leaf=leaf_hash(row)))
    return packed


def _by_token(packed: Iterable[bytes]) -> dict[int, bytes]:
    parts: dict[int, list[bytes]] = {}
    for row in packed:
        parts.setdefault(bucket_of(row[1:]), []).append(row)
    return {bucket: b"".join(items) for bucket, items in parts.items()}
