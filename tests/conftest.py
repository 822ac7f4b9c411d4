"""Shared fixtures. Published vector sets lie outside the project; tests that need them say so when they are absent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# A slow machine is no failure: examples are bounded in number, not in time.
settings.register_profile("concordat", deadline=None)
settings.load_profile("concordat")

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture(scope="session")
def shared_vectors() -> Callable[[str], Path]:
    """Path of one published vector file, e.g. ``rfc9497/allVectors.json``; skips, with the reason, when absent."""

    def find(name: str) -> Path:
        path = SHARED / "vectors" / name
        if not path.is_file():
            pytest.skip(f"published vectors {name} are not on this machine ({path})")
        return path

    return find
