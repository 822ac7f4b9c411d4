"""How many acts a second the audit log takes, each acknowledged only once it is on disk.

``python -m bench.appending`` prints JSON; ``measure`` is also called by bench.audit. An act is what the service does in
one: an entry is built and parsed, appended with its tree nodes, and a line of state changes with it, by as many callers
at once as the service lets in. Verifying the signatures of messages is not in it.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from keys.signing import SigningKey
from matcher.protocol import checkpoint, entries, merkle
from matcher.protocol.checkpoint import Checkpoint
from matcher.service import app
from matcher.service.store import log, usage
from matcher.service.store.database import ControlDatabase
from matcher.service.store.log import LogWriter

WORKERS = 32
ENTRIES = 20_000
ORIGIN = "bench.example/log"
_AGREEMENT = b"\x01" * 32


@contextmanager
def _opened(directory: Path) -> Iterator[tuple[ControlDatabase, LogWriter, SigningKey]]:
    key = SigningKey.generate()

    def sign(point: Checkpoint) -> str:
        return checkpoint.sign(point, key.public, key.sign)

    writer = LogWriter(ORIGIN, sign, app.system_clock)
    database = ControlDatabase(directory / "control.db")
    try:
        with database.write() as transaction:
            writer.start(transaction)
        yield database, writer, key
    finally:
        database.close()


def _run(act: Callable[[int], None], count: int, workers: int) -> tuple[float, list[float]]:
    """(seconds for all, seconds that each took), ``count`` acts by ``workers`` callers at once."""
    took: list[list[float]] = [[] for _worker in range(workers)]
    numbers = iter(range(count))
    lock = threading.Lock()

    def work(mine: list[float]) -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            started = time.perf_counter()
            act(number)
            mine.append(time.perf_counter() - started)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in took]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started, sorted(item for mine in took for item in mine)


def _require_whole(database: ControlDatabase, key: SigningKey, count: int) -> int:
    """Raise unless every act stands in the log under its checkpoint; returns how many checkpoints were signed."""
    with database.read() as transaction:
        stored = [entry for (entry,) in transaction.execute("SELECT entry FROM entries ORDER BY position")]
        point = checkpoint.verify(log.checkpoint(transaction), checkpoint.verifier_key(ORIGIN, key.public))
        ((signed,),) = transaction.execute("SELECT count(*) FROM checkpoints")
    if point.size != len(stored) or len(stored) != count or point.root != merkle.root(stored):
        raise RuntimeError(f"{len(stored)} of {count} entries stand under a checkpoint of {point.size}")
    return int(signed) - 1


def measure(count: int = ENTRIES, workers: int = WORKERS, directory: Path | None = None) -> dict[str, float]:
    """Appends a second and the wait of one, 99 of 100 times, in ms; on the disk of ``directory`` (default: here).

    Also seconds of processor for each append, in microseconds, which says more where other programs run beside.
    """
    with (
        tempfile.TemporaryDirectory(dir=directory or Path.cwd(), prefix=".bench-appending-") as made,
        _opened(Path(made)) as (database, writer, key),
    ):

        def act(number: int) -> None:
            facts = {"run": f"{number:064x}", "count": number}
            with database.write() as transaction:
                writer.append(
                    transaction,
                    lambda time: entries.without_message(
                        "finding-listed", time, facts, actor="bureau", agreement=_AGREEMENT, flow="check",
                        period="2022-05",
                    ),
                )  # fmt: skip
                usage.add(transaction, "bench", "bureau", usage.REVEALS, f"span {number % 64}", 1)

        before = time.process_time()
        seconds, took = _run(act, count, workers)
        processor = time.process_time() - before
        checkpoints = _require_whole(database, key, count)
    return {
        "appends": count,
        "workers": workers,
        "appends_per_second": round(count / seconds, 1),
        "p50_ms": round(took[len(took) // 2] * 1000, 2),
        "p99_ms": round(took[len(took) * 99 // 100] * 1000, 2),
        "max_ms": round(took[-1] * 1000, 2),
        "acts_per_checkpoint": round(count / checkpoints, 1),
        "processor_us_per_append": round(processor / count * 1e6, 1),
    }


if __name__ == "__main__":
    print(json.dumps({**measure(), "processors": os.cpu_count()}))  # noqa: T201
