"""The key ring: one passphrase, sealed files that cannot be read, swapped or half made, and a clear error each."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from keys import container, lock
from keys.errors import (
    DamagedKeyError,
    ExistsError,
    MissingKeyError,
    NoPassphraseError,
    PermissionsError,
    WrongPassphraseError,
)
from keys.ring import KEY_FORMAT, RING_FILE, RING_FORMAT, KeyRing
from keys.secret import Secret

PASSPHRASE = "correct horse 电池"
SECRET = b"thirty-two bytes of secret, once"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home") / "keys"
    with KeyRing.creating(path, PASSPHRASE) as ring:
        ring.write("root", "signing", SECRET)
        ring.write("handle", "symmetric", Secret(SECRET))
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "keys"))


def edit(file: Path, **changes: str) -> None:
    """Change fields of a key file and give it the checksum that fits: an attacker, not an accident."""
    fields = json.loads(file.read_bytes())
    del fields["sha256"]
    file.write_bytes(container.encode({**fields, **changes}))


def test_what_was_written_is_read(path: Path) -> None:
    ring = KeyRing.open(path, PASSPHRASE)
    assert ring.names() == ["handle", "root"]
    assert ring.read("root", "signing") == Secret(SECRET)
    assert ring.has("handle")
    assert not ring.has("cache")
    ring.write("cache", "symmetric", b"another")
    assert KeyRing.open(path, PASSPHRASE).read("cache", "symmetric").reveal() == b"another"


def test_the_files_are_the_owners_alone_and_hold_no_secret(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for file in path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        data = file.read_bytes()
        for shown in (SECRET, SECRET.hex().encode(), container.text(SECRET).encode(), PASSPHRASE.encode()):
            assert shown not in data
    assert json.loads((path / RING_FILE).read_bytes())["format"] == RING_FORMAT
    assert json.loads((path / RING_FILE).read_bytes())["kdf"] == "scrypt n=32768 r=8 p=1"
    assert json.loads((path / "root.key").read_bytes())["format"] == KEY_FORMAT


def test_the_same_secret_is_sealed_differently_each_time(path: Path) -> None:
    before = json.loads((path / "root.key").read_bytes())["sealed"]
    KeyRing.open(path, PASSPHRASE).write("root", "signing", SECRET, replace=True)
    assert json.loads((path / "root.key").read_bytes())["sealed"] != before


def test_one_derivation_whatever_the_ring_holds(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []
    real = lock.Scrypt

    def counting(*arguments: Any) -> Any:
        counted.append(1)
        return real(*arguments)

    monkeypatch.setattr(lock, "Scrypt", counting)
    ring = KeyRing.open(path, PASSPHRASE)
    for name, kind in (("root", "signing"), ("handle", "symmetric"), ("root", "signing")):
        ring.read(name, kind)
    assert len(counted) == 1


def test_a_wrong_passphrase_is_called_that(path: Path) -> None:
    for wrong in (PASSPHRASE + " ", PASSPHRASE[:-1], PASSPHRASE.upper()):
        with pytest.raises(WrongPassphraseError, match="wrong"):
            KeyRing.open(path, wrong)
    with pytest.raises(NoPassphraseError, match="empty"):
        KeyRing.open(path, "")


def test_a_passphrase_is_the_same_however_it_was_composed(tmp_path: Path) -> None:
    KeyRing.create(tmp_path / "keys", "caf\u00e9")
    KeyRing.open(tmp_path / "keys", "cafe\u0301")


@pytest.mark.parametrize("name", [RING_FILE, "root.key"])
def test_a_cut_file_is_called_damaged(path: Path, name: str) -> None:
    whole = (path / name).read_bytes()
    for size in (0, 1, len(whole) // 2, len(whole) - 3):
        (path / name).write_bytes(whole[:size])
        with pytest.raises(DamagedKeyError, match=name):
            KeyRing.open(path, PASSPHRASE).read("root", "signing")
        assert (path / name).read_bytes() == whole[:size]


@pytest.mark.parametrize("name", [RING_FILE, "root.key"])
def test_an_altered_character_is_called_damaged_not_a_wrong_passphrase(path: Path, name: str) -> None:
    whole = (path / name).read_bytes()
    for at in range(10, len(whole) - 3, 29):
        changed = bytearray(whole)
        changed[at] = ord("A") if changed[at] != ord("A") else ord("B")
        (path / name).write_bytes(changed)
        with pytest.raises(DamagedKeyError, match=name):
            KeyRing.open(path, PASSPHRASE).read("root", "signing")


@pytest.mark.parametrize("data", [b"[]", b"1", b'{"format": 1}', b"null", b"\xff\xfe", b"{}", b"[" * 100_000])
def test_a_file_of_something_else_is_called_damaged(path: Path, data: bytes) -> None:
    (path / RING_FILE).write_bytes(data)
    with pytest.raises(DamagedKeyError):
        KeyRing.open(path, PASSPHRASE)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kdf": "scrypt n=2 r=8 p=1"}, "key derivation"),
        ({"kdf": "scrypt n=1073741824 r=8 p=1"}, "key derivation"),
        ({"format": "concordat-keyring-v2"}, "format"),
        ({"more": "x"}, "other fields"),
        ({"salt": "not base64!"}, "base64"),
        ({"check": "é"}, "base64"),
    ],
)
def test_a_ring_of_another_form_is_refused(path: Path, changes: dict[str, str], reason: str) -> None:
    edit(path / RING_FILE, **changes)
    with pytest.raises(DamagedKeyError, match=reason):
        KeyRing.open(path, PASSPHRASE)


def test_sealed_files_cannot_be_swapped(path: Path, tmp_path: Path) -> None:
    ring = KeyRing.open(path, PASSPHRASE)
    ring.write("other", "signing", b"x" * 32)
    (path / "root.key").write_bytes((path / "other.key").read_bytes())
    with pytest.raises(DamagedKeyError, match="is not key 'root'"):
        ring.read("root", "signing")
    edit(path / "root.key", name="root")
    with pytest.raises(DamagedKeyError, match="belongs to another"):
        ring.read("root", "signing")

    stranger = KeyRing.create(tmp_path / "stranger", PASSPHRASE)
    shutil.copy(path / "handle.key", stranger.path / "handle.key")
    with pytest.raises(DamagedKeyError, match="belongs to another"):
        stranger.read("handle", "symmetric")


def test_a_secret_of_another_kind_is_refused(path: Path) -> None:
    ring = KeyRing.open(path, PASSPHRASE)
    with pytest.raises(DamagedKeyError, match="kind 'symmetric'"):
        ring.read("root", "symmetric")
    edit(path / "root.key", kind="symmetric")
    with pytest.raises(DamagedKeyError, match="altered"):
        ring.read("root", "symmetric")
    edit(path / "root.key", kind="signing", sealed=container.text(b"short"))
    with pytest.raises(DamagedKeyError, match="altered"):
        ring.read("root", "signing")


def test_permissions_are_checked_before_the_passphrase(path: Path) -> None:
    (path / RING_FILE).chmod(0o640)
    with pytest.raises(PermissionsError, match="0640"):
        KeyRing.open(path, "wrong")
    (path / RING_FILE).chmod(0o600)
    ring = KeyRing.open(path, PASSPHRASE)
    (path / "root.key").chmod(0o604)
    with pytest.raises(PermissionsError, match="0604"):
        ring.read("root", "signing")
    path.chmod(0o770)
    with pytest.raises(PermissionsError, match="0770"):
        KeyRing.open(path, PASSPHRASE)


def test_what_is_not_there_is_named(path: Path) -> None:
    ring = KeyRing.open(path, PASSPHRASE)
    with pytest.raises(MissingKeyError, match=r"cache\.key"):
        ring.read("cache", "symmetric")
    with pytest.raises(MissingKeyError, match="is not there"):
        KeyRing.open(path.parent / "nothing", PASSPHRASE)
    (path / RING_FILE).unlink()
    with pytest.raises(MissingKeyError, match=RING_FILE):
        KeyRing.open(path, PASSPHRASE)


@pytest.mark.parametrize("name", ["", "../root", "Root", "a/b", ".root", "a" * 151, "root\n"])
def test_a_name_cannot_leave_the_ring(path: Path, name: str) -> None:
    ring = KeyRing.open(path, PASSPHRASE)
    for call in (lambda: ring.read(name, "signing"), lambda: ring.write(name, "signing", b""), lambda: ring.has(name)):
        with pytest.raises(MissingKeyError, match="name"):
            call()


def test_nothing_is_overwritten(path: Path) -> None:
    before = {file.name: file.read_bytes() for file in path.iterdir()}
    with pytest.raises(ExistsError):
        KeyRing.open(path, PASSPHRASE).write("root", "signing", b"other")
    with pytest.raises(ExistsError):
        KeyRing.create(path, "another")
    with pytest.raises(ExistsError):
        KeyRing.create(path / "root.key", "another")
    assert {file.name: file.read_bytes() for file in path.iterdir()} == before
    assert list(path.parent.iterdir()) == [path]


def test_an_empty_directory_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir(mode=0o755)
    ring = KeyRing.create(tmp_path / "keys", PASSPHRASE)
    assert ring.path == tmp_path / "keys"
    assert stat.S_IMODE(ring.path.stat().st_mode) == 0o700


def test_an_empty_passphrase_creates_nothing(tmp_path: Path) -> None:
    with pytest.raises(NoPassphraseError):
        KeyRing.create(tmp_path / "deep" / "keys", "")
    assert list(tmp_path.iterdir()) == []


def test_a_ring_does_not_print_its_key(path: Path) -> None:
    assert repr(KeyRing.open(path, PASSPHRASE)) == f"KeyRing('{path}')"
