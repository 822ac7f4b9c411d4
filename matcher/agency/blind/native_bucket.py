"""One bucket of staged records into rows by the native crate: bytes in, bytes out, the same as portable_bucket.py.

Left to Python is what a bucket has few of: names of firms not met before; and record secrets that come from the cache.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from copy import copy
from types import ModuleType

from matcher.agency.blind.blinded import MAX_VERSIONS, Blinded
from matcher.agency.blind.native_names import plans
from matcher.agency.blind.sources import CacheSource, GroupSource, HolderSource, Source
from matcher.agency.blind.tagged import Tagged
from matcher.agency.records.rejects import Reject
from matcher.protocol import names
from matcher.protocol.agreement.model import Column, Field, Side
from matcher.protocol.comparators.ratio import SCALE
from matcher.protocol.names.parts import CAPS, KINDS, LABELS
from matcher.protocol.vector import field_key_message

_SCALE = array("q", SCALE).tobytes()
_PARTS = b"".join(map(bytes, zip(KINDS, LABELS, CAPS, strict=True)))


class NativeBuckets:
    """The crate's blinder of one submission, with the names met so far; for all threads of a process."""

    def __init__(
        self, crate: ModuleType, fields: Sequence[Field], columns: Sequence[Column], side: Side, source: Source,
        record_info: bytes, row_aad: bytes, *, lanes: bool = True,
    ) -> None:  # fmt: skip
        self._columns = columns
        self._repeated = "duplicate-row" if side == "asking" else "duplicate-account"
        mode, key, prefix = _source(source)
        self._secrets = source.column if isinstance(source, CacheSource) else None
        self._plans = plans(crate).of
        self._splits_names = any(field.comparator == "company-name" for field in fields)
        self._blinder = crate.Blinder(
            [(field.comparator, field_key_message(field.name, field.comparator)) for field in fields],
            info=record_info, associated=row_aad, asking=side == "asking",
            columns=[column.name.encode() for column in columns], scale=_SCALE, parts=_PARTS, name_width=names.WIDTH,
            mode=mode, key=key, prefix=prefix, lanes=lanes,
        )  # fmt: skip

    def get_ready(self) -> None:
        """Make now what the first bucket with names would wait for."""
        if self._splits_names:
            self._plans([])

    def reading(self, source: Source) -> NativeBuckets:
        """The same with another reader of the same source."""
        other = copy(self)
        other._secrets = source.column if isinstance(source, CacheSource) else None
        return other

    def blind(
        self, data: bytes, previous: list[bytes], crowded: Tagged | None, exhausted: Tagged | None,
        nonces: bytes | None = None,
    ) -> Blinded:  # fmt: skip
        """What became of the staged ``data``; ``previous`` are the vault's blocks, older ones first.

        ``crowded`` and ``exhausted`` tell a link value; None where there are none. Only tests may give ``nonces``.
        """
        bucket = self._blinder.bucket(
            data, previous, self._plans, self._secrets, max_versions=MAX_VERSIONS, nonces=nonces,
            crowded=crowded and crowded.marks(data), exhausted=exhausted and exhausted.marks(data),
        )  # fmt: skip
        codes = {"crowded": "too-many-rows", "repeated": self._repeated, "exhausted": "version-limit"}
        rejects = [
            (file, Reject(line, self._columns[column].name, codes[problem]))
            for file, line, column, problem in bucket.rejects
        ]
        return Blinded(
            bucket.rows, bucket.sizes, bucket.blocks, bucket.put, bucket.deleted, bucket.unchanged, bucket.duplicates,
            rejects,
        )  # fmt: skip


def _source(source: Source) -> tuple[str, bytes, bytes]:
    if isinstance(source, HolderSource):
        return "holder", source.secret_key, source.prefix
    if isinstance(source, GroupSource):
        return "group", source.group_key, source.prefix
    return "given", b"", b""
