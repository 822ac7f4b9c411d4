"""Company names into plans for the native crate: plain ones by its splitter, all others by the protocol's.

A plan is a length byte for each part, then a big-endian 32-bit number for each symbol; empty for a name that says
nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from types import ModuleType
from typing import Any

from matcher.protocol import names
from matcher.protocol.names.parts import EMPTY
from matcher.protocol.names.tables import tables


def plans(crate: ModuleType, found: Sequence[bytes]) -> list[bytes]:
    """The plan of each name (UTF-8)."""
    plain = _splitter(crate).plans(found)
    return [_plan(name) if plan is None else plan for name, plan in zip(found, plain, strict=True)]


@lru_cache(maxsize=1)
def _splitter(crate: ModuleType) -> Any:
    return crate.NameSplitter(**tables())


def _plan(name: bytes) -> bytes:
    parts = names.split(name.decode())
    if parts == EMPTY:
        return b""
    numbers = tuple(chain.from_iterable(parts))
    return bytes(map(len, parts)) + struct.pack(f">{len(numbers)}I", *numbers)
