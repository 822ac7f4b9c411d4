"""Rows per second and memory of submit and match, from CSV files to sealed submissions to findings.

``python -m bench.scale --rows 10000 --rows 100000 --mode oprf [--asking-share 10] [--json]``

One command after the other, each with the machine to itself. ``slope`` is the exponent of the growth of the whole
time over the sizes, by least squares on logarithms: 1 is linear. ``--plot FILE`` draws it. What runs: bench/world.py.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console

from bench import plots, world
from bench.machine import describe
from bench.world import Measured
from matcher.text.terminal import table


def measure(mode: str, answering: int, asking: int) -> list[Measured]:
    """Submit ``answering`` accounts and ``asking`` projects, match, list the findings."""
    with world.world(mode) as here:
        accounts = world.write(here.out / "accounts.csv", world.ACCOUNT_HEADERS, world.accounts(answering))
        projects = world.write(here.out / "projects.csv", world.PROJECT_HEADERS, world.projects(asking))
        measured = [here.submit_accounts(accounts, answering)]
        here.start_agent()
        measured.append(here.submit_projects(projects, asking))
        measured.append(here.match(answering + asking))
        measured.append(here.findings(asking))
    return measured


def slope(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """The exponent k of seconds = c * size^k that fits best, by least squares on logarithms."""
    across, up = [math.log(size) for size in sizes], [math.log(value) for value in seconds]
    middle, height = sum(across) / len(across), sum(up) / len(up)
    return sum((x - middle) * (y - height) for x, y in zip(across, up, strict=True)) / sum(
        (x - middle) ** 2 for x in across
    )


@click.command()
@click.option("--rows", type=click.IntRange(2), multiple=True, default=(10_000, 100_000), show_default=True)
@click.option(
    "--asking-share", type=click.IntRange(1), default=1, show_default=True,
    help="Rows of the asking side: --rows divided by this.",
)  # fmt: skip
@click.option("--mode", type=click.Choice(("oprf", "hmac")), default="oprf", show_default=True)
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw whole time over rows (SVG).")
@click.option("--json", "as_json", is_flag=True)
def main(rows: tuple[int, ...], asking_share: int, mode: str, plot: Path | None, *, as_json: bool) -> None:
    """Measure each size in turn and print a table, or one JSON object."""
    runs = [measure(mode, count, max(1, count // asking_share)) for count in rows]
    whole = [sum(item.seconds for item in run) for run in runs]
    growth = slope(rows, whole) if len(set(rows)) > 1 else None
    if plot is not None:
        plots.growth(plot, rows, whole, growth)
    measured = [item for run in runs for item in run]
    if as_json:
        result = {"machine": describe(), "slope": growth, "measured": [asdict(item) for item in measured]}
        click.echo(json.dumps(result, ensure_ascii=False))
        return
    console = Console()
    console.print(" · ".join(f"{name} {value}" for name, value in describe().items()))
    lines = [
        (
            item.stage,
            item.rows,
            f"{item.seconds:.1f}",
            int(item.rows_per_second),
            item.memory >> 20,
            item.service_memory >> 20,
        )
        for item in measured
    ]
    console.print(table(mode, ("stage", "rows", "seconds", "rows/s", "memory, MiB", "service memory, MiB"), lines))
    if growth is not None:
        console.print(f"slope {growth:.3f}")


if __name__ == "__main__":
    main()
