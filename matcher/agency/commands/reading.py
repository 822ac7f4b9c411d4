"""What `concordat submit`, `check` and `sample` share: how files are read, and what is said of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from matcher.agency.files import mappings
from matcher.agency.files.mappings import SourceMapping
from matcher.agency.records.rejects import reason
from matcher.protocol.errors import InputError
from matcher.text import _

if TYPE_CHECKING:
    from rich.console import Console

Command = TypeVar("Command", bound=Callable[..., Any])


def reading_options(command: Command) -> Command:
    """Add ``--sheet`` and ``--mapping``."""
    command = click.option(
        "--mapping", multiple=True, metavar="NAME",
        help=_("A saved column mapping; one for each source. Each file takes the one that fits."),
    )(command)  # fmt: skip
    return click.option(
        "--sheet", default="", metavar="NAME",
        help=_("The sheet to read, by name or number (default: the one whose header fits)."),
    )(command)  # fmt: skip


def local_options(command: Command) -> Command:
    """Add ``--flows`` and ``--local-rules``, for an answering side."""
    command = click.option(
        "--local-rules", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
        help=_("This agency's own rules (default: HOME/local-rules.toml, or those that came with the program)."),
    )(command)  # fmt: skip
    return click.option(
        "--flows", multiple=True, type=click.Path(path_type=Path), metavar="FILE",
        help=_("Monthly flows of the accounts, for this agency's own rules; they stay here. May be repeated."),
    )(command)  # fmt: skip


def agreement_options(command: Command) -> Command:
    """Add ``--flow``, ``--agreement`` and ``--party``, for commands that need no key."""
    command = click.option(
        "--party", default="", metavar="ID", help=_("Whose files these are (default: this home's party).")
    )(command)
    command = click.option(
        "--agreement", type=click.Path(path_type=Path, file_okay=False, exists=True), metavar="DIR",
        help=_("Directory of an agreement's two files, signed or not (default: the one kept in this home)."),
    )(command)  # fmt: skip
    return click.option(
        "--flow", default="", metavar="ID", help=_("The comparison, as the agreement names it (default: the only one).")
    )(command)


def rejects_path(given: Path | None, files: Sequence[Path]) -> Path:
    """Where rejects go. Raises InputError when that is one of the files themselves."""
    path = given or files[0].with_suffix(".rejects.csv")
    if path.resolve() in [file.resolve() for file in files]:
        raise InputError("--rejects names one of the files to submit", remedy="Give another path.")
    return path


def load_all(home: Path, names: Sequence[str]) -> tuple[SourceMapping, ...]:
    """The saved mappings of these names. Raises InputError."""
    return tuple(mappings.load(home, name) for name in dict.fromkeys(names))


def show_local(console: Console, result: dict[str, Any]) -> None:
    """What local rules found, in counts; nothing for an asking side."""
    for line in _local_lines(result.get("flows", {}), result.get("warnings", {})):
        console.print(line)
    for code, count in result.get("codes", {}).items():
        console.print(_("  {count:,} accounts: {code}", count=count, code=code))
    if left_out := ", ".join(result.get("left_out", ())):
        console.print(_("  The agreement has no code for these rules, so they are not used: {codes}", codes=left_out))


def _local_lines(flows: dict[str, Any], warnings: dict[str, int]) -> Iterator[str]:
    if flows:
        yield _(
            "Flows: {rows:,} rows of {accounts:,} accounts up to {last_month}; {rejected:,} rows rejected.", **flows
        )
    if count := flows.get("unasked"):
        yield _("  {n:,} accounts with flows are in none of the account files", n=count)
    if count := flows.get("incomplete"):
        yield _("  {n:,} accounts have a rejected row of flows; no rule looks at their flows", n=count)
    if count := warnings.get("without-flows"):
        yield _("  {n:,} wage accounts have no flows; no rule looks at them", n=count)
    if count := warnings.get("unknown-state"):
        yield _("  {n:,} account states are in no list of the local rules; no rule looks at them", n=count)


def show_files(console: Console, files: Sequence[dict[str, Any]]) -> None:
    """A line for each file: what it is, where its header stands, what is not read."""
    for file in files:
        parts = [file["form"]]
        if file["sheet"]:
            parts.append(_("sheet {sheet}", sheet=file["sheet"]))
        if file["header_line"]:
            parts.append(_("header in line {line}", line=file["header_line"]))
        if file["hidden_rows"]:
            parts.append(_("{n:,} hidden rows were read as well", n=file["hidden_rows"]))
        if units := {unit for unit in file["units"].values() if unit != "元"}:
            parts.append(_("amounts in {units}", units=", ".join(sorted(units))))
        if file["not_read"]:
            parts.append(_("not read: {headers}", headers=", ".join(file["not_read"])))
        if file["absent"]:
            parts.append(_("not in the file: {columns}", columns=", ".join(file["absent"])))
        console.print(f"{file['file']}: {'; '.join(parts)}", markup=False, soft_wrap=True)


def show_reasons(console: Console, result: dict[str, Any]) -> None:
    """Why records were rejected, and how many credit codes count as unknown."""
    for code, count in result["reasons"].items():
        console.print(_("  {count:,} x {reason}", count=count, reason=reason(code)[0]), markup=False)
    if result["warnings"]:
        console.print(_("  {n:,} credit codes do not check and count as unknown", n=result["warnings"]))
