"""Working days of the demonstration's half year, to plant due dates by.

The State Council's notices for 2021 and 2022, as far as the demonstration's permits reach. They stand here a second
time on purpose: the demonstration only drives commands and must not share the calendar it puts to the test.
"""

from __future__ import annotations

from datetime import date, timedelta

FIRST, LAST = date(2021, 12, 1), date(2022, 4, 29)
_OFF = frozenset(
    (
        *(date(2022, 1, day) for day in (1, 2, 3, 31)),
        *(date(2022, 2, day) for day in range(1, 7)),
        *(date(2022, 4, day) for day in (3, 4, 5)),
    )
)
_WORKED = frozenset((date(2022, 1, 29), date(2022, 1, 30), date(2022, 4, 2), date(2022, 4, 24)))
_SATURDAY = 5


def after(day: date, working_days: int) -> date:
    """The last of ``working_days`` working days after ``day``. Raises ValueError outside the half year."""
    while working_days:
        day += timedelta(days=1)
        if not FIRST <= day <= LAST:
            raise ValueError("the demonstration's calendar ends here")
        working_days -= day in _WORKED or (day.weekday() < _SATURDAY and day not in _OFF)
    return day
