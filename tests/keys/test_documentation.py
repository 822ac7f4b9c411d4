"""docs/keys.md is true: its example opens, and every format, file, code and variable is in it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from keys import agency, auditor, identity, lock, passphrase, people, ring, service, tls
from keys.agency import AgencyKeys
from keys.auditor import AuditorKeys
from keys.errors import KeyFileError, ReceivedError
from keys.ring import KeyRing
from keys.service import ServiceKeys
from keys.signing import SigningKey

PAGE = (Path(__file__).parents[2] / "docs" / "keys.md").read_text()
BLOCKS = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
PASSPHRASE = "an example"


def place(path: Path, text: str) -> Path:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_the_example_ring_opens(tmp_path: Path) -> None:
    place(tmp_path / "keys" / ring.RING_FILE, BLOCKS[0])
    place(tmp_path / "keys" / "root.key", BLOCKS[1])
    secret = KeyRing.open(tmp_path / "keys", PASSPHRASE).read("root", "signing")
    [public] = re.findall(r"`([0-9a-f]{64})`", PAGE)
    assert SigningKey.from_bytes(secret).public.hex() == public


def test_the_example_of_a_person_opens(tmp_path: Path) -> None:
    path = place(tmp_path / "people" / "wang.key", BLOCKS[2])
    key = people.open_person(path, "wang", PASSPHRASE)
    assert key.public == people.public_key(path, "wang")
    assert len(BLOCKS) == 3


def test_every_field_of_a_file_is_shown(tmp_path: Path) -> None:
    with KeyRing.creating(tmp_path / "keys", PASSPHRASE) as made:
        made.write("root", "signing", bytes(32))
    people.create(tmp_path / "people" / "wang.key", "wang", PASSPHRASE)
    written = [tmp_path / "keys" / ring.RING_FILE, tmp_path / "keys" / "root.key", tmp_path / "people" / "wang.key"]
    for block, file in zip(BLOCKS, written, strict=True):
        shown, real = json.loads(block), json.loads(file.read_bytes())
        assert list(shown) == list(real)
        assert shown["format"] == real["format"]


def test_every_key_a_party_has_is_described(tmp_path: Path) -> None:
    now = 1_700_000_000
    AgencyKeys.create(tmp_path / "agency", PASSPHRASE, "a", holder=True, now=now).renew_encryption()
    AuditorKeys.create(tmp_path / "auditor", PASSPHRASE, "b", now=now)
    ServiceKeys.create(tmp_path / "service", PASSPHRASE, now=now)
    AgencyKeys.open(tmp_path / "agency", PASSPHRASE).store_group_key("account", bytes(32))
    names = {file.name for file in tmp_path.rglob("*.key")}
    assert len(names) == 11
    for name in names:
        shown = re.sub(r"^encryption\.[0-9a-f]{16}", "encryption.ID", name).replace("group.account", "group.LINK")
        assert f"| `{shown}` |" in PAGE


@pytest.mark.parametrize("root", [KeyFileError, ReceivedError])
def test_every_error_code_is_described(root: Any) -> None:
    for error in root.__subclasses__():
        assert f"`{error.code}`" in PAGE


def test_names_and_numbers_are_those_of_the_code() -> None:
    for shown in (
        passphrase.PARTY_VARIABLE, passphrase.PERSON_VARIABLE, ring.RING_FORMAT, ring.KEY_FORMAT, people.PERSON_FORMAT,
        lock.KDF_NAME, f'lp("{lock._CHECK_LABEL.decode()}")', f'lp("{lock._SEAL_LABEL.decode()}")',
        f"{identity.VALID_DAYS} days",
    ):  # fmt: skip
        assert shown in PAGE
    assert {agency.__doc__, auditor.__doc__, service.__doc__, tls.__doc__}.isdisjoint({None})
