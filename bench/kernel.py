"""How many record secrets one core computes in a second: the native kernel beside curve25519-dalek, libsodium and what
the multipliers of this processor allow.

``python -m bench.kernel --json``. Seconds are of processor time on one thread, so that other programs beside do not
count; the best of some runs is taken. libsodium is called once for each value, as the portable path calls it.

The arithmetic bound counts only the multiplier instructions that an evaluation takes, at the rate at which they run
when nothing else does: no additions, carries, table reads or hashes. The kernel cannot reach it.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from itertools import accumulate

import click

from bench import machine
from keys import native, oprf, ristretto, seed
from keys.errors import BackendError

COUNT = 40_960
PORTABLE_COUNT = 2_000
RUNS = 5
_LANES = 8
_BATCH = 4_096
_ROUNDS = 2_000_000
_IN_A_ROUND = 20
_PREFIX = b"\x00\x0cconcordat-v1\x00\x0cdaxing-wages\x00\x07account"

# Multiplier instructions: a product takes 50, a square 30. See native/src/kernel/point.rs.
_PRODUCT, _SQUARE = 50, 30
_DOUBLING = _PRODUCT + 3 * _SQUARE
_ADDITION = 4 * _PRODUCT
_DIGIT = 4 * (3 * _PRODUCT + _DOUBLING) + 4 * _PRODUCT + _ADDITION
_TABLE = 7 * (_ADDITION + 5 * _PRODUCT) + _PRODUCT
_ROOT = 254 * _SQUARE + 11 * _PRODUCT
_HASH = 2 * (_ROOT + 4 * _SQUARE + 19 * _PRODUCT) + _PRODUCT + _ADDITION + 4 * _PRODUCT
_ENCODING = 4 * _SQUARE + 16 * _PRODUCT
INSTRUCTIONS = 63 * _DIGIT + _ADDITION + 4 * _PRODUCT + _TABLE + _HASH + _ENCODING


def measure(count: int = COUNT) -> dict[str, object]:
    """Figures by name. Raises BackendError where the crate is not built."""
    crate = native.module()
    if crate is None:
        raise BackendError("the native backend is not installed", remedy="Run `make setup` where cargo is.")
    key = oprf.derive_key_pair(seed.generate_seed(), b"bench")[0].reveal()
    values = [b"%019d" % number for number in range(count)]
    data = b"".join(values)
    offsets = array("I", accumulate(map(len, values), initial=0)).tobytes()

    def evaluate(lanes: bool) -> bytes:
        output: bytes = crate.oprf_evaluate(key, data, offsets, prefix=_PREFIX, threads=1, lanes=lanes)
        return output

    framed = [_PREFIX + len(value).to_bytes(2, "big") + value for value in values[:PORTABLE_COUNT]]
    outputs = b"".join(oprf.evaluate(key, message) for message in framed)
    if not evaluate(True) == evaluate(False) or evaluate(True)[: len(outputs)] != outputs:
        raise RuntimeError("the kernel, curve25519-dalek and libsodium do not agree")
    blinds, elements = crate.oprf_blind(data, offsets, prefix=_PREFIX)
    public, proof_count = ristretto.multiply_base(key), min(count, _BATCH)
    proven = elements[: proof_count * oprf.ELEMENT_SIZE], elements[: proof_count * oprf.ELEMENT_SIZE]
    figures = {
        "kernel": count / _best(lambda: evaluate(True)),
        "dalek": count / _best(lambda: evaluate(False)),
        "libsodium": len(framed) / _best(lambda: [oprf.evaluate(key, message) for message in framed]),
        "blind": count / _best(lambda: crate.oprf_blind(data, offsets, prefix=_PREFIX, blinds=blinds, threads=1)),
        "blind_evaluate": count / _best(lambda: crate.oprf_blind_evaluate(key, elements, threads=1)),
        "finalize": count / _best(lambda: crate.oprf_finalize(data, offsets, blinds, elements, threads=1)),
        "proof_sums": proof_count / _best(lambda: crate.dleq_composites(public, *proven, threads=1)),
        "keyed_hash": count / _best(lambda: crate.hmac_evaluate(key, data, offsets, prefix=_PREFIX, threads=1)),
    }
    if crate.multiply_only(1) is not None:
        rate = _ROUNDS * _IN_A_ROUND / _best(lambda: crate.multiply_only(_ROUNDS))
        figures["multiplier_instructions"] = rate
        figures["arithmetic_bound"] = rate * _LANES / INSTRUCTIONS
        figures["kernel_of_bound_percent"] = 100 * figures["kernel"] / figures["arithmetic_bound"]
    return {"arithmetic": crate.arithmetic, **{name: round(value) for name, value in figures.items()}}


def _best(work: Callable[[], object]) -> float:
    """The least processor seconds of some runs."""
    seconds = []
    for _run in range(RUNS):
        before = time.process_time()
        work()
        seconds.append(time.process_time() - before)
    return min(seconds)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="one JSON object")
@click.option("--count", type=click.IntRange(1), default=COUNT, show_default=True, help="values in a run")
def main(count: int, *, as_json: bool) -> None:
    """Print the figures, values a second on one core, beside the machine."""
    machine.show(measure(count), as_json=as_json)


if __name__ == "__main__":
    main()
