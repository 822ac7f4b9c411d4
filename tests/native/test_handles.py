"""Handles of the crate are those of the portable path, bit for bit."""

from __future__ import annotations

import os

import pytest

from matcher.agency.blind.handles import Handles
from matcher.protocol import suite
from tests.native.columns import column, native

PLACE = (bytes(range(32)), "account-check", "2022-05")


@pytest.mark.parametrize("ending", [None, b"\x1fwage_account"])
def test_handles_are_equal_to_the_portable_ones(ending: bytes | None) -> None:
    key, prefix = os.urandom(32), suite.handle_prefix(*PLACE)
    row_ids = [b"%d" % number for number in range(300)]
    links = [os.urandom(number % 90) for number in range(300)]
    found = native().handles(key, prefix, *column(row_ids), *column(links), ending=ending)
    of = Handles(key, prefix).of
    assert found == b"".join(of(row + (ending or b""), link) for row, link in zip(row_ids, links, strict=True))
