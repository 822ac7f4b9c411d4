"""Purging a period: when it may be, what is gone after it, and that the log says so."""

from __future__ import annotations

import os

import pytest

from matcher.protocol.errors import DeniedError, NotFoundError, StateError
from matcher.service import purge
from matcher.service.store.database import number
from matcher.service.store.periods import PeriodName
from tests.service import paper
from tests.service.party import chunks
from tests.service.world import World

VALUES = ("91", 10_000, 0)


def fill(world: World) -> None:
    """Two sealed submissions, a run with a finding, and an upload under way."""
    world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", VALUES)])
    world.submit(paper.ASKING, [world.row(paper.ASKING, "b", VALUES)])
    world.match()
    submission = os.urandom(16)
    channel = world.channel(paper.ASKING)
    channel.open_upload(submission, world.agreement.digest, paper.FLOW, paper.PERIOD, 2, 2)
    list(channel.upload(submission, chunks([world.row(paper.ASKING, "c", VALUES)])))


def test_nothing_of_a_purged_period_is_left(world: World) -> None:
    fill(world)
    assert world.purge() == 2
    for directory in (world.home.segments, world.home.spool, world.home.period_keys, world.home.scratch):
        assert list(directory.iterdir()) == []
    with world.storage.database.read() as transaction:
        assert number(transaction, "SELECT count(*) FROM finding_blocks") == 0
        assert number(transaction, "SELECT count(*) FROM uploads") == 0
        assert number(transaction, "SELECT count(*) FROM runs") == 1
    entry = world.log()[-1]
    assert (entry.type, entry.flow, entry.period, entry.facts) == (
        "period-purged", paper.FLOW, paper.PERIOD, {"segments": 2},
    )  # fmt: skip
    with pytest.raises(DeniedError, match="was purged"):
        world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, "a", VALUES)], sequence=2)
    with pytest.raises(StateError, match="purged before"):
        world.purge()
    world.stop()
    world.start()
    world.log()


def test_another_period_is_untouched(world: World) -> None:
    fill(world)
    row = world.row(paper.ANSWERING, "a", VALUES, period="2022-06")
    world.submit(paper.ANSWERING, [row], period="2022-06")
    world.purge()
    assert len(list(world.home.segments.iterdir())) == 1
    assert len(list(world.home.period_keys.iterdir())) == 1
    world.stop()
    world.start()
    assert len(list(world.home.segments.iterdir())) == 1


def test_a_period_is_kept_while_its_retention_runs(world: World) -> None:
    fill(world)
    storage, name = world.storage, PeriodName(paper.AGREEMENT_ID, paper.FLOW, paper.PERIOD)
    assert purge.due(storage.database, world.clock()) == []
    with pytest.raises(StateError, match="retention of 90 days is not over"):
        world.purge(early=False)
    world.offset = 91 * 86400
    assert purge.due(storage.database, world.clock()) == [name]
    world.purge(early=False)
    assert purge.due(storage.database, world.clock()) == []


def test_an_unknown_period_is_named(world: World) -> None:
    with pytest.raises(NotFoundError, match="no period 2022-05 of flow check"):
        world.purge()
