"""Second stage: staged records into rows in the workers; all of it is durable when the stage ends: what is sent in the
spool, what the agency keeps of it in the vault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from matcher.agency.blind.pool import Workers
from matcher.agency.blind.rows import Blind
from matcher.agency.records.rejects import RejectsFile
from matcher.agency.submit.buckets import BUCKETS, BucketWriter, bucket_path
from matcher.agency.submit.job import Job
from matcher.agency.submit.spool import Spool
from matcher.agency.vault.blocks import blocks_of_bucket
from matcher.agency.vault.filling import Filling

_AT_ONCE = 10 << 20  # bytes of staged records: some 45,000 of them, which become three times as much
_PARTS = (1, 2, 4, 8, 16)


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
    writer = BucketWriter(spool.rows)
    done = 0
    try:
        tasks = (Blind(spool.staged, blocks, crowded) for blocks in _shares(spool.staged))
        for blinded in workers.run(tasks):
            writer.append_runs(blinded.rows, blinded.sizes)
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
        filling.flush()
    except BaseException:
        writer.close(durable=False)
        raise
    writer.close(durable=True)
    return result


def _shares(staged: Path) -> Iterator[range]:
    """What is blinded at a time: the blocks of a bucket, or of equal parts of it where it is large."""
    for bucket in range(BUCKETS):
        blocks, path = blocks_of_bucket(bucket), bucket_path(staged, bucket)
        size = path.stat().st_size if path.exists() else 0
        parts = next(parts for parts in _PARTS if size <= parts * _AT_ONCE or parts == len(blocks))
        width = len(blocks) // parts
        yield from (blocks[start : start + width] for start in range(0, len(blocks), width))
