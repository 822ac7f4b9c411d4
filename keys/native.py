"""Which arithmetic is in use: the native crate where it is installed, else OpenSSL and libsodium called from Python.

Both give the same bytes (tests/native/). The crate is optional: absent, the portable backend does everything and
``concordat doctor`` says so. Present but broken is an error, never a silent fall-back: who installed it should know.
``CONCORDAT_BACKEND`` is ``portable`` to leave the crate alone, or ``native`` to insist on it.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from array import array
from collections.abc import Sequence
from functools import cache
from itertools import accumulate, pairwise
from types import ModuleType

from keys.errors import BackendError

VARIABLE = "CONCORDAT_BACKEND"
NATIVE, PORTABLE = "native", "portable"
# What the crate must offer: the digest of native/concordat_native.pyi, which the crate names as its own.
INTERFACE = "d1f192f8eb66427c"
# Values end to end, and little-endian 32-bit offsets, one more than values.
Column = tuple[bytes, bytes]
_MODULE = "concordat_native"
_REMEDY = "Run `make setup` again, or set CONCORDAT_BACKEND=portable."


@cache
def module() -> ModuleType | None:
    """The crate, or None where the portable backend is to be used. Raises BackendError."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted not in ("", NATIVE, PORTABLE):
        raise BackendError(f"{VARIABLE} is neither {NATIVE} nor {PORTABLE}", remedy="Correct it, or unset it.")
    if wanted == PORTABLE:
        return None
    if importlib.util.find_spec(_MODULE) is None:
        if wanted == NATIVE:
            raise BackendError("the native backend is not installed", remedy=_REMEDY)
        return None
    try:
        found = importlib.import_module(_MODULE)
    except ImportError as error:
        raise BackendError("the native backend is installed but cannot be loaded", remedy=_REMEDY) from error
    if getattr(found, "interface", "") != INTERFACE:
        raise BackendError("the native backend is of another version of this program", remedy=_REMEDY)
    return found


def name() -> str:
    """``native`` or ``portable``. Raises BackendError."""
    return PORTABLE if module() is None else NATIVE


def column(values: Sequence[bytes]) -> Column:
    """(values end to end, little-endian 32-bit offsets): how the crate takes a column."""
    return b"".join(values), array("I", accumulate(map(len, values), initial=0)).tobytes()


def values(data: bytes, offsets: bytes) -> list[bytes]:
    """The values of a column, as ``column`` makes one."""
    return [data[start:end] for start, end in pairwise(memoryview(offsets).cast("I"))]


def count(column: Column) -> int:
    """How many values a column has."""
    return len(column[1]) // 4 - 1


def split(data: bytes, width: int) -> list[bytes]:
    """A column of fixed width apart."""
    return [data[start : start + width] for start in range(0, len(data), width)]
