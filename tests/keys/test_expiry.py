"""Warnings at 60, 30 and 7 days, and what is over."""

from __future__ import annotations

import pytest

from keys import tls
from keys.expiry import Expiry, expiry

DAY = 86_400
NOW = 1_700_000_000
_KEY, CERTIFICATE = tls.new_identity("bank", NOW, 100)


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (61 * DAY, Expiry(61, 0, False)),
        (61 * DAY - 1, Expiry(60, 60, False)),
        (31 * DAY, Expiry(31, 60, False)),
        (30 * DAY, Expiry(30, 30, False)),
        (8 * DAY - 1, Expiry(7, 7, False)),
        (1, Expiry(0, 7, False)),
        (0, Expiry(0, 7, True)),
        (-DAY, Expiry(-1, 7, True)),
    ],
)
def test_expiry(left: int, expected: Expiry) -> None:
    assert expiry(CERTIFICATE, tls.not_after(CERTIFICATE) - left) == expected
