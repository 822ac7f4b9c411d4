"""`concordat check`: what a submission of these files would take and reject, told at home; nothing is sent.

Also where a source's column mapping is tried out and saved, since one sees at once whether it was understood.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.agency.calendar.store import calendar_of
from matcher.agency.check.checking import Checked, check
from matcher.agency.check.preview import Preview
from matcher.agency.check.terms import SideTerms, of_directory, of_home
from matcher.agency.commands.reading import (
    agreement_options,
    load_all,
    local_options,
    reading_options,
    rejects_path,
    show_files,
    show_local,
    show_reasons,
)
from matcher.agency.files import mappings
from matcher.agency.files.batches import Reading
from matcher.agency.files.mappings import SourceMapping
from matcher.agency.home import party_of
from matcher.agency.local.session import LAST_OF_THE_FILE, LocalSide, local_side
from matcher.protocol.errors import InputError
from matcher.text import _
from matcher.text.terminal import Invocation, emit, progress, table

if TYPE_CHECKING:
    from rich.console import Console

REJECTED_EXIT_STATUS = 8


def register(group: click.Group) -> None:
    """Add the command to ``group``."""
    group.add_command(_check)


@click.command(
    "check", help=_("Read FILES as a submission would and say what is wrong with them. Sends nothing, needs no key.")
)
@agreement_options
@local_options
@reading_options
@click.option(
    "--map", "given", multiple=True, metavar="HEADER=COLUMN",
    help=_("Read HEADER as the agreement's COLUMN; with a unit of money: HEADER=COLUMN(万元)."),
)  # fmt: skip
@click.option("--save-mapping", default="", metavar="NAME", help=_("Keep --map and --sheet for files of this source."))
@click.option("--strict", is_flag=True, help=_("Exit with status 8 if a row would be rejected."))
@click.option("--preview/--no-preview", default=True, help=_("Show the first records, on a terminal only."))
@click.option(
    "--rejects", type=click.Path(dir_okay=False, path_type=Path),
    help=_("Where rejected rows are listed (default: beside the first file)."),
)  # fmt: skip
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.pass_context
def _check(
    context: click.Context, flow: str, agreement: Path | None, party: str, sheet: str, mapping: tuple[str, ...],
    given: tuple[str, ...], save_mapping: str, strict: bool, preview: bool, rejects: Path | None,
    flows: tuple[Path, ...], local_rules: Path | None, files: tuple[Path, ...],
) -> None:  # fmt: skip
    invocation: Invocation = context.obj
    started = time.monotonic()
    if save_mapping:
        party_of(invocation.home)  # a mapping is kept in a home, so there must be one
    terms = side_terms(invocation, flow, agreement, party)
    chosen = _mappings(invocation.home, terms, mapping, given, sheet, save=bool(save_mapping))
    checked = check(
        terms, files, Reading(sheet, chosen), rejects_path(rejects, (*files, *flows)), progress,
        calendar_of(invocation.home), _local_side(terms, invocation.home, flows, local_rules),
    )  # fmt: skip
    result = {**checked.summary, "flow": terms.flow, "side": terms.side}
    result["mapping"] = ""
    if save_mapping:
        result["mapping"] = str(mappings.save(invocation.home, save_mapping, chosen[0]))
    result["seconds"] = round(time.monotonic() - started, 2)
    emit(invocation, result, lambda console: _show(console, result, checked, preview))
    if strict and result["rejected"]:
        context.exit(REJECTED_EXIT_STATUS)


def _local_side(terms: SideTerms, home: Path, flows: tuple[Path, ...], given: Path | None) -> LocalSide | None:
    fields = terms.layout.fields
    return local_side(home, terms.side, terms.flow, fields, terms.columns, LAST_OF_THE_FILE, flows, given)


def side_terms(invocation: Invocation, flow: str, agreement: Path | None, party: str) -> SideTerms:
    """What the agreement, the one kept here or the one in a directory, says of this party's files."""
    if agreement is None:
        return of_home(invocation.home, flow, int(time.time()))
    return of_directory(agreement, party or party_of(invocation.home)[0], flow)


def _mappings(
    home: Path, terms: SideTerms, names: tuple[str, ...], given: tuple[str, ...], sheet: str, *, save: bool
) -> tuple[SourceMapping, ...]:
    """The saved mappings of these names; with --map, or to be saved, one: what is given, over the saved one."""
    columns = [column.name for column in terms.columns if column.headers]
    saved = tuple(mappings.checked(mapping, columns) for mapping in load_all(home, names))
    if not (given or save):
        return saved
    if len(saved) > 1:
        raise InputError(
            "--map goes with one --mapping at most", remedy="Check the files of each source by themselves."
        )
    new = mappings.given(given, columns, sheet)
    if not saved:
        return (new,)
    kept = [
        entry
        for entry in saved[0].entries
        if all(entry.header != other.header and entry.column != other.column for other in new.entries)
    ]
    return (replace(new, entries=(*kept, *new.entries), sheet=sheet or saved[0].sheet),)


def _show(console: Console, result: dict[str, Any], checked: Checked, preview: bool) -> None:
    show_files(console, result["files"])
    if preview and console.is_terminal:
        _show_preview(console, checked.preview)
    console.print(
        _(
            "{rows:,} rows read, {records:,} records: {accepted:,} would be accepted, {rejected:,} rejected, "
            "{duplicates:,} repeated.",
            **result,
        )
    )
    show_reasons(console, result)
    if result["warnings"]:
        for file, lines in result["warned_lines"].items():
            text = _("    {file}, lines {lines}", file=file, lines=", ".join(map(str, lines)))
            console.print(text, markup=False, soft_wrap=True)
    if result.get("spared"):
        console.print(_("  {n:,} records need no comparison, by what their row says", n=result["spared"]))
    show_local(console, result["local_rules"])
    if result["rejects_file"]:
        console.print(_("What to correct: {file}", file=result["rejects_file"]), markup=False)
    if result["mapping"]:
        console.print(_("The mapping is saved as {file}.", file=result["mapping"]), markup=False)
    console.print(_("Nothing was sent."))


def _show_preview(console: Console, preview: Preview) -> None:
    title = _("The first records as they would be compared (shown here only, kept nowhere)")
    # Cells are the file's own; a bracket in one is no markup.
    console.print(table(title, preview.headings(), preview.rows()))
