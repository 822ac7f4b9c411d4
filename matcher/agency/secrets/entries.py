"""Columns of cache entries and of their names: sorted, searched and compared, by the native crate where it is.

A name has 16 bytes, an entry 108: name | nonce (12) | sealed record secret. Names are keyed hashes, so their order says
nothing. A run is entries in ascending order of their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from keys import native
from keys.native import Column
from matcher.protocol.suite import SECRET_SIZE

NAME_SIZE = 16
NONCE_SIZE = 12
SEALED_SIZE = NONCE_SIZE + SECRET_SIZE + 16
ENTRY_SIZE = NAME_SIZE + SEALED_SIZE


def distinct(names: Sequence[bytes]) -> bytes:
    """The names in these columns, each once, ascending."""
    if (crate := native.module()) is not None:
        return bytes(crate.cache_distinct(names))
    return b"".join(sorted(set(_names(names))))


def ascending(entries: bytes) -> bytes:
    """The entries as a run."""
    if (crate := native.module()) is not None:
        return bytes(crate.cache_ascending(entries))
    found = native.split(entries, ENTRY_SIZE)
    found.sort(key=_name)
    return b"".join(found)


def matching(names: bytes, run: bytes) -> bytes:
    """Those entries of ``run`` whose names are among ``names``, which ascend."""
    if (crate := native.module()) is not None:
        return bytes(crate.cache_matching(names, run))
    wanted = set(native.split(names, NAME_SIZE))
    return b"".join(entry for entry in native.split(run, ENTRY_SIZE) if _name(entry) in wanted)


def names_of(run: bytes) -> bytes:
    """The names of entries."""
    if (crate := native.module()) is not None:
        return bytes(crate.split_columns(run, (NAME_SIZE, SEALED_SIZE))[0])
    return b"".join(map(_name, native.split(run, ENTRY_SIZE)))


def lacking(names: Sequence[bytes], columns: Sequence[Column], known: bytes, most: int) -> list[Column]:
    """The link values whose names are not among ``known``, each once, in columns of at most ``most``.

    ``names`` has the names of each of ``columns``. By ascending name: so their entries lie side by side when stored.
    """
    if (crate := native.module()) is not None:
        return list(crate.cache_lacking(names, columns, known, most))
    values = (value for column in columns for value in native.values(*column))
    by_name = dict(zip(_names(names), values, strict=True))
    for name in native.split(known, NAME_SIZE):
        by_name.pop(name, None)
    found = [by_name[name] for name in sorted(by_name)]
    return [native.column(found[start : start + most]) for start in range(0, len(found), most)]


def by_name(runs: Iterable[bytes]) -> dict[bytes, bytes]:
    """What is sealed in the entries of ``runs``, by name; for where there is no crate."""
    return {_name(entry): entry[NAME_SIZE:] for run in runs for entry in native.split(run, ENTRY_SIZE)}


def _names(columns: Iterable[bytes]) -> list[bytes]:
    return [name for column in columns for name in native.split(column, NAME_SIZE)]


def _name(entry: bytes) -> bytes:
    return entry[:NAME_SIZE]
