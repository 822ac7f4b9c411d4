"""Load the libsodium that the rbcl package carries, and leave no file behind.

rbcl writes its library to a temporary file at each import and never deletes it. Only its ``_sodium`` module is run
here, not its wrappers: that module's ``lib_path`` names the file, which goes as soon as the library is mapped (or
could not be). Each process that imports this loads its own; a forked worker shares its parent's.
"""

from __future__ import annotations

import ctypes
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

_PACKAGE = "rbcl"
_FILE = "_sodium.py"
# Name: number of pointer arguments. All take pointers only and return int (0: done, -1: refused) unless void.
_FUNCTIONS = {
    "crypto_core_ristretto255_is_valid_point": 1,
    "crypto_core_ristretto255_add": 3,
    "crypto_core_ristretto255_from_hash": 2,
    "crypto_core_ristretto255_scalar_add": 3,
    "crypto_core_ristretto255_scalar_sub": 3,
    "crypto_core_ristretto255_scalar_mul": 3,
    "crypto_core_ristretto255_scalar_invert": 2,
    "crypto_core_ristretto255_scalar_reduce": 2,
    "crypto_scalarmult_ristretto255": 3,
    "crypto_scalarmult_ristretto255_base": 2,
}
_VOID = frozenset(
    f"crypto_core_ristretto255_scalar_{operation}" for operation in ("add", "sub", "mul", "reduce")
)  # fmt: skip


def load() -> ctypes.CDLL:
    """The initialised library with its ristretto255 functions typed. Raises ImportError when it cannot be loaded."""
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or not package.submodule_search_locations:
        raise ImportError("the package rbcl, which carries libsodium, is not installed")
    path = Path(package.submodule_search_locations[0]) / _FILE
    specification = importlib.util.spec_from_file_location("keys_sodium_library", path)
    if specification is None or specification.loader is None:
        raise ImportError("the package rbcl has another layout than this program knows")
    module = importlib.util.module_from_spec(specification)
    try:
        specification.loader.exec_module(module)
    except OSError as error:
        raise ImportError(
            "libsodium cannot be loaded: the temporary directory must allow files that are mapped executable"
            " (set TMPDIR to one that is not mounted noexec)"
        ) from error
    finally:
        _delete_library_file(module)
    return _prepare(module._sodium)


def _delete_library_file(module: ModuleType) -> None:
    """Delete what the module wrote, however far it came. A mapped library does not need its file any more."""
    written = getattr(module, "lib_path", None)
    if isinstance(written, str):
        Path(written).unlink(missing_ok=True)


def _prepare(library: Any) -> ctypes.CDLL:
    if not isinstance(library, ctypes.CDLL) or library.sodium_init() < 0:
        raise ImportError("libsodium cannot be initialised")
    for name, pointers in _FUNCTIONS.items():
        function = getattr(library, name)
        function.argtypes = [ctypes.c_void_p] * pointers
        function.restype = None if name in _VOID else ctypes.c_int
    return library
