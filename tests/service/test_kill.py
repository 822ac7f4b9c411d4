"""kill -9 at moments nobody chose: what was acknowledged is there after the restart, and the log is whole."""

from __future__ import annotations

import os
import random
import threading
from pathlib import Path

import pytest

from matcher.protocol.errors import ConcordatError
from matcher.service.store import segments, spool
from tests.service import paper
from tests.service.party import chunks, in_order, manifest_body
from tests.service.process import Serving
from tests.service.world import Template, World

ROWS = 3000


@pytest.mark.parametrize("seed", range(3))
def test_nothing_acknowledged_is_lost(tmp_path: Path, template: Template, seed: int) -> None:
    world = World(tmp_path / "service", template)
    world.admit(paper.ASKING, paper.ANSWERING, paper.AUDITOR)
    world.agree()
    packed = in_order([world.row(paper.ANSWERING, str(number), ("91", 10_000, 0)) for number in range(ROWS)])
    world.stop()
    chance = random.Random(seed)  # noqa: S311 - a test's choices
    submission = os.urandom(16)
    bank = world.parties[paper.ANSWERING]
    manifest = bank.sign(
        "manifest", manifest_body(submission, packed, 1, b""), hours=0, agreement=world.agreement.digest
    )
    acknowledged, is_sealed, kills = 0, False, 0
    while not is_sealed:
        serving = Serving(world.home.path)
        # Later and later, so that the work comes to its end.
        timer = threading.Timer(chance.uniform(0.0, 0.25) * (kills + 1), serving.process.kill)
        timer.start()
        with bank.channel(serving.address, world.public.tls_certificate) as channel:
            try:
                state = channel.open_upload(
                    submission, world.agreement.digest, paper.FLOW, paper.PERIOD, 1, len(packed)
                )
                assert state.next_row >= acknowledged
                if not state.sealed:
                    for next_row in channel.upload(submission, chunks(packed, 50, state.next_row)):
                        acknowledged = next_row
                channel.seal(submission, manifest)
                is_sealed = True
            except ConcordatError:
                kills += 1
        timer.cancel()
        timer.join()
        serving.kill()
    world.start()
    try:
        assert world.log_types().count("submission-sealed") == 1
        assert list(segments.found(world.home.segments)) == [submission]
        assert list(spool.found(world.home.spool)) == []
        assert [item.rows for item in world.channel(paper.ASKING).list_submissions(
            world.agreement.digest, paper.FLOW, paper.PERIOD
        )] == [ROWS]  # fmt: skip
    finally:
        world.stop()
