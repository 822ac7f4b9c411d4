"""The one time zone: days and months of an agreement begin at midnight in China, which has had one zone and no summer
time since 1991. Everything that is signed, counted or shown by the day uses this."""

from __future__ import annotations

from datetime import timedelta, timezone

CHINA_SECONDS = 8 * 3600
CHINA = timezone(timedelta(seconds=CHINA_SECONDS))
