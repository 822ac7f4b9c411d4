"""Nothing in the log, its export or an auditor's copy can be changed without verify or the witness naming it.

Some hundreds of random changes here; ``make check-long`` and ``python -m bench.audit`` try more than 10,000.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.auditor.live_log import Log
from tests.auditor.mutations import KINDS
from tests.auditor.tampering import Victims

TIMES = int(os.environ.get("CONCORDAT_MUTATIONS", "6"))  # of each kind


@pytest.fixture(scope="module")
def victims(tmp_path_factory: pytest.TempPathFactory) -> Victims:
    return Victims(tmp_path_factory.mktemp("tampering"))


def test_what_nobody_changed_is_named_by_nobody(victims: Victims) -> None:
    assert victims.names_in_export({}, victims.seen) == ""
    assert victims.names_in_copy([], victims.seen) == ""
    assert victims.names_live(Log(victims.leaves)) == ""


@pytest.mark.parametrize("kind", KINDS)
def test_every_change_is_named(victims: Victims, kind: str) -> None:
    missed = [seed for seed in range(TIMES) if not KINDS[kind](victims, random.Random(f"{kind} {seed}"))]  # noqa: S311
    assert missed == []


def test_afterwards_everything_is_as_it_was(victims: Victims) -> None:
    assert victims.names_in_export({}, victims.seen) == ""
    assert victims.names_in_copy([], victims.seen) == ""
