"""A home's own calendar years, added without a network: HOME/calendar/YEAR.toml, one file a year.

A year that stands there takes the place of the program's own, so that a changed notice can be followed at once.
"""

from __future__ import annotations

from pathlib import Path

from keys import files
from matcher.agency.calendar.workdays import Calendar, packaged, parse
from matcher.protocol.errors import InputError

DIRECTORY = "calendar"
_MAX_SIZE = 1 << 20


def calendar_of(home: Path) -> Calendar:
    """The program's years with those added at ``home``. Raises InputError for a file that was damaged."""
    calendar = packaged()
    for path in sorted((home / DIRECTORY).glob("*.toml")):
        calendar = calendar.with_years(read(path))
    return calendar


def read(path: Path) -> Calendar:
    """The calendar file at ``path``. Raises InputError."""
    try:
        with path.open("rb") as stream:
            return parse(stream.read(_MAX_SIZE), path.name)
    except OSError as error:
        raise InputError(f"{path.name}: the file cannot be opened", remedy="Check path and permissions.") from error


def add(home: Path, path: Path) -> tuple[int, ...]:
    """Take over the years of the calendar file at ``path``; returns them. Raises InputError."""
    calendar = read(path)
    years = tuple(sorted(calendar.years))
    directory = home / DIRECTORY
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for year in years:
        files.write(directory / f"{year}.toml", _only(calendar, year).encode(), replace=True)
    return years


def _only(calendar: Calendar, year: int) -> str:
    """One year as a file of its own."""
    this = calendar.years[year]
    off, work = (", ".join(map(str, sorted(days))) for days in (this.off, this.work))
    notice = this.notice.replace("\\", "\\\\").replace('"', '\\"')
    return f'format = "concordat-calendar-v1"\n\n[years.{year}]\nnotice = "{notice}"\noff = [{off}]\nwork = [{work}]\n'
