"""Evaluation in workers: one whole batch to a worker, so that each batch has one proof, made where it was evaluated,
and as many batches are under way as there are cores.

Threads where the native crate does the arithmetic, without the interpreter's lock; elsewhere processes, which start at
the first batch. Each process gets the seed once, over its own pipe; a batch carries public bytes only.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

from keys import native
from keys.secret import Secret
from matcher.agency.agent import evaluation
from matcher.agency.agent.evaluation import Job

_seed_of_this_worker: list[bytes] = []


def _start(seed: bytes) -> None:
    # Ctrl-C at the terminal reaches the whole group; the agent decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    _seed_of_this_worker[:] = [seed]


def _end_with_parent() -> None:
    """An agent that is killed closes no pool: without this its workers would wait for ever, with the seed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _evaluate(work: Job) -> tuple[bytes, bytes]:
    return evaluation.evaluate(_seed_of_this_worker[0], work)


class EvaluationPool:
    """The workers of one agent. ``seed`` is the holder's."""

    def __init__(self, seed: Secret, count: int | None = None) -> None:
        self.count = count or len(os.sched_getaffinity(0))
        self._executor: Executor
        self._evaluate: Callable[[Job], tuple[bytes, bytes]]
        if native.module() is not None:
            self._executor, self._evaluate = ThreadPoolExecutor(self.count), partial(evaluation.evaluate, seed.reveal())
        else:
            self._evaluate = _evaluate
            self._executor = ProcessPoolExecutor(
                self.count, multiprocessing.get_context("spawn"), initializer=_start, initargs=(seed.reveal(),)
            )

    def submit(self, work: Job) -> Future[tuple[bytes, bytes]]:
        """(evaluated elements, proof) of one batch, to come. Its errors are those of ``evaluation.evaluate``."""
        return self._executor.submit(self._evaluate, work)

    def close(self) -> None:
        """Let running batches end and drop the others."""
        self._executor.shutdown(wait=True, cancel_futures=True)
