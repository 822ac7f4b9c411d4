"""Second stage: staged records into rows in the workers; all of it is durable in the spool when the stage ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matcher.agency.blind.pool import Workers
from matcher.agency.blind.rows import Blind
from matcher.agency.records.rejects import RejectsFile
from matcher.agency.submit.buckets import BUCKETS, BucketWriter
from matcher.agency.submit.job import Job
from matcher.agency.submit.spool import Spool


@dataclass(slots=True)
class Blinding:
    """What became of the staged records; ``put`` and ``deleted`` rows are sent."""

    put: int = 0
    deleted: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: int = 0


def blind(
    job: Job, workers: Workers, spool: Spool, crowded: frozenset[bytes], rejects: RejectsFile,
    progress: Callable[[int], None],
) -> Blinding:  # fmt: skip
    """Blind everything staged, and what vanished since the last submission."""
    result = Blinding()
    writer = BucketWriter(spool.rows)
    done = 0
    try:
        for blinded in workers.run(Blind(spool.staged, spool.records, bucket, crowded) for bucket in range(BUCKETS)):
            writer.append_runs(blinded.rows, blinded.sizes)
            for file, reject in sorted(blinded.rejects):
                rejects.add(job.files[file].name, [reject])
            result.put += blinded.put
            result.deleted += blinded.deleted
            result.unchanged += blinded.unchanged
            result.duplicates += blinded.duplicates
            result.rejected += len(blinded.rejects)
            done += blinded.put + blinded.unchanged + blinded.duplicates + len(blinded.rejects)
            progress(done)
    except BaseException:
        writer.close(durable=False)
        raise
    writer.close(durable=True)
    return result
