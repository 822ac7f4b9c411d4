"""Second task: one bucket of staged records into rows for the service (design section 4, "Row sent by a side").

The one rule that privacy hangs on: an asking row is sealed under the *asking* envelope key and carries the *answering*
one, an answering row the other way round. So a row and the key to it meet only where both sides hold the link value.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from matcher.agency.blind.blinded import Blinded
from matcher.agency.blind.context import Context
from matcher.agency.blind.portable_bucket import IsMeant
from matcher.agency.blind.prepare import link_tag
from matcher.agency.submit.buckets import bucket_path
from matcher.agency.vault.filling import write_blocks


@dataclass(frozen=True, slots=True)
class Blind:
    """One bucket of ``staged``; what the vault will hold of it goes to ``records``, durably.

    ``crowded`` are tags of link values that more asking rows name than may share one.
    """

    staged: Path
    records: Path
    bucket: int
    crowded: frozenset[bytes]
    leaves_lock: ClassVar[bool] = True

    def run(self, context: Context) -> Blinded:
        """Sort out, compare with what was sent, blind."""
        path = bucket_path(self.staged, self.bucket)
        blinded, blocks = context.buckets.blind(
            path.read_bytes() if path.exists() else b"",
            context.previous(self.bucket),
            self._tells(context, self.crowded),
            self._tells(context, context.setup.exhausted),
        )
        if blocks:
            write_blocks(bucket_path(self.records, self.bucket), blocks)
        return blinded

    @staticmethod
    def _tells(context: Context, tags: frozenset[bytes]) -> IsMeant | None:
        """What tells whether the tag of a link value is among ``tags``; None when there are none."""
        handle_key = context.setup.handle_key
        return (lambda link_value: link_tag(handle_key, link_value) in tags) if tags else None
