"""Does the kernel's time depend on the key? A test after dudect (Reparaz, Balasch, Verbauwhede 2017).

``python -m bench.constant_time --json``. The same elements are multiplied by one fixed key, whose digits are nearly all
zero, and by random keys, in random order; Welch's t of the two sets of times is printed, over all and over those below
some percentiles, for what disturbs a measurement only makes it longer. Beyond 4.5 the times differ; beyond 10 for
certain. A small t proves nothing by itself: docs/native.md has the argument from the code.
"""

from __future__ import annotations

import os
import random
import statistics
import time
from array import array

import click

from bench import machine
from keys import native, oprf, ristretto
from keys.errors import BackendError

MEASUREMENTS = 200_000
_KEYS = 512
_LANES = 8
_PERCENTILES = (100, 99, 90, 75, 50)
_FIXED = (2).to_bytes(32, "little")


def measure(count: int = MEASUREMENTS) -> dict[str, object]:
    """t by percentile. Raises BackendError where the crate is not built."""
    crate = native.module()
    if crate is None:
        raise BackendError("the native backend is not installed", remedy="Run `make setup` where cargo is.")
    elements = oprf.padding(_LANES)
    keys = [(number % 2, ristretto.random_scalar() if number % 2 else _FIXED) for number in range(_KEYS)]
    times = array("q"), array("q")
    choose = random.Random(os.urandom(16))  # noqa: S311 - an order, no secret
    choose.shuffle(keys)
    for _number in range(count):
        chosen, given = keys[choose.randrange(_KEYS)]
        # A fresh copy, so that the caches treat keys of both classes alike.
        key = bytes(bytearray(given))
        before = time.perf_counter_ns()
        crate.oprf_blind_evaluate(key, elements)
        times[chosen].append(time.perf_counter_ns() - before)
    every = sorted(times[0] + times[1])
    result: dict[str, object] = {"arithmetic": crate.arithmetic, "measurements": count}
    for percentile in _PERCENTILES:
        bound = every[len(every) * percentile // 100 - 1]
        left, right = ([item for item in part if item <= bound] for part in times)
        result[f"t_below_{percentile}"] = round(_welch(left, right), 2)
    result["median_ns"] = [statistics.median(part) for part in times]
    return result


def _welch(left: list[int], right: list[int]) -> float:
    spread = statistics.variance(left) / len(left) + statistics.variance(right) / len(right)
    return float((statistics.fmean(left) - statistics.fmean(right)) / spread**0.5)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="one JSON object")
@click.option("--measurements", type=click.IntRange(2), default=MEASUREMENTS, show_default=True)
def main(measurements: int, *, as_json: bool) -> None:
    """Print t and the machine."""
    machine.show(measure(measurements), as_json=as_json)


if __name__ == "__main__":
    main()
