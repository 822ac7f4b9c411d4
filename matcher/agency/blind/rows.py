"""Second task: staged records of one bucket into rows for the service (design section 4, "Row sent by a side").

The one rule that privacy hangs on: an asking row is sealed under the *asking* envelope key and carries the *answering*
one, an answering row the other way round. So a row and the key to it meet only where both sides hold the link value.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from matcher.agency.blind.blinded import Blinded
from matcher.agency.blind.context import Context
from matcher.agency.blind.tagged import Tagged
from matcher.agency.records import staged
from matcher.agency.submit.buckets import bucket_path
from matcher.agency.vault.blocks import blocks_of_bucket, bucket_of_block


@dataclass(frozen=True, slots=True)
class Blind:
    """The records of ``staged`` in ``blocks``, which are a bucket's or some of them; their rows go to ``rows``, and
    nothing is synced.

    ``crowded`` are tags of link values that more asking rows name than may share one.
    """

    staged: Path
    rows: Path
    blocks: range
    crowded: frozenset[bytes]
    leaves_lock: ClassVar[bool] = True

    def run(self, context: Context) -> Blinded:
        """Sort out, compare with what was sent, blind. What comes back has no rows: they are in their files."""
        context.files(self.staged).close()  # all records are staged
        blinded = context.buckets.blind(
            self._staged_records(),
            context.previous(self.blocks),
            self._tells(context, self.crowded),
            self._tells(context, context.setup.exhausted),
        )
        context.files(self.rows).append_runs(blinded.rows, blinded.sizes)
        blinded.rows, blinded.sizes = b"", ()
        return blinded

    def _staged_records(self) -> bytes:
        bucket = bucket_of_block(self.blocks[0])
        path = bucket_path(self.staged, bucket)
        data = path.read_bytes() if path.exists() else b""
        return data if self.blocks == blocks_of_bucket(bucket) else staged.within(data, self.blocks)

    @staticmethod
    def _tells(context: Context, tags: frozenset[bytes]) -> Tagged | None:
        return Tagged(context.setup.handle_key, tags) if tags else None
