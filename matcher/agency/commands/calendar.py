"""``concordat calendar``: the working days by which due dates are counted, and their yearly update from a file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from matcher.agency.calendar import store
from matcher.agency.calendar.workdays import Calendar
from matcher.text import _
from matcher.text.terminal import Invocation, emit, table

if TYPE_CHECKING:
    from rich.console import Console

_DATE = click.DateTime(("%Y-%m-%d",))
_WORKING_DAYS = 20


def register(group: click.Group) -> None:
    """Add the commands to ``group``."""
    group.add_command(calendar)


@click.group("calendar", help=_("Working days, days off and make-up days."))
def calendar() -> None:
    """Show and update."""


@calendar.command("show", help=_("Show the years that are known, or one YEAR's days off and make-up days."))
@click.argument("year", type=int, required=False)
@click.pass_obj
def show(invocation: Invocation, year: int | None) -> None:
    """Show the calendar."""
    known = store.calendar_of(invocation.home)
    if year is not None:
        known.is_working_day(date(year, 1, 1))
    shown = [year] if year is not None else sorted(known.years)
    result = {
        "years": [
            {
                "year": item,
                "notice": known.years[item].notice,
                "off": [str(day) for day in sorted(known.years[item].off)],
                "work": [str(day) for day in sorted(known.years[item].work)],
            }
            for item in shown
        ]
    }
    emit(invocation, result, lambda console: _show(console, known, shown))


def _show(console: Console, known: Calendar, years: Sequence[int]) -> None:
    rows = [
        (str(year), len(known.years[year].off), len(known.years[year].work), known.years[year].notice)
        for year in years
    ]  # fmt: skip
    console.print(table("", (_("Year"), _("Days off"), _("Make-up days"), _("Notice")), rows))
    if len(years) == 1:
        this = known.years[years[0]]
        console.print(_("Days off: {days}", days=_spelled(this.off)))
        console.print(_("Make-up days: {days}", days=_spelled(this.work)))


def _spelled(days: frozenset[date]) -> str:
    return ", ".join(f"{day:%m-%d}" for day in sorted(days))


@calendar.command("add", help=_("Take over the years of FILE, in place of those known: an update without a network."))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.pass_obj
def add(invocation: Invocation, file: Path) -> None:
    """Update the calendar of this home."""
    years = store.add(invocation.home, file)
    said = ", ".join(map(str, years))
    emit(invocation, {"added": list(years)}, lambda console: console.print(_("Added: {years}", years=said)))


@calendar.command("due", help=_("The last day of a term of working days that begins on the day after DATE."))
@click.argument("day", metavar="DATE", type=_DATE)
@click.option("--days", type=int, default=_WORKING_DAYS, show_default=True, help=_("How many working days."))
@click.pass_obj
def due(invocation: Invocation, day: datetime, days: int) -> None:
    """Count working days."""
    end = store.calendar_of(invocation.home).after(day.date(), days)
    emit(invocation, {"due": str(end)}, lambda console: console.print(str(end)))
