"""What a second submission costs: ``python -m bench.delta --rows N --mode oprf|hmac --json``.

Each side submits N rows; then the same file with one row in a hundred changed (another amount); then the changed file
again for the next period, for which an asking side has every record secret in its cache. Seconds are of whole commands,
one after the other; those of processor are of the command, and of the service and the holder's agent meanwhile.
``share`` is of the first submission's seconds.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import click

from bench import world
from bench.machine import describe
from bench.world import Measured, Row

_CHANGED_EVERY = 100
_NEXT = "2022-06"
Submit = Callable[..., Measured]


def _changed(lines: Iterator[Row], column: int, amount: str) -> Iterator[Row]:
    for number, line in enumerate(lines):
        yield line if number % _CHANGED_EVERY else (*line[:column], amount, *line[column + 1 :])


def measure(mode: str, count: int) -> list[Measured]:
    """First, changed and next period's submission of each side."""
    with world.world(mode) as here:
        here.start_agent()
        before = world.write(here.out / "accounts.csv", world.ACCOUNT_HEADERS, world.accounts(count))
        after = world.write(
            here.out / "accounts-2.csv", world.ACCOUNT_HEADERS, _changed(world.accounts(count), 4, "119000.00")
        )
        measured = _three(here.submit_accounts, before, after, count)
        before = world.write(here.out / "projects.csv", world.PROJECT_HEADERS, world.projects(count))
        after = world.write(
            here.out / "projects-2.csv", world.PROJECT_HEADERS, _changed(world.projects(count), 5, "126,000.00")
        )
        return measured + _three(here.submit_projects, before, after, count)


def _three(submit: Submit, before: Path, after: Path, count: int) -> list[Measured]:
    first, second, following = submit(before, count), submit(after, count), submit(after, count, _NEXT)
    return [
        first,
        replace(second, stage=f"{second.stage}, one in {_CHANGED_EVERY} changed"),
        replace(following, stage=f"{following.stage}, next period"),
    ]


@click.command()
@click.option("--rows", type=click.IntRange(100), default=1_000_000, show_default=True)
@click.option("--mode", type=click.Choice(("oprf", "hmac")), default="oprf", show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(rows: int, mode: str, *, as_json: bool) -> None:
    """Measure and print."""
    measured = measure(mode, rows)
    firsts = {0: measured[0].seconds, 1: measured[3].seconds}
    shares = [item.seconds / firsts[number // 3] for number, item in enumerate(measured)]
    if as_json:
        items = [{**asdict(item), "share": share} for item, share in zip(measured, shares, strict=True)]
        click.echo(json.dumps({"machine": describe(), "measured": items}, ensure_ascii=False))
        return
    for item, share in zip(measured, shares, strict=True):
        beside = item.service_processor_seconds + item.agent_processor_seconds
        click.echo(
            f"{item.stage:48} {item.seconds:6.1f} s ({share:6.1%}),"
            f" processor {item.processor_seconds:5.1f} + {beside:4.1f} s,"
            f" {item.said['sent']:>9,} rows sent, {item.said['evaluated']:>9,} evaluations"
        )


if __name__ == "__main__":
    main()
