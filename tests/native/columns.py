"""Columns as the crate takes them, made of Python values; the module itself, or a skip that says why."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from typing import Any

import pytest


def native() -> Any:
    """The compiled module. Skips where it was not built; one that is there and does not load is an error."""
    return pytest.importorskip(
        "concordat_native", reason="the native crate is not built: no cargo", exc_type=ModuleNotFoundError
    )


def column(values: Sequence[bytes]) -> tuple[bytes, bytes]:
    """(data, offsets)."""
    offsets = [0]
    for value in values:
        offsets.append(offsets[-1] + len(value))
    return b"".join(values), struct.pack(f"<{len(offsets)}I", *offsets)


def long_count(quick: int, whole: int) -> int:
    """How many values a comparison takes: ``whole`` where CONCORDAT_LONG_TESTS is set."""
    return whole if os.environ.get("CONCORDAT_LONG_TESTS") else quick
