"""A person's operator key: one file, one passphrase, and nobody else's."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from keys import container, people
from keys.errors import (
    DamagedKeyError,
    ExistsError,
    MissingKeyError,
    NoPassphraseError,
    PermissionsError,
    WrongPassphraseError,
)

PASSPHRASE = "王的口令"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home") / "people" / "wang.key"
    people.create(path, "wang", PASSPHRASE)
    people.create(path.with_name("li.key"), "li", PASSPHRASE)
    return path


@pytest.fixture
def path(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made.parent, tmp_path / "people")) / made.name


def edit(file: Path, **changes: str) -> None:
    """Change fields and give the file the checksum that fits: an attacker, not an accident."""
    fields = json.loads(file.read_bytes())
    del fields["sha256"]
    file.write_bytes(container.encode({**fields, **changes}))


def test_the_key_signs_for_the_public_key_that_was_returned(tmp_path: Path) -> None:
    path = tmp_path / "people" / "wang.key"
    public = people.create(path, "wang", PASSPHRASE)
    key = people.open_person(path, "wang", PASSPHRASE)
    assert key.public == public == people.public_key(path, "wang")
    Ed25519PublicKey.from_public_bytes(public).verify(key.sign(b"data"), b"data")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    secret = key.secret.reveal()
    assert secret not in path.read_bytes()
    assert container.text(secret).encode() not in path.read_bytes()


def test_two_people_with_one_passphrase_share_nothing(path: Path) -> None:
    mine, other = (json.loads(file.read_bytes()) for file in (path, path.with_name("li.key")))
    for field in ("salt", "check", "sealed", "public"):
        assert mine[field] != other[field]


def test_wrong_and_empty_passphrases(path: Path) -> None:
    with pytest.raises(WrongPassphraseError, match=r"wang\.key"):
        people.open_person(path, "wang", PASSPHRASE + "x")
    with pytest.raises(NoPassphraseError):
        people.open_person(path, "wang", "")
    with pytest.raises(NoPassphraseError):
        people.create(path.with_name("new.key"), "new", "")
    assert not path.with_name("new.key").exists()


def test_nothing_is_overwritten(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(ExistsError):
        people.create(path, "wang", "another")
    assert path.read_bytes() == before


def test_a_cut_or_altered_file_is_called_damaged(path: Path) -> None:
    whole = path.read_bytes()
    for size in (0, len(whole) // 3, len(whole) - 3):
        path.write_bytes(whole[:size])
        with pytest.raises(DamagedKeyError):
            people.open_person(path, "wang", PASSPHRASE)
    changed = whole.replace(b'"wang"', b'"zhao"')
    path.write_bytes(changed)
    with pytest.raises(DamagedKeyError, match="cut or altered"):
        people.open_person(path, "zhao", PASSPHRASE)


def test_a_file_cannot_be_made_to_speak_for_another(path: Path) -> None:
    with pytest.raises(DamagedKeyError, match="another person than 'li'"):
        people.open_person(path, "li", PASSPHRASE)
    with pytest.raises(DamagedKeyError, match="another person than 'li'"):
        people.public_key(path, "li")
    edit(path, person="li")
    with pytest.raises(DamagedKeyError, match="altered"):
        people.open_person(path, "li", PASSPHRASE)


def test_a_changed_public_key_is_noticed(path: Path) -> None:
    edit(path, public=container.text(bytes(32)))
    with pytest.raises(DamagedKeyError, match="altered"):
        people.open_person(path, "wang", PASSPHRASE)


@pytest.mark.parametrize(
    "changes", [{"kdf": "scrypt n=2 r=8 p=1"}, {"format": "concordat-key-v1"}, {"more": "x"}, {"salt": "!"}]
)
def test_a_file_of_another_form_is_refused(path: Path, changes: dict[str, str]) -> None:
    edit(path, **changes)
    with pytest.raises(DamagedKeyError):
        people.open_person(path, "wang", PASSPHRASE)


def test_permissions_and_absence(path: Path) -> None:
    with pytest.raises(MissingKeyError, match=r"nobody\.key"):
        people.open_person(path.with_name("nobody.key"), "nobody", PASSPHRASE)
    path.chmod(0o644)
    with pytest.raises(PermissionsError, match="0644"):
        people.public_key(path, "wang")
    path.chmod(0o600)
    path.parent.chmod(0o777)
    with pytest.raises(PermissionsError, match="0777"):
        people.open_person(path, "wang", PASSPHRASE)
