"""Fixtures of the exchange's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.agency.exchange.world import Templates, World, make_templates, make_world


@pytest.fixture(scope="session")
def home_templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    """Two homes with real keys, to be copied."""
    return make_templates(tmp_path_factory.mktemp("homes"))


@pytest.fixture
def world(tmp_path: Path, home_templates: Templates) -> World:
    """A fresh in-memory world."""
    return make_world(tmp_path, home_templates)
