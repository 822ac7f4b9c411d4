"""Nothing lost, nobody let in: the long version of the fault tables, kills, denials, hostile input and load.

    python -m bench.faults --json                # all of it, some thirteen minutes on two cores
    python -m bench.faults --kills 50 --malformed 20000 --parties 16 --sample 5

``lost_acknowledged``, ``crashes`` and ``wrongly_allowed`` must be zero; the exit status is 1 when one is not. The
shorter versions of the same are in tests/faults and tests/service/test_denial_matrix.py. Needs the dev dependencies.
"""

from __future__ import annotations

import argparse
import json
import logging
import multiprocessing
import os
import random
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from bench import machine
from matcher.service import limits
from tests.faults.decoders import attack
from tests.faults.ground import Killable
from tests.faults.kills import kill_at_random
from tests.faults.load import run_load
from tests.faults.local_acts import Shelf
from tests.faults.local_table import LocalTable
from tests.faults.scenes import SCENES, SLOW
from tests.faults.service_acts import ACTS, BESIDE
from tests.faults.service_table import Table
from tests.faults.wire_attack import attack_wire
from tests.service.cutting import CutUpload
from tests.service.test_denial_matrix import run_matrix
from tests.service.world import Template, new_template, new_world

_WIRE_SHARE = 50  # one of so many malformed messages goes over the wire, the others to the decoders
_ROWS = 200
_SHOWN = 10
_BROKEN, _KILLED = "broken", "killed"
_CUT_ROWS, _CUT_BYTES = 2_000, 60_000
_MUST_BE_ZERO = ("lost_acknowledged", "crashes", "wrongly_allowed", "wrong_status", "denials_not_logged", "load_errors")

Result = dict[str, Any]


def _service_faults(path: Path, template: Template, sample: int) -> Result:
    points, kills, lost = 0, 0, 0
    for name in ACTS:
        table = Table(path / f"fault-{name.replace(' ', '-')}", template, name)
        numbers = range(len(name) % sample, len(table.steps), sample)
        for trial in table.in_process(numbers):
            points += 1
            lost += bool(trial.lost)
        if name in BESIDE:
            continue
        killable = Killable(table.ground.world)
        try:
            for trial in table.killed(killable, numbers):
                kills += 1
                lost += bool(trial.lost)
        finally:
            killable.close()
    return {"fault_points": points, "kills_at_steps": kills, "lost_acknowledged": lost}


class _Shelves:
    """One for each process: scenes are made of what stands on it."""

    made: Shelf | None = None


def _begin(path: Path) -> None:
    _quiet()
    _Shelves.made = Shelf(path / f"shelf-{os.getpid()}")


def _scene(name: str, form: str, path: Path, sample: int) -> int:
    """How many trials there were of one act; each ended well, or this raises."""
    if _Shelves.made is None:
        raise RuntimeError("no shelf was made")
    place = path / f"trial-{os.getpid()}"
    place.mkdir(exist_ok=True)
    table = LocalTable(place / "trial", _Shelves.made, name)
    numbers = range(len(name) % sample, len(table.steps), sample)
    return sum(1 for _trial in (table.run(numbers) if form == _BROKEN else table.killed(numbers)))


def _local_faults(path: Path, sample: int) -> Result:
    """Acts of agencies and auditors, as many at once as there are cores, those that take longest first."""
    work = [(name, form) for name in sorted(SCENES, key=lambda name: name not in SLOW) for form in (_BROKEN, _KILLED)]
    counts = dict.fromkeys((_BROKEN, _KILLED), 0)
    with ProcessPoolExecutor(
        len(os.sched_getaffinity(0)), multiprocessing.get_context("spawn"), _begin, (path,)
    ) as processes:  # fmt: skip
        done = [(form, processes.submit(_scene, name, form, path, sample)) for name, form in work]
        for form, trials in done:
            counts[form] += trials.result()
    return {"fault_points": counts[_BROKEN], "kills_at_steps": counts[_KILLED]}


def _random_kills(path: Path, template: Template, kills: int) -> Result:
    tally = kill_at_random(path / "kills", template, kills)
    return {
        "kills_at_random": tally.kills, "acknowledged": tally.acknowledged, "lost_acknowledged": len(tally.lost),
        "kills_during": tally.during,
    }  # fmt: skip


def _cuts(path: Path, template: Template, cuts: int) -> Result:
    lost, done, chance = 0, 0, random.Random(0)  # noqa: S311 - where to cut
    with new_world(path / "cuts", template) as world:
        world.agree()
        while done < cuts:
            upload, before = CutUpload(world, _CUT_ROWS), 0
            while before < _CUT_ROWS and done < cuts:
                next_row = upload.cut(chance.randrange(1, _CUT_BYTES))
                lost += next_row < max(before, upload.acknowledged)
                before, done = next_row, done + 1
        upload.finish()
    return {"cuts": done, "lost_acknowledged": lost}


