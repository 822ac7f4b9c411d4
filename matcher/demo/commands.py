"""``concordat demo``: the Daxing case on this machine, from keys to verified log, in under a minute."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console

from matcher.demo import generate, outcome, report
from matcher.demo.run import TEMPLATES, Made, demonstrate
from matcher.text import _
from matcher.text.terminal import Invocation, emit

_DEFAULT_OUT = Path("out")


def register(group: click.Group) -> None:
    """Add the command to ``group``."""
    group.add_command(demo)


@click.command(help=_("Show a whole comparison on this machine: service, two agencies, an auditor, real commands."))
@click.option(
    "--mode", type=click.Choice(("oprf", "hmac")), default="oprf", show_default=True,
    help=_("How record secrets are made."),
)  # fmt: skip
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False, exists=True),
    help=_("Directory with projects.csv, accounts.csv and perhaps flows.csv, truth.csv (examples/daxing/README.md)."),
)  # fmt: skip
@click.option("--seed", type=int, help=_("Make new data from this seed."))
@click.option("--projects", type=click.IntRange(1), help=_("How many projects to make."))
@click.option("--planted", type=click.IntRange(0), help=_("How many of them to give a problem."))
@click.option("--accounts", type=click.IntRange(0), help=_("How many accounts to make."))
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False),
    help=_("Where everything is written (default: out/demo-MODE-TIME)."),
)  # fmt: skip
@click.pass_obj
def demo(
    invocation: Invocation, mode: str, data: Path | None, seed: int | None, projects: int | None, planted: int | None,
    accounts: int | None, out: Path | None,
) -> None:  # fmt: skip
    """Run the demonstration."""
    wanted = (seed, projects, planted, accounts)
    if data is not None and wanted != (None, None, None, None):
        raise click.UsageError(_("Give --data, or what to make (--seed, --projects, --planted, --accounts): not both."))
    source = data if data is not None else TEMPLATES if wanted == (None, None, None, None) else _made(*wanted)
    if isinstance(source, Made) and source.planted > source.projects:
        raise click.UsageError(_("--planted cannot be more than --projects."))
    done = demonstrate(source, mode, out or _DEFAULT_OUT / f"demo-{mode}-{time.strftime('%Y%m%d-%H%M%S')}", _teller())
    result = {
        **outcome.as_json(done.outcome, done.audit, done.seconds),
        "mode": mode,
        "out": str(done.out),
        "flagged_projects": str(done.out / outcome.FLAGGED_FILE),
    }
    emit(invocation, result, lambda console: report.show(console, done))


def _made(seed: int | None, projects: int | None, planted: int | None, accounts: int | None) -> Made:
    number = generate.DEFAULT_PROJECTS if projects is None else projects
    share = generate.DEFAULT_PLANTED / generate.DEFAULT_PROJECTS
    return Made(
        seed=generate.DEFAULT_SEED if seed is None else seed,
        projects=number,
        planted=round(number * share) if planted is None else planted,
        accounts=generate.DEFAULT_ACCOUNTS if accounts is None else accounts,
    )


def _teller() -> Callable[[str], None]:
    """Progress goes to standard error, with the seconds since the start."""
    started = time.monotonic()
    console = Console(file=sys.stderr, highlight=False)

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - started:5.1f} s[/]  ", end="")
        console.print(text, markup=False)

    return say
