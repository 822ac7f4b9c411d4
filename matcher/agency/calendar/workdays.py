"""Working days as the State Council publishes them, for due dates that the law counts in working days.

A day off is a Saturday or Sunday, or a day of the year's notice; a make-up day (调休) is a Saturday or Sunday that is
worked. A year without a notice is refused and never guessed: its holidays are not known before the notice, which comes
out at the end of the year before. Days are calendar days in Asia/Shanghai, which has had one time zone and no summer
time since 1991; no clock is read here. Left to others: where files lie (store.py), which column is due (due_dates.py).
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib import resources
from typing import Any, Never

from matcher.protocol.errors import InputError

FORMAT = "concordat-calendar-v1"
CALENDAR_YEAR = "calendar-year"
_PACKAGED = "workdays.toml"
_YEARS = range(1992, 2100)
_FRIDAY = 4
_MOST_DAYS = 1000
_DAY = timedelta(days=1)
_UPDATE = "Add the notice's days: `concordat calendar add FILE` (docs/rules.md shows the form)."


@dataclass(frozen=True, slots=True)
class Year:
    """One year's notice: ``off`` are days off, ``work`` Saturdays and Sundays that are worked."""

    notice: str
    off: frozenset[date]
    work: frozenset[date]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The years that are known."""

    years: Mapping[int, Year] = field(default_factory=dict)

    def is_working_day(self, day: date) -> bool:
        """Whether ``day`` is worked. Raises InputError (calendar-year) for a year that is not known."""
        year = self.years.get(day.year)
        if year is None:
            raise InputError(f"the calendar has no year {day.year}", code=CALENDAR_YEAR, remedy=_UPDATE)
        return day in year.work or (day.weekday() <= _FRIDAY and day not in year.off)

    def after(self, day: date, working_days: int) -> date:
        """The last day of a term of ``working_days`` (1 to 1,000) that begins on the day after ``day``.

        The day of the event itself does not count (Civil Code, article 201); the end is a working day by itself.
        Raises InputError (calendar-year) where the term reaches a year that is not known.
        """
        if not 1 <= working_days <= _MOST_DAYS:
            raise InputError(f"a term of 1 to {_MOST_DAYS} working days is expected")
        while working_days:
            day += _DAY
            working_days -= self.is_working_day(day)
        return day

    def digest(self) -> bytes:
        """SHA-256 over all days, in order."""
        lines = [
            f"{number} {'off' if days is year.off else 'work'} {day}"
            for number, year in sorted(self.years.items())
            for days in (year.off, year.work)
            for day in sorted(days)
        ]
        return hashlib.sha256("\n".join(lines).encode()).digest()

    def with_years(self, other: Calendar) -> Calendar:
        """This calendar with ``other``'s years in place of its own."""
        return Calendar({**self.years, **other.years})


def packaged() -> Calendar:
    """The years that came with the program."""
    return parse((resources.files(__package__) / _PACKAGED).read_bytes(), _PACKAGED)


def parse(data: bytes, name: str) -> Calendar:
    """A calendar file. Raises InputError, naming the file ``name`` and the year, for anything it should not hold."""
    try:
        value = tomllib.loads(data.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        _refuse(name, f"not TOML: {error}" if isinstance(error, tomllib.TOMLDecodeError) else "not UTF-8")
    years = value.get("years")
    if value.get("format") != FORMAT or set(value) != {"format", "years"} or not isinstance(years, dict) or not years:
        _refuse(name, f'format = "{FORMAT}" and tables [years.YEAR] are expected')
    return Calendar({int(key): _year(name, key, years[key]) for key in years if _is_year(name, key)})


def _is_year(name: str, key: str) -> bool:
    if not (key.isascii() and key.isdigit() and int(key) in _YEARS):
        _refuse(name, f"years.{key[:16]} is no year")
    return True


def _year(name: str, key: str, value: Any) -> Year:
    where = f"years.{key}"
    if not isinstance(value, dict) or set(value) != {"notice", "off", "work"}:
        _refuse(name, f"{where}: notice, off and work are expected, and nothing else")
    if not isinstance(value["notice"], str) or not value["notice"].strip():
        _refuse(name, f"{where}.notice: name the notice that the days are from")
    off, work = (_days(name, f"{where}.{part}", int(key), value[part]) for part in ("off", "work"))
    if any(day.weekday() <= _FRIDAY for day in work):
        _refuse(name, f"{where}.work: only Saturdays and Sundays can be make-up days")
    if off & work:
        _refuse(name, f"{where}: a day is both off and worked")
    return Year(value["notice"], off, work)


def _days(name: str, where: str, year: int, value: Any) -> frozenset[date]:
    if not isinstance(value, list) or not all(type(day) is date for day in value):
        _refuse(name, f"{where}: dates such as 2026-01-01, without quotes, are expected")
    if any(day.year != year for day in value):
        _refuse(name, f"{where}: a day of another year")
    if len(set(value)) < len(value):
        _refuse(name, f"{where}: a day stands twice")
    return frozenset(value)


def _refuse(name: str, problem: str) -> Never:
    raise InputError(
        f"the calendar file {name} cannot be used: {problem}",
        code="calendar-file",
        remedy="Write it as docs/rules.md shows, from the State Council's notice.",
    )
