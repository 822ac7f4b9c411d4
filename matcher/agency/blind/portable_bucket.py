"""One bucket of staged records into rows, in Python: the reference that native_bucket.py equals bit for bit.

By file, line and link column the first record of a handle stands, the same once more is dropped, another content under
it is rejected. Against what was sent before in the period: unchanged records are not sent, changed and new ones are
put, vanished ones deleted; both by handle, ascending.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from copy import copy
from json import JSONDecoder
from operator import attrgetter

from matcher.agency.blind import portable_rows
from matcher.agency.blind.blinded import MAX_VERSIONS, Blinded
from matcher.agency.blind.sources import Source
from matcher.agency.records import staged
from matcher.agency.records.rejects import Reject
from matcher.agency.records.staged import Staged
from matcher.agency.submit.buckets import BUCKETS, bucket_of
from matcher.agency.vault.blocks import SentRow, pack_blocks
from matcher.agency.vault.rows import Previous, previous_rows
from matcher.protocol import rows
from matcher.protocol.agreement.model import Column, Field, Side
from matcher.protocol.merkle import leaf_hash
from matcher.protocol.vector import VectorLayout

IsMeant = Callable[[bytes], bool]
_TOKEN = slice(1, 17)
_PLACE = attrgetter("file", "line", "column")
_HANDLE = attrgetter("handle")
_decode = JSONDecoder().raw_decode


class PortableBuckets:
    """What all buckets of one submission share."""

    def __init__(
        self, fields: Sequence[Field], columns: Sequence[Column], side: Side, source: Source, record_info: bytes,
        row_aad: bytes,
    ) -> None:  # fmt: skip
        self._layout = VectorLayout(fields)
        self._columns = columns
        self._column_names = [column.name.encode() for column in columns]
        self._side: Side = side
        self._source = source
        self._record_info = record_info
        self._row_aad = row_aad

    def reading(self, source: Source) -> PortableBuckets:
        """The same with another reader of the same source."""
        other = copy(self)
        other._source = source
        return other

    def blind(
        self, data: bytes, previous: list[bytes], crowded: IsMeant | None, exhausted: IsMeant | None,
        nonces: bytes | None = None,
    ) -> Blinded:  # fmt: skip
        """As NativeBuckets.blind."""
        result = Blinded(b"", (), b"", 0, 0, 0, 0, [])
        before = previous_rows(previous)
        records = self._distinct(data, crowded, result)
        changed = self._changed(records, before, exhausted, result)
        vanished = sorted(entry.row for entry in before.values() if entry.row.op == rows.PUT)
        sent: list[SentRow] = []
        packed = self._put_rows(changed, nonces, sent) + self._delete_rows(vanished, sent)
        leaves = [row.leaf for row in sent]
        result.put, result.deleted = len(changed), len(vanished)
        result.rows, result.sizes = _by_token(packed, leaves)
        result.blocks = pack_blocks(sent)
        return result

    def _reject(self, result: Blinded, record: Staged, code: str) -> None:
        result.rejects.append((record.file, Reject(record.line, self._columns[record.column].name, code)))

    def _distinct(self, data: bytes, crowded: IsMeant | None, result: Blinded) -> list[Staged]:
        repeated = "duplicate-row" if self._side == "asking" else "duplicate-account"
        kept: dict[bytes, Staged] = {}
        # Which of two stands is the file's order, not the one in which workers came to stage them.
        for record in sorted(staged.unpack(data), key=_PLACE):
            if crowded is not None and crowded(record.link_value):
                self._reject(result, record, "too-many-rows")
            elif (first := kept.setdefault(record.handle, record)) is record:
                continue
            elif first.content == record.content and first.row_id == record.row_id:
                result.duplicates += 1
            else:
                self._reject(result, record, repeated)
        return sorted(kept.values(), key=_HANDLE)

    def _changed(
        self, records: list[Staged], previous: dict[bytes, Previous], exhausted: IsMeant | None, result: Blinded
    ) -> list[Staged]:
        """The records to put. What stays in ``previous`` has vanished."""
        changed = []
        for record in records:
            before = previous.pop(record.handle, None)
            if before is not None and before.row.op == rows.PUT and before.row.content == record.content:
                result.unchanged += 1
            elif (before is not None and before.puts >= MAX_VERSIONS) or (
                exhausted is not None and exhausted(record.link_value)
            ):
                # One more version would exceed what a period allows for its link value.
                self._reject(result, record, "version-limit")
            else:
                changed.append(record)
        return changed

    def _put_rows(self, records: list[Staged], nonces: bytes | None, sent: list[SentRow]) -> list[bytes]:
        if not records:
            return []
        secrets = self._source.secrets([record.link_value for record in records])
        # The first item of [values, extras].
        values = [_decode(record.content.decode(), 1)[0] for record in records]
        handles, columns = [record.handle for record in records], list(zip(*values, strict=True))
        drawn = os.urandom(rows.NONCE_SIZE * len(records)) if nonces is None else nonces
        packed, leaves = portable_rows.make(
            self._layout, self._side, self._record_info, self._row_aad, handles, secrets, columns, drawn
        )  # fmt: skip
        for record, row, leaf in zip(records, packed, leaves, strict=True):
            sent.append(
                SentRow(
                    record.handle, rows.PUT, record.row_id, self._column_names[record.column], record.link_value,
                    record.content, row[_TOKEN], leaf,
                )
            )  # fmt: skip
        return packed

    def _delete_rows(self, vanished: list[SentRow], sent: list[SentRow]) -> list[bytes]:
        packed = []
        for before in vanished:
            row = rows.delete(before.token, before.handle, self._layout.width)
            packed.append(row)
            sent.append(before._replace(op=rows.DELETE, content=b"", leaf=leaf_hash(row)))
        return packed


def _by_token(packed: list[bytes], leaves: list[bytes]) -> tuple[bytes, list[int]]:
    """(rows by bucket of their tokens, each followed by its leaf hash, and bytes in each bucket)."""
    parts: list[list[bytes]] = [[] for _bucket in range(BUCKETS)]
    for row, leaf in zip(packed, leaves, strict=True):
        parts[bucket_of(row[1:])] += row, leaf
    joined = list(map(b"".join, parts))
    return b"".join(joined), list(map(len, joined))
