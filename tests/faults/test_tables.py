"""The fault tables, short: some steps of every act, in one form each; bench/faults.py has every step in every form."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.ground import Killable
from tests.faults.kills import kill_at_random
from tests.faults.local_acts import Shelf
from tests.faults.local_table import LocalTable
from tests.faults.scenes import SCENES, SLOW
from tests.faults.service_acts import ACTS, BESIDE
from tests.faults.service_table import Table
from tests.faults.steps import IN_PROCESS
from tests.service.world import Template

# A command whose disk has failed ends, and the system closes its files.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
_FAILED_EVERY = 3
_KILLED_EVERY = 6
_SLOW_EVERY = 24
_RANDOM_KILLS = 12


@pytest.mark.parametrize("name", ACTS)
def test_a_step_that_fails_at_the_service_loses_nothing(tmp_path: Path, template: Template, name: str) -> None:
    table = Table(tmp_path / "table", template, name)
    assert any(step.startswith("commit") for step in table.steps)
    for number in range(len(name) % _FAILED_EVERY, len(table.steps), _FAILED_EVERY):
        form = IN_PROCESS[(number + len(name)) % len(IN_PROCESS)]
        for trial in table.in_process([number], (form,)):
            assert trial.lost == "", trial


@pytest.mark.parametrize("name", [name for name in ACTS if name not in BESIDE])
def test_a_service_killed_at_a_step_loses_nothing(tmp_path: Path, template: Template, name: str) -> None:
    table = Table(tmp_path / "table", template, name)
    killable = Killable(table.ground.world)
    try:
        for trial in table.killed(killable, range(len(name) % _KILLED_EVERY, len(table.steps), _KILLED_EVERY)):
            assert trial.lost == "", trial
    finally:
        killable.close()


@pytest.mark.parametrize("name", SCENES)
def test_a_step_that_fails_at_a_party_is_repeated(tmp_path: Path, shelf: Shelf, name: str) -> None:
    table = LocalTable(tmp_path / "trial", shelf, name)
    every = _SLOW_EVERY if name in SLOW else _FAILED_EVERY
    for number in range(len(name) % every, len(table.steps), every):
        form = IN_PROCESS[(number + len(name)) % len(IN_PROCESS)]
        assert list(table.run([number], (form,)))


@pytest.mark.parametrize("name", SCENES)
def test_a_party_killed_at_a_step_loses_nothing(tmp_path: Path, shelf: Shelf, name: str) -> None:
    table = LocalTable(tmp_path / "trial", shelf, name)
    every = len(table.steps) // (1 if name in SLOW else 4) or 1
    assert list(table.killed(range(len(name) % every, len(table.steps), every)))


def test_kills_at_random_moments_lose_nothing(tmp_path: Path, template: Template) -> None:
    tally = kill_at_random(tmp_path / "kills", template, _RANDOM_KILLS)
    assert tally.kills >= _RANDOM_KILLS
    assert tally.lost == []
