"""From two CSV files to listed findings: ``python -m bench.speed --answering N --asking M --mode oprf|hmac --json``.

Names compared, rules applied, envelopes sealed, everything logged and witnessed, over gRPC with mutual TLS on loopback.
Both offices submit at the same time, as both parties of a peer's intersection do; then the run, then the list. Wall
time is from the start of the first command to the end of the last; set-up (keys, cards, agreement) is before.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from functools import partial
from typing import Any

import click

from bench import world
from bench.machine import describe
from keys import native


def run(mode: str, answering: int, asking: int) -> dict[str, Any]:
    """One whole run: totals, and each stage. Processor time of service, agent and witness is in ``beside``."""
    with world.world(mode) as here:
        accounts = world.write(here.out / "accounts.csv", world.ACCOUNT_HEADERS, world.accounts(answering))
        projects = world.write(here.out / "projects.csv", world.PROJECT_HEADERS, world.projects(asking))
        here.start_agent()
        before, started = here.beside(), time.monotonic()
        stages = world.side_by_side(
            partial(here.submit_accounts, accounts, answering), partial(here.submit_projects, projects, asking)
        )
        stages += [here.match(answering + asking), here.findings(asking)]
        wall, after = time.monotonic() - started, here.beside()
    beside = {name: after[name] - before[name] for name in after}
    return {
        "mode": mode,
        "answering": answering,
        "asking": asking,
        "backend": native.name(),
        "wall_seconds": wall,
        "processor_seconds": sum(item.processor_seconds for item in stages) + sum(beside.values()),
        "beside": beside,
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
        click.echo(json.dumps({"machine": describe(), **result}, ensure_ascii=False))
        return
    click.echo(f"{mode}, {result['backend']} backend, {answering:,} x {asking:,}")
    for stage in result["stages"]:
        click.echo(f"  {stage['stage']:26} {stage['seconds']:6.1f} s, {stage['processor_seconds']:6.1f} s of processor")
    for name, seconds in result["beside"].items():
        click.echo(f"  {name:26}          {seconds:6.1f} s of processor")
    click.echo(f"  {'in all':26} {result['wall_seconds']:6.1f} s, {result['processor_seconds']:6.1f} s of processor")


if __name__ == "__main__":
    main()
