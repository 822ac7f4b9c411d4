"""Making keys survives every fault: at each write that fails, and at each point where the process dies."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from keys import lock, people
from keys.agency import AgencyKeys
from keys.errors import KeyFileError, MissingKeyError

PASSPHRASE = "a passphrase"
NOW = 1_700_000_000
# Every call that reaches the disk when keys are made; each is failed, and died at, in its turn.
STEPS = ("mkdir", "open", "fsync", "link", "rename")


class Fault:
    """Counts calls of one function of ``os`` and acts at the chosen one, before it is done or after."""

    def __init__(self, at: int, act: Callable[[], None], *, after: bool = False) -> None:
        self.calls = 0
        self._at = at
        self._act = act
        self._after = after

    def around(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **options: Any) -> Any:
            self.calls += 1
            chosen = self.calls == self._at
            if chosen and not self._after:
                self._act()
            try:
                return real(*arguments, **options)
            finally:
                if chosen and self._after:
                    self._act()

        return called


@pytest.fixture(autouse=True)
def quick_derivation(monkeypatch: pytest.MonkeyPatch) -> None:
    """The faults are of the disk; the derivation's cost would only make them slow to visit."""
    monkeypatch.setattr(lock, "_SCRYPT_N", 2)


def make_agency(home: Path) -> None:
    AgencyKeys.create(home / "keys", PASSPHRASE, "labour-bureau", holder=True, now=NOW)


def make_person(home: Path) -> None:
    people.create(home / "people" / "wang.key", "wang", PASSPHRASE)


def count(step: str, make: Callable[[Path], None], home: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    fault = Fault(-1, lambda: None)
    with monkeypatch.context() as patch:
        patch.setattr(os, step, fault.around(getattr(os, step)))
        make(home)
    return fault.calls


def raise_error() -> None:
    raise OSError("no space left on device")


@pytest.mark.parametrize("make", [make_agency, make_person])
@pytest.mark.parametrize("step", STEPS)
def test_a_failed_step_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, make: Callable[[Path], None]
) -> None:
    for at in range(1, count(step, make, tmp_path / "whole", monkeypatch) + 1):
        home = tmp_path / str(at)
        with monkeypatch.context() as patch:
            patch.setattr(os, step, Fault(at, raise_error).around(getattr(os, step)))
            with pytest.raises(OSError, match="no space"):
                make(home)
        left = [entry for entry in home.rglob("*") if entry.name.endswith(".partial")]
        assert left == []
        require_all_or_nothing(home, make)


@pytest.mark.parametrize("make", [make_agency, make_person])
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_dying_at_a_step_leaves_all_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, make: Callable[[Path], None], after: bool
) -> None:
    for at in range(1, count(step, make, tmp_path / "whole", monkeypatch) + 1):
        home = tmp_path / str(at)
        child = os.fork()
        if child == 0:
            try:
                setattr(os, step, Fault(at, lambda: os._exit(9), after=after).around(getattr(os, step)))
                make(home)
            finally:
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
        require_all_or_nothing(home, make)


def require_all_or_nothing(home: Path, make: Callable[[Path], None]) -> None:
    """Either everything opens, or nothing is there and making it works."""
    try:
        require_whole(home, make)
    except MissingKeyError:
        make(home)
        require_whole(home, make)
    with pytest.raises(KeyFileError):
        make(home)


def require_whole(home: Path, make: Callable[[Path], None]) -> None:
    if make is make_agency:
        assert AgencyKeys.open(home / "keys", PASSPHRASE).oprf_seed is not None
    else:
        people.open_person(home / "people" / "wang.key", "wang", PASSPHRASE)
