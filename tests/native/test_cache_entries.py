"""The cache's entries by the crate and in Python: the same columns; and what SQLite stores and finds of them."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys import native as backend
from keys.native import Column
from matcher.agency.secrets import cache, entries
from matcher.agency.secrets.cache import CacheKeys, SecretCache, find, open_reader
from matcher.agency.secrets.entries import ENTRY_SIZE, NAME_SIZE, SEALED_SIZE
from matcher.protocol.errors import StateError
from tests.native.columns import native

native()
KEYS = CacheKeys.derive(bytes(32), b"prefix", 1, b"key id")
# Few of them, so that they meet; zeros, high bytes and names that differ in their last byte only are among them.
NAMES = [bytes(15) + bytes((last,)) for last in range(8)] + [bytes((first,)) * 16 for first in (1, 0x80, 0xC3, 0xFF)]
names_of_few = st.lists(st.sampled_from(NAMES), max_size=20).map(b"".join)


def both(call: Callable[[], Any]) -> Any:
    """What ``call`` gives with the crate, which is what it gives without."""
    made = call()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backend, "module", lambda: None)
        assert call() == made
    return made


def entry(name: bytes) -> bytes:
    """An entry that says its name, as bytes that are no text."""
    return name + (b"\x00\xff'" + name + bytes(SEALED_SIZE))[:SEALED_SIZE]


def run_of(names: bytes) -> bytes:
    """A run with an entry for each name."""
    return b"".join(map(entry, backend.split(names, NAME_SIZE)))


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[tuple[Path, bytes]]:
    """(a cache of 1,000 entries, their names)."""
    draw = random.Random(3)  # noqa: S311 - reproducible names
    names = entries.distinct([draw.randbytes(NAME_SIZE * 1000)])
    with closing(SecretCache(tmp_path / "secrets.db")) as store:
        store.answered([], run_of(names))
    return tmp_path / "secrets.db", names


@given(st.lists(names_of_few, max_size=4))
def test_names_are_told_once_and_ascend(parts: list[bytes]) -> None:
    found = both(lambda: entries.distinct(parts))
    assert backend.split(found, NAME_SIZE) == sorted(
        {name for part in parts for name in backend.split(part, NAME_SIZE)}
    )


@given(names_of_few)
def test_runs_ascend(names: bytes) -> None:
    run = both(lambda: entries.ascending(run_of(names)))
    assert backend.split(both(lambda: entries.names_of(run)), NAME_SIZE) == sorted(backend.split(names, NAME_SIZE))


@given(names_of_few, names_of_few)
def test_matching_entries_are_those_of_both(wanted: bytes, there: bytes) -> None:
    names, run = entries.distinct([wanted]), run_of(entries.distinct([there]))
    expected = sorted({*backend.split(wanted, NAME_SIZE)} & {*backend.split(there, NAME_SIZE)})
    assert both(lambda: entries.matching(names, run)) == b"".join(map(entry, expected))


@given(st.lists(names_of_few, max_size=3), names_of_few, st.integers(1, 5))
def test_lacking_values_come_once_by_name(parts: list[bytes], known: bytes, most: int) -> None:
    values = {name: b"value of " + name.hex().encode() * (number % 3) for number, name in enumerate(NAMES)}
    columns = [backend.column([values[name] for name in backend.split(part, NAME_SIZE)]) for part in parts]
    found: list[Column] = both(lambda: entries.lacking(parts, columns, entries.distinct([known]), most))
    asked = {name for part in parts for name in backend.split(part, NAME_SIZE)} - {*backend.split(known, NAME_SIZE)}
    assert [value for column in found for value in backend.values(*column)] == [values[name] for name in sorted(asked)]
    assert all(backend.count(column) == most for column in found[:-1])
    assert all(0 < backend.count(column) <= most for column in found)


@given(st.lists(names_of_few, min_size=1, max_size=3), names_of_few)
def test_secrets_are_found_in_any_run_or_their_names_told(runs: list[bytes], wanted: bytes) -> None:
    secrets = {name: name * 4 for name in NAMES}
    sealed = [
        KEYS.entries(names, b"".join(secrets[name] for name in backend.split(names, NAME_SIZE)))
        for names in (entries.distinct([run]) for run in runs)
    ]
    found, absent = both(lambda: KEYS.secrets(wanted, sealed))
    lacking = {*backend.split(wanted, NAME_SIZE)} - {name for run in runs for name in backend.split(run, NAME_SIZE)}
    assert backend.split(absent, NAME_SIZE) == sorted(lacking)
    expected = [] if lacking else [secrets[name] for name in backend.split(wanted, NAME_SIZE)]
    assert backend.split(found, 64) == expected


def test_an_entry_opens_under_its_own_name_only() -> None:
    sealed = KEYS.entries(NAMES[0], bytes(64))
    with pytest.raises(StateError, match="does not open"):
        both(lambda: KEYS.secrets(NAMES[1], [NAMES[1] + sealed[NAME_SIZE:]]))
    assert KEYS.open(NAMES[0], sealed[NAME_SIZE:]) == bytes(64)


@pytest.mark.parametrize("many", [True, False], ids=["read through", "looked up"])
@pytest.mark.parametrize("wanted", [0, 1, 2, 40, 1000])
def test_what_was_stored_is_found(
    filled: tuple[Path, bytes], wanted: int, many: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, names = filled
    monkeypatch.setattr(cache, "_READ_MEANWHILE", 1 << 30 if many else 0)
    strangers = [os.urandom(NAME_SIZE) for _number in range(wanted)]
    chosen = sorted(random.Random(4).sample(backend.split(names, NAME_SIZE), wanted))  # noqa: S311
    asked = b"".join(sorted([*chosen, *strangers]))
    with closing(open_reader(path)) as connection:
        assert both(lambda: find(connection, asked)) == run_of(b"".join(chosen))


def test_an_entry_stored_again_stands_once(filled: tuple[Path, bytes]) -> None:
    path, names = filled
    first = names[:NAME_SIZE]
    again = first + bytes(SEALED_SIZE)
    with closing(SecretCache(path)) as store:
        store.answered([], again)
        assert store.count() == len(names) // NAME_SIZE
    with closing(open_reader(path)) as connection:
        assert find(connection, first) == again
        assert len(find(connection, names)) == len(names) // NAME_SIZE * ENTRY_SIZE
