"""Homes are slow to make (one scrypt each), so they are made once and copied."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agency import submission_world
from tests.agency.submission_world import World


@pytest.fixture(scope="session")
def made_homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("homes")
    submission_world.make_homes(path)
    return path


@pytest.fixture
def submission(made_homes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """Makes a World in a mode (``oprf`` or ``hmac``), in this test's own directory; one worker does."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: {0})

    def make(mode: str = "hmac", multiple: int = 2) -> World:
        path = tmp_path / "world"
        shutil.copytree(made_homes, path)
        return World(path, mode, multiple)

    return make
