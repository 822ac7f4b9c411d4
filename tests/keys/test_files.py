"""Secret files are their owner's alone, whole or not there, and never written over."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from keys import files
from keys.errors import DamagedKeyError, ExistsError, MissingKeyError, PermissionsError
from keys.ring import KeyRing


def names(directory: Path) -> list[str]:
    return sorted(entry.name for entry in directory.iterdir())


@pytest.fixture(autouse=True)
def careless_umask() -> Any:
    """Modes must not depend on how careful the user's shell is."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_a_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write(path, b"content")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert files.read(path) == b"content"
    assert names(tmp_path) == ["file"]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write(path, b"first")
    with pytest.raises(ExistsError, match="exists already"):
        files.write(path, b"second")
    assert files.read(path) == b"first"
    assert names(tmp_path) == ["file"]


def test_a_dangling_link_counts_as_something_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ExistsError):
        files.write(path, b"content")
    assert not (tmp_path / "elsewhere").exists()


def test_replacing_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "file"
    files.write(path, b"first")
    files.write(path, b"second", replace=True)
    assert files.read(path) == b"second"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("failing", ["fsync", "link", "replace"])
def test_a_failed_write_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str, replace: bool
) -> None:
    path = tmp_path / "file"
    if replace:
        files.write(path, b"first")

    def fail(*_arguments: Any, **_options: Any) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, failing, fail)
        if failing == "fsync" or (failing == "replace") == replace:
            with pytest.raises(OSError, match="no space"):
                files.write(path, b"second", replace=replace)
    assert names(tmp_path) == (["file"] if replace else [])
    assert not replace or files.read(path) == b"first"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610, 0o666, 0o601])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    files.write(path, b"content")
    path.chmod(mode)
    with pytest.raises(PermissionsError, match=f"0{mode:o}") as caught:
        files.read(path)
    assert caught.value.remedy.endswith(f"chmod 600 {path}")


@pytest.mark.parametrize("mode", [0o400, 0o600, 0o700])
def test_what_only_the_owner_can_do_is_his_affair(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    files.write(path, b"content")
    path.chmod(mode)
    assert files.read(path) == b"content"


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingKeyError, match="nothing"):
        files.read(tmp_path / "nothing")
    files.write(tmp_path / "file", b"content")
    with pytest.raises(MissingKeyError):
        files.read(tmp_path / "file" / "below")
    with pytest.raises(DamagedKeyError, match="not a small regular file"):
        files.read(tmp_path)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(DamagedKeyError, match="not a small regular file"):
        files.read(tmp_path / "pipe")
    (tmp_path / "large").write_bytes(bytes(files.MAX_FILE_SIZE + 1))
    (tmp_path / "large").chmod(0o600)
    with pytest.raises(DamagedKeyError, match="not a small regular file"):
        files.read(tmp_path / "large")


@pytest.mark.parametrize("mode", [0o770, 0o702, 0o777])
def test_a_directory_that_others_can_change_is_refused(tmp_path: Path, mode: int) -> None:
    directory = tmp_path / "keys"
    directory.mkdir()
    directory.chmod(mode)
    with pytest.raises(PermissionsError, match=f"0{mode:o}"):
        files.require_private_directory(directory)
    directory.chmod(0o755)
    files.require_private_directory(directory)


def test_what_is_no_directory_is_named(tmp_path: Path) -> None:
    files.write(tmp_path / "file", b"content")
    for path in (tmp_path / "nothing", tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(MissingKeyError):
            files.require_private_directory(path)


@pytest.mark.parametrize("failing", ["mkdir", "open", "link"])
def test_what_this_user_may_not_write_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, failing, refuse)
        with pytest.raises(PermissionsError, match="cannot be written"):
            KeyRing.create(tmp_path / "home" / "keys", "a passphrase")
    assert not (tmp_path / "home" / "keys").exists()


def test_what_this_user_may_not_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise PermissionError(13, "Permission denied")

    files.write(tmp_path / "file", b"content")
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(PermissionsError, match="cannot be read"):
            files.read(tmp_path / "file")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "stat", refuse)
        with pytest.raises(PermissionsError, match="cannot be read"):
            files.require_private_directory(tmp_path)
