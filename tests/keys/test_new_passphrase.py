"""A new passphrase for a ring: all keys under it, or, after a crash at any step, all under the former one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from keys import exchange, files, passphrase
from keys.errors import DamagedKeyError, NoPassphraseError, PermissionsError, WrongPassphraseError
from keys.ring import KeyRing
from keys.service import ServiceKeys

FORMER, FRESH = "the former passphrase", "the fresh passphrase"
KEYS = {"root": b"r" * 32, "tls": b"t" * 100, "group.account": b"g" * 32}


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    made = KeyRing.create(tmp_path / "keys", FORMER)
    for name, value in KEYS.items():
        made.write(name, f"kind of {name}", value)
    return made


def content(path: Path, secret: str) -> dict[str, bytes]:
    opened = KeyRing.open(path, secret)
    return {name: opened.read(name, f"kind of {name}").reveal() for name in opened.names()}


def test_everything_is_sealed_anew(ring: KeyRing) -> None:
    before = (ring.path / "root.key").read_bytes()
    ring.change_passphrase(FRESH)
    assert content(ring.path, FRESH) == KEYS
    assert (ring.path / "root.key").read_bytes() != before
    with pytest.raises(WrongPassphraseError):
        KeyRing.open(ring.path, FORMER)
    assert [item.name for item in ring.path.parent.iterdir()] == ["keys"]
    ring.write("new", "kind of new", b"n")
    assert content(ring.path, FRESH) == {**KEYS, "new": b"n"}


def test_a_program_with_the_former_ring_open_cannot_write_into_the_new_one(ring: KeyRing) -> None:
    other = KeyRing.open(ring.path, FORMER)
    ring.change_passphrase(FRESH)
    with pytest.raises(WrongPassphraseError, match="changed meanwhile"):
        other.write("new", "kind of new", b"n")
    with pytest.raises(WrongPassphraseError, match="changed meanwhile"):
        other.change_passphrase("a third")
    assert content(ring.path, FRESH) == KEYS


@pytest.mark.parametrize("step", range(12))
def test_a_crash_at_any_step_leaves_one_whole_ring(ring: KeyRing, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    left = [step]

    def counted(module: object, name: str) -> None:
        do = getattr(module, name)

        def act(*arguments: object, **options: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return do(*arguments, **options)

        monkeypatch.setattr(module, name, act)

    counted(files, "write")
    counted(files, "sync_directory")
    counted(exchange, "exchange")
    counted(shutil, "rmtree")
    try:
        ring.change_passphrase(FRESH)
    except KeyboardInterrupt:
        pass
    monkeypatch.undo()
    try:
        whole = content(ring.path, FRESH)
    except WrongPassphraseError:
        whole = content(ring.path, FORMER)
    assert whole == KEYS


def test_a_damaged_key_stops_the_change(ring: KeyRing) -> None:
    other = KeyRing.create(ring.path.parent / "other", FORMER)
    other.write("root", "kind of root", b"x")
    shutil.copy(other.path / "root.key", ring.path / "root.key")
    with pytest.raises(DamagedKeyError):
        ring.change_passphrase(FRESH)
    KeyRing.open(ring.path, FORMER)
    assert {item.name for item in ring.path.parent.iterdir()} == {"keys", "other"}


def test_a_file_system_that_cannot_exchange_is_named(ring: KeyRing, monkeypatch: pytest.MonkeyPatch) -> None:
    class Library:
        def __init__(self, *_arguments: object, **_options: object) -> None: ...

        def renameat2(self, *_arguments: object) -> int:
            exchange.ctypes.set_errno(22)
            return -1

    monkeypatch.setattr(exchange.ctypes, "CDLL", Library)
    with pytest.raises(PermissionsError, match="cannot exchange"):
        ring.change_passphrase(FRESH)
    monkeypatch.undo()
    assert content(ring.path, FORMER) == KEYS


def test_exchange_needs_both(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(FileNotFoundError):
        exchange.exchange(tmp_path / "a", tmp_path / "b")


def test_an_empty_passphrase_is_refused(ring: KeyRing) -> None:
    with pytest.raises(NoPassphraseError):
        ring.change_passphrase("")
    assert content(ring.path, FORMER) == KEYS


def test_renewing_the_certificate_works_after_the_change(tmp_path: Path) -> None:
    made = ServiceKeys.create(tmp_path / "keys", FORMER, now=0)
    KeyRing.open(tmp_path / "keys", FORMER).change_passphrase(FRESH)
    with pytest.raises(WrongPassphraseError):
        made.renew_tls("service", 0)
    opened = ServiceKeys.open(tmp_path / "keys", FRESH)
    assert opened.log.public == made.log.public
    opened.renew_tls("service", 0)
    assert ServiceKeys.open(tmp_path / "keys", FRESH).tls_certificate_pem != made.tls_certificate_pem


def test_the_new_passphrase_never_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(passphrase.PARTY_VARIABLE, FORMER)
    answers = iter([FRESH, FRESH])
    assert passphrase.replacement(None, ask=lambda _prompt: next(answers)) == FRESH
    file = tmp_path / "new"
    files.write(file, FRESH.encode() + b"\n")
    assert passphrase.replacement(file) == FRESH
