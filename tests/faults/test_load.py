"""Load, short: some parties at once; places go to the many before the greedy. bench/faults.py has 64 parties."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from matcher.protocol.errors import OverloadedError
from matcher.service import limits
from matcher.service.metrics import Metrics
from matcher.service.rpc.guard import Guard
from tests.faults.load import run_load
from tests.service.world import Template


def test_parties_at_once_are_served_alike(tmp_path: Path, template: Template) -> None:
    load = run_load(tmp_path / "service", template, parties=16, rows=60)
    assert not load.errors
    assert load.without_advice == 0
    assert load.rows == 16 * 60
    assert load.spread() < 4


def test_in_a_crowd_a_party_keeps_few_places(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CROWDED_CALLS", 5)
    nothing: Any = None
    guard = Guard(nothing, nothing, Metrics(), nothing)
    with ExitStack() as places:
        for _call in range(5):
            places.enter_context(guard._room("greedy"))
        with pytest.raises(OverloadedError) as refused, guard._room("greedy"):
            pass
        assert 0.5 <= refused.value.retry_seconds <= 1.5
        for _call in range(limits.MAX_CALLS_PER_PARTY_CROWDED):
            places.enter_context(guard._room("late"))
        with pytest.raises(OverloadedError), guard._room("late"):
            pass
    monkeypatch.undo()
    with ExitStack() as places:
        for _call in range(limits.MAX_CALLS_PER_PARTY):
            places.enter_context(guard._room("greedy"))
        with pytest.raises(OverloadedError), guard._room("greedy"):
            pass
