"""From two CSV files to listed findings: ``python -m bench.speed --answering N --asking M --mode oprf|hmac --json``.

Names compared, rules applied, envelopes sealed, everything logged, over gRPC with mutual TLS on loopback. Wall time is
of the commands one after the other as two offices would run them; set-up (keys, cards, agreement) is before. Stages,
processor time and memory are those of bench.scale.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from bench import scale
from bench.machine import describe
from keys import native


def run(mode: str, answering: int, asking: int) -> dict[str, Any]:
    """One whole run: totals, and each stage."""
    with tempfile.TemporaryDirectory(prefix="concordat-bench-") as directory:
        stages = scale.measure(mode, answering, asking, Path(directory))
    processor = sum(
        item.processor_seconds + item.service_processor_seconds + item.agent_processor_seconds for item in stages
    )
    return {
        "mode": mode,
        "answering": answering,
        "asking": asking,
        "backend": native.name(),
        "wall_seconds": sum(item.seconds for item in stages),
        "processor_seconds": processor,
        "memory": max(item.memory for item in stages),
        "service_memory": max(item.service_memory for item in stages),
        "stages": [asdict(item) for item in stages],
    }


@click.command()
@click.option("--answering", type=click.IntRange(2), default=1_000_000, show_default=True)
@click.option("--asking", type=click.IntRange(1), default=100_000, show_default=True)
@click.option("--mode", type=click.Choice(("oprf", "hmac")), default="oprf", show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(answering: int, asking: int, mode: str, *, as_json: bool) -> None:
    """Measure one run and print it."""
    result = run(mode, answering, asking)
    if as_json:
        click.echo(json.dumps({"machine": describe(), **result}))
        return
    click.echo(f"{mode}, {result['backend']} backend, {answering:,} x {asking:,}")
    for stage in result["stages"]:
        click.echo(f"  {stage['stage']:26} {stage['seconds']:8.1f} s")
    click.echo(f"  {'in all':26} {result['wall_seconds']:8.1f} s, {result['processor_seconds']:.1f} s of processor")


if __name__ == "__main__":
    main()
