"""Working days: published days that anybody can look up, terms across holidays, and files that are refused."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from matcher.agency.calendar import store, workdays
from matcher.agency.commands import calendar as command
from matcher.agency.health import calendar_line
from matcher.protocol.errors import InputError
from matcher.text.terminal import Invocation

HEAD = 'format = "concordat-calendar-v1"\n'
NEXT = HEAD + '[years.2027]\nnotice = "通知"\noff = [2027-01-01]\nwork = [2027-01-03]\n'


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        ("2022-01-28", True),  # the Friday before
        ("2022-01-29", True),  # Saturday, worked for the Spring Festival
        ("2022-01-30", True),  # Sunday, worked
        ("2022-01-31", False),  # New Year's Eve, a Monday
        ("2022-02-06", False),  # the last day off
        ("2022-02-07", True),
        ("2022-02-12", False),  # a plain Saturday
        ("2022-10-07", False),
        ("2022-10-08", True),  # Saturday, worked for National Day
        ("2023-05-06", True),  # Saturday, worked for Labour Day
        ("2024-02-09", True),  # New Year's Eve, no day off in 2024
        ("2024-02-18", True),  # Sunday, worked
        ("2025-01-28", False),  # New Year's Eve, a day off from 2025 on
        ("2025-10-08", False),  # National Day with Mid-Autumn: eight days
        ("2025-10-11", True),
        ("2026-02-23", False),  # the longest Spring Festival: nine days
        ("2026-02-24", True),
        ("2026-02-28", True),  # Saturday, worked
    ],
)
def test_published_days(day: str, worked: bool) -> None:
    assert workdays.packaged().is_working_day(date.fromisoformat(day)) is worked


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2022-01-27", 1, "2022-01-28"),
        ("2022-01-28", 1, "2022-01-29"),  # a make-up Saturday counts
        ("2022-01-28", 2, "2022-01-30"),
        ("2022-01-28", 3, "2022-02-07"),  # seven days off do not
        ("2022-01-14", 20, "2022-02-16"),
        ("2022-05-28", 1, "2022-05-30"),  # an event on a Saturday
        ("2021-12-31", 1, "2022-01-04"),  # across the year
        ("2022-06-01", 20, "2022-06-30"),
    ],
)
def test_terms(start: str, count: int, end: str) -> None:
    assert workdays.packaged().after(date.fromisoformat(start), count) == date.fromisoformat(end)


def test_the_packaged_years_are_2020_to_2026_and_name_their_notice() -> None:
    years = workdays.packaged().years
    assert sorted(years) == list(range(2020, 2027))
    for number, year in years.items():
        assert f"关于{number}年部分节假日安排的通知" in year.notice
        assert 28 <= len(year.off) <= 33
        assert 5 <= len(year.work) <= 8


def test_a_year_that_is_not_known_is_refused_and_not_guessed() -> None:
    with pytest.raises(InputError) as caught:
        workdays.packaged().after(date(2026, 12, 28), 20)
    assert caught.value.code == "calendar-year"
    assert "2027" in str(caught.value)


@pytest.mark.parametrize("count", [0, -1, 1001])
def test_a_term_without_sense_is_refused(count: int) -> None:
    with pytest.raises(InputError):
        workdays.packaged().after(date(2022, 1, 4), count)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("\xff", "UTF-8"),
        ("[", "TOML"),
        ("", "format"),
        (HEAD, "format"),
        (HEAD + "[years]\n", "format"),
        (NEXT + "[other]\n", "format"),
        (NEXT.replace("2027]", "27]", 1), "years.27"),
        (NEXT.replace('notice = "通知"\n', ""), "years.2027"),
        (NEXT.replace("通知", " "), "notice"),
        (NEXT.replace("work = [2027-01-03]", "work = [2027-01-04]"), "make-up"),
        (NEXT.replace("work = [2027-01-03]", "work = [2027-01-03, 2027-01-03]"), "twice"),
        (NEXT.replace("off = [2027-01-01]", "off = [2027-01-03]"), "both"),
        (NEXT.replace("off = [2027-01-01]", 'off = ["2027-01-01"]'), "without quotes"),
        (NEXT.replace("off = [2027-01-01]", "off = [2026-01-01]"), "another year"),
        (NEXT.replace("off = [2027-01-01]", "off = [2027-01-01T00:00:00]"), "without quotes"),
    ],
)
def test_a_bad_calendar_file_is_refused_by_name(text: str, named: str) -> None:
    data = text.encode("latin-1") if text == "\xff" else text.encode()
    with pytest.raises(InputError) as caught:
        workdays.parse(data, "next.toml")
    assert caught.value.code == "calendar-file"
    assert "next.toml" in str(caught.value)
    assert named in str(caught.value)


def _run(home: Path, *words: str) -> Result:
    group = click.Group()
    command.register(group)
    return CliRunner().invoke(group, ["calendar", *words], obj=Invocation(home, True, None, "", None))


def test_a_year_is_added_from_a_file_and_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "next.toml"
    home.mkdir()
    assert isinstance(_run(home, "due", "2026-12-28").exception, InputError)
    file.write_text(NEXT, encoding="utf-8")
    assert json.loads(_run(home, "add", str(file)).stdout) == {"added": [2027]}
    assert json.loads(_run(home, "due", "2026-12-31", "--days", "1").stdout) == {"due": "2027-01-03"}
    file.write_text(NEXT.replace("work = [2027-01-03]", "work = []"), encoding="utf-8")
    assert _run(home, "add", str(file)).exit_code == 0
    assert json.loads(_run(home, "due", "2026-12-31", "--days", "1").stdout) == {"due": "2027-01-04"}
    shown = json.loads(_run(home, "show", "2027").stdout)["years"]
    assert shown == [{"year": 2027, "notice": "通知", "off": ["2027-01-01"], "work": []}]
    assert [item["year"] for item in json.loads(_run(home, "show").stdout)["years"]] == list(range(2020, 2028))


def test_every_packaged_year_survives_being_written_as_a_file(tmp_path: Path) -> None:
    path = Path(workdays.__file__).with_name("workdays.toml")
    assert store.add(tmp_path, path) == tuple(range(2020, 2027))
    assert store.calendar_of(tmp_path) == workdays.packaged()


@pytest.mark.parametrize(
    ("day", "level"), [("2026-11-01", "OK"), ("2026-11-02", "WARN"), ("2027-03-01", "WARN"), ("2022-05-31", "OK")]
)
def test_the_doctor_asks_for_the_next_year_two_months_ahead(day: str, level: str) -> None:
    # 23:59 in China, which is 15:59 in UTC.
    moment = int(datetime.fromisoformat(f"{day}T15:59:00+00:00").timestamp())
    line = calendar_line(workdays.packaged(), moment)
    assert line.level == level
    assert "2026" in line.text
    assert bool(line.remedy) is (level == "WARN")
