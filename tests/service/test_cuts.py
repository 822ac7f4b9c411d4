"""Connections cut at any byte: the acknowledged stays, the rest is sent again. The proxy is in cutting.py."""

from __future__ import annotations

import pytest

from tests.service.cutting import CutUpload
from tests.service.world import World


@pytest.mark.parametrize("budget", [1_500, 6_000, 9_001, 20_000, 40_003])
def test_an_upload_survives_a_cut_at_any_byte(world: World, budget: int) -> None:
    upload = CutUpload(world, 400)
    next_row = upload.cut(budget)
    assert upload.acknowledged <= next_row < len(upload.packed)
    assert next_row % 20 == 0
    upload.finish()


def test_an_upload_that_is_cut_again_and_again_comes_to_its_end(world: World) -> None:
    upload, before = CutUpload(world, 300), 0
    for budget in range(4_500, 9_500, 1_001):
        next_row = upload.cut(budget)
        assert max(before, upload.acknowledged) <= next_row
        before = next_row
    upload.finish()
