"""Nobody is let in: the matrix of denials, whole. What it is made of is in matrix.py and roles.py."""

from __future__ import annotations

import pytest

from keys.signing import SigningKey
from matcher.protocol import cosignature
from matcher.service import limits, transport_log
from tests.service.matrix import WITNESS, Matrix, Result
from tests.service.roles import roles
from tests.service.world import World


def run_matrix(world: World) -> Result:
    """The matrix on a world without an agreement. ``limits`` must let the log take a repeated refusal each time."""
    world.stop()
    with transport_log.taken(world.home.transport_log) as transport:
        world.transport = transport.lines
        world.start()
        try:
            return _run(world)
        finally:
            world.stop()
            world.transport = tuple


def _run(world: World) -> Result:
    witness = SigningKey.generate()
    verifier = cosignature.verifier_key(WITNESS, witness.public)
    witnesses = {"threshold": 1, "witnesses": f'"{verifier}"'}
    world.agree(**witnesses)
    with roles(world) as everyone:
        return Matrix(world, everyone, world.files(**witnesses), witness).run()


def test_nobody_is_let_in(admitted: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # The log takes a repeated refusal once a minute; here each cell must find its own.
    monkeypatch.setattr(limits, "DENIAL_SPAN_SECONDS", 0.0)
    monkeypatch.setattr(limits, "HANDSHAKE_SPAN_SECONDS", 0.0)
    monkeypatch.setattr(limits, "HANDSHAKES_READ_SECONDS", 0.01)
    result = run_matrix(admitted)
    assert result.wrongly_allowed == []
    assert result.wrong_status == []
    assert result.unlogged == []
    assert result.wrongly_refused == []
    assert result.cells > 400
