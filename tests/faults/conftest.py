"""Fixtures of the fault tables. What is made once is slow to make: keys come from passphrases."""

from __future__ import annotations

import pytest

from tests.faults.local_acts import Shelf
from tests.service.world import Template, new_template


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A new service's home and its keys."""
    return new_template(tmp_path_factory.mktemp("template") / "service")


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Homes of agencies."""
    return Shelf(tmp_path_factory.mktemp("shelf"))
