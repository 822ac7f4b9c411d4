"""Fixtures of the service's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.world import World, new_world


@pytest.fixture
def admitted(tmp_path: Path) -> Iterator[World]:
    """A world without an agreement."""
    with new_world(tmp_path / "service") as world:
        yield world


@pytest.fixture
def world(admitted: World) -> World:
    """A world with an agreement in force."""
    admitted.agree()
    return admitted
