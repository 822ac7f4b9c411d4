"""`concordat submit`: this agency's rows of one flow and period, from files to a sealed submission."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.agency.commands.reading import (
    load_all,
    local_options,
    reading_options,
    rejects_path,
    show_files,
    show_local,
    show_reasons,
)
from matcher.agency.files.batches import Reading
from matcher.agency.home import AgencyHome
from matcher.agency.session import warn_of_expiry
from matcher.agency.submit.flow import submit
from matcher.agency.submit.job import make_job
from matcher.text import _
from matcher.text.terminal import Invocation, emit, progress

if TYPE_CHECKING:
    from rich.console import Console


def register(group: click.Group) -> None:
    """Add the command to ``group``."""
    group.add_command(_submit)


@click.command(
    "submit", help=_("Blind the rows of FILES and submit them: XLSX, XLS, CSV or Parquet, whole, not only changes.")
)
@click.option("--flow", required=True, help=_("The comparison, as the agreement names it."))
@click.option("--period", required=True, help=_("The period, such as 2022-05."))
@click.option("--strict", is_flag=True, help=_("Send nothing if a row is rejected; exit with status 8."))
@click.option(
    "--rejects", type=click.Path(dir_okay=False, path_type=Path),
    help=_("Where rejected rows are listed (default: beside the first file)."),
)  # fmt: skip
@local_options
@reading_options
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_context
def _submit(
    context: click.Context, flow: str, period: str, strict: bool, rejects: Path | None, sheet: str,
    mapping: tuple[str, ...], flows: tuple[Path, ...], local_rules: Path | None, files: tuple[Path, ...],
) -> None:  # fmt: skip
    invocation: Invocation = context.obj
    started = time.monotonic()
    home = AgencyHome.of(invocation)
    warn_of_expiry(home, quiet=invocation.as_json)
    job = make_job(
        home, flow, period, files, Reading(sheet, load_all(home.path, mapping)), strict=strict, flows=flows,
        local_rules=local_rules,
    )  # fmt: skip
    result = submit(job, rejects_path(rejects, (*files, *flows)), progress)
    result["seconds"] = round(time.monotonic() - started, 2)
    emit(invocation, result, lambda console: _show(console, result))


def _show(console: Console, result: dict[str, Any]) -> None:
    show_files(console, result["files"])
    console.print(
        _(
            "{rows:,} rows read, {records:,} records: {accepted:,} accepted, {rejected:,} rejected, "
            "{duplicates:,} repeated.",
            **result,
        )
    )
    show_reasons(console, result)
    if result.get("spared"):
        console.print(_("  {n:,} records need no comparison, by what their row says", n=result["spared"]))
    show_local(console, result.get("local_rules", {}))
    if result["rejects_file"]:
        console.print(_("What to correct: {file}", file=result["rejects_file"]), markup=False)
    console.print(
        _(
            "Sent {sent:,} rows and {deleted:,} deletions as submission {sequence}; it stands in the log as "
            "entry {log_index}.",
            **result,
        )
    )
    if result["evaluated"]:
        console.print(_("{n:,} evaluations were asked of the key holder.", n=result["evaluated"]))
    console.print(_("{seconds:.1f} seconds, {rate:,.0f} rows/s.", seconds=result["seconds"], rate=_rate(result)))


def _rate(result: dict[str, Any]) -> float:
    return float(result["rows"] / max(result["seconds"], 0.01))
