"""Second stage: staged records into rows in the workers; all of it is durable when the stage ends: what is sent in the
spool, what the agency keeps of it in the vault."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from matcher.agency.blind.pool import Workers
from matcher.agency.blind.rows import Blind
from matcher.agency.records.rejects import RejectsFile
from matcher.agency.submit.buckets import BUCKETS, bucket_path, bucket_paths
from matcher.agency.submit.durable import Durable
from matcher.agency.submit.job import Job
from matcher.agency.submit.spool import Spool
from matcher.agency.vault.blocks import blocks_of_bucket, bucket_of_block
from matcher.agency.vault.filling import Filling
from matcher.protocol import rows

_AT_ONCE = 10 << 20  # bytes of staged records: some 45,000 of them, which become three times as much
_PARTS = (1, 2, 4, 8, 16)
_MOST_UNSYNCED = 64 << 20  # bytes of rows, before they are written through while others are blinded


@dataclass(slots=True)
class Blinding:
    """What became of the staged records; ``put`` and ``deleted`` rows are sent."""

    put: int = 0
    deleted: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: int = 0


def blind(
    job: Job, workers: Workers, spool: Spool, filling: Filling, crowded: frozenset[bytes], rejects: RejectsFile,
    progress: Callable[[int], None],
) -> Blinding:  # fmt: skip
    """Blind everything staged, and what vanished since the last submission."""
    result = Blinding()
    row_size = rows.row_size(job.vector_width)
    done = unsynced = 0
    shares: deque[range] = deque()
    with Durable() as durable:
        for blinded in workers.run(_tasks(spool, crowded, shares)):
            blocks = shares.popleft()
            bucket = bucket_of_block(blocks[0])
            if blocks[-1] == blocks_of_bucket(bucket)[-1]:
                bucket_path(spool.staged, bucket).unlink(missing_ok=True)
            filling.add(blinded.blocks)
            for file, reject in sorted(blinded.rejects):
                rejects.add(job.files[file].name, [reject])
            result.put += blinded.put
            result.deleted += blinded.deleted
            result.unchanged += blinded.unchanged
            result.duplicates += blinded.duplicates
            result.rejected += len(blinded.rejects)
            done += blinded.put + blinded.unchanged + blinded.duplicates + len(blinded.rejects)
            progress(done)
            unsynced += (blinded.put + blinded.deleted) * row_size
            if unsynced >= _MOST_UNSYNCED:
                durable.sync(bucket_paths(spool.rows))
                unsynced = 0
        durable.sync(bucket_paths(spool.rows))
        filling.flush()
    return result


def _tasks(spool: Spool, crowded: frozenset[bytes], shares: deque[range]) -> Iterator[Blind]:
    for blocks in _shares(spool.staged):
        shares.append(blocks)
        yield Blind(spool.staged, spool.rows, blocks, crowded)


def _shares(staged: Path) -> Iterator[range]:
    """What is blinded at a time: the blocks of a bucket, or of equal parts of it where it is large."""
    for bucket in range(BUCKETS):
        blocks, path = blocks_of_bucket(bucket), bucket_path(staged, bucket)
        size = path.stat().st_size if path.exists() else 0
        parts = next(parts for parts in _PARTS if size <= parts * _AT_ONCE or parts == len(blocks))
        width = len(blocks) // parts
        yield from (blocks[start : start + width] for start in range(0, len(blocks), width))