def _matrix(path: Path, template: Template) -> Result:
    # Each cell must find its own entry in the log.
    limits.DENIAL_SPAN_SECONDS = limits.HANDSHAKE_SPAN_SECONDS = 0.0
    limits.HANDSHAKES_READ_SECONDS = 0.01
    with new_world(path / "matrix", template) as world:
        result = run_matrix(world)
    return {
        "matrix_cells": result.cells, "wrongly_allowed": len(result.wrongly_allowed),
        "wrong_status": len(result.wrong_status) + len(result.wrongly_refused),
        "denials_not_logged": len(result.unlogged),
    }  # fmt: skip


def _hostile(path: Path, template: Template, malformed: int) -> Result:
    over_wire = malformed // _WIRE_SHARE
    with new_world(path / "wire", template) as world:
        world.agree()
        wire = attack_wire(world, over_wire)
        world.log()
    mutated = attack(malformed - over_wire)
    fuzzed = max(1000, malformed // 10)
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.fuzz", f"-runs={fuzzed}", "-max_len=20000"],
        cwd=Path(__file__).resolve().parent.parent, capture_output=True, check=False,
    )  # fmt: skip
    for crash in [*wire.crashes, *mutated.crashes][:_SHOWN]:
        sys.stderr.write(crash + "\n")
    if done.returncode:
        sys.stderr.write(done.stderr.decode(errors="replace")[-2000:] + "\n")
    return {
        "malformed_sent": wire.sent + mutated.sent, "fuzzed": fuzzed,
        "crashes": len(wire.crashes) + len(mutated.crashes) + bool(done.returncode),
        "wire_statuses": dict(sorted(wire.statuses.items())), "wire_memory_grown_kb": wire.grown_kilobytes,
    }  # fmt: skip


def _load(path: Path, template: Template, parties: int) -> Result:
    load = run_load(path / "load", template, parties, _ROWS)
    return {
        "load_parties": parties, "load_rows": load.rows, "load_polls": load.polls,
        "load_errors": sum(load.errors.values()) + load.without_advice, "load_told_to_wait": load.told_to_wait,
        "load_p99_seconds": round(load.p99(), 3), "load_slowest_to_median": round(load.spread(), 2),
    }  # fmt: skip


def measure(kills: int, malformed: int, parties: int, sample: int, say: Callable[[str], None]) -> Result:
    """Run everything; every ``sample``-th durable step is broken. Returns the figures, summed where they add up."""
    figures: Result = {}
    with tempfile.TemporaryDirectory(prefix="concordat-faults-") as directory:
        path = Path(directory)
        template = new_template(path / "template")
        parts: tuple[tuple[str, Callable[[], Result]], ...] = (
            ("faults of the service", lambda: _service_faults(path, template, sample)),
            ("faults of agencies and auditors", lambda: _local_faults(path, sample)),
            ("kills at random", lambda: _random_kills(path, template, kills)),
            ("cuts", lambda: _cuts(path, template, kills)),
            ("denials", lambda: _matrix(path, template)),
            ("hostile input", lambda: _hostile(path, template, malformed)),
            ("load", lambda: _load(path, template, parties)),
        )
        for title, part in parts:
            started = time.monotonic()
            for name, value in part().items():
                both = isinstance(value, int) and name in figures
                figures[name] = figures[name] + value if both else value
            say(f"{title}: {time.monotonic() - started:.0f} s")
    figures["kills"] = figures["kills_at_steps"] + figures["kills_at_random"]
    return figures


def _quiet() -> None:
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Break everything, and count what was lost and who was let in.")
    parser.add_argument("--kills", type=int, default=500, help="kills at random moments, and cuts of uploads")
    parser.add_argument("--malformed", type=int, default=1_000_000, help="malformed messages")
    parser.add_argument("--parties", type=int, default=64, help="parties at once, an even number")
    parser.add_argument("--sample", type=int, default=1, help="break every so many-th durable step")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    _quiet()

    def say(line: str) -> None:
        sys.stderr.write(line + "\n")

    figures = measure(arguments.kills, arguments.malformed, arguments.parties, arguments.sample, say)
    figures["machine"] = machine.describe()
    if arguments.json:
        sys.stdout.write(json.dumps(figures, sort_keys=True) + "\n")
    else:
        for name, value in sorted(figures.items()):
            sys.stdout.write(f"{name}: {value}\n")
    return int(any(figures[name] for name in _MUST_BE_ZERO))


if __name__ == "__main__":
    sys.exit(main())
