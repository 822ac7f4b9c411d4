"""`concordat sample`: a workbook with this party's columns, to be filled in."""

from __future__ import annotations

from pathlib import Path

import click

from keys import files
from matcher.agency.commands.check import side_terms
from matcher.agency.commands.reading import agreement_options
from matcher.agency.files.sample import header_of, workbook
from matcher.agency.local.flows import COLUMNS as FLOW_COLUMNS
from matcher.protocol.errors import InputError
from matcher.text import _, language
from matcher.text.terminal import Invocation, emit


def register(group: click.Group) -> None:
    """Add the command to ``group``."""
    group.add_command(_sample)


@click.command("sample", help=_("Write a workbook with this party's columns to fill in, in the language of --lang."))
@agreement_options
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help=_("The workbook to write (.xlsx).")
)
@click.option(
    "--flows", is_flag=True, help=_("The columns of monthly flows instead, for an answering side's own rules.")
)
@click.pass_obj
def _sample(
    invocation: Invocation, flow: str, agreement: Path | None, party: str, out: Path, flows: bool
) -> None:  # fmt: skip
    if out.suffix.lower() != ".xlsx":
        raise InputError("a sample is an Excel workbook", remedy="Give --out FILE.xlsx.")
    terms = side_terms(invocation, flow, agreement, party)
    codes = [code for field in terms.layout.fields for code in field.codes]
    if flows and (terms.side != "answering" or not codes):
        raise InputError(
            f"only an answering side has flows and local rules, and only where flow {terms.flow} has a field of flags",
            remedy="Leave out --flows.",
        )
    columns = FLOW_COLUMNS if flows else terms.columns
    files.write(out, workbook(columns, codes, language()))
    result = {
        "flow": terms.flow,
        "side": terms.side,
        "columns": [header_of(column, language()) for column in columns if column.headers],
        "file": str(out),
    }
    text = (
        _("Written to {path}. Replace the two invented lines, then give it with --flows.", path=out)
        if flows
        else _("Written to {path}. Replace the two invented records, then run `concordat check {path}`.", path=out)
    )
    emit(invocation, result, lambda console: console.print(text, markup=False, soft_wrap=True))
