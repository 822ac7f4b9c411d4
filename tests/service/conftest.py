"""Fixtures of the service's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keys import native
from tests.service.world import Template, World, new_template, new_world


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """A new service's home and its keys."""
    return new_template(tmp_path_factory.mktemp("template") / "service")


@pytest.fixture
def admitted(tmp_path: Path, template: Template) -> Iterator[World]:
    """A world without an agreement."""
    with new_world(tmp_path / "service", template) as world:
        yield world


@pytest.fixture
def world(admitted: World) -> World:
    """A world with an agreement in force."""
    admitted.agree()
    return admitted


@pytest.fixture(params=[native.NATIVE, native.PORTABLE])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way that the service computes by columns."""
    if request.param == native.PORTABLE:
        monkeypatch.setattr(native, "module", lambda: None)
    elif native.module() is None:
        pytest.skip("the native crate is not built, or left alone")
