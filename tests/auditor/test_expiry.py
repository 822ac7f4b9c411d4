"""An auditor's certificate, and the service's as it knows it: named before dialling when over, said when near."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from keys import tls
from keys.auditor import AuditorKeys
from matcher.auditor.home import AuditorHome
from matcher.protocol.errors import StateError
from matcher.text.terminal import Invocation

DAY = 86_400
PASSPHRASE = "an auditor"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> AuditorKeys:
    path = tmp_path_factory.mktemp("auditor") / "keys"
    return AuditorKeys.create(path, PASSPHRASE, "audit-office", now=int(time.time()))


def certificate(days: float) -> str:
    """One that has so many days left."""
    return tls.new_identity("x", int(time.time() + (days - 400) * DAY), 400)[1]


def home_with(path: Path, service: str) -> AuditorHome:
    (path / "party.json").write_text(
        json.dumps({"format": "concordat-party-v1", "party": "audit-office", "auditor": True})
    )
    card = {"address": "127.0.0.1:1", "origin": "o", "log_key": "k", "tls_certificate": service}
    (path / "service.json").write_text(json.dumps(card))
    return AuditorHome(path)


def asked(path: Path, *, as_json: bool = False) -> Invocation:
    return Invocation(path, as_json=as_json, passphrase_file=None, person="", person_passphrase_file=None)


@pytest.mark.parametrize(("own", "service", "whose"), [(-1, 300, "of audit-office"), (300, -1, "of the service")])
def test_an_expired_certificate_is_named_before_dialling(
    tmp_path: Path, keys: AuditorKeys, monkeypatch: pytest.MonkeyPatch, own: int, service: int, whose: str
) -> None:
    monkeypatch.setattr(keys, "tls_certificate_pem", certificate(own))
    home = home_with(tmp_path, certificate(service))
    with pytest.raises(StateError, match=f"{whose} has expired") as caught:
        home.channel(asked(tmp_path), keys)
    assert caught.value.code == "certificate-expired"
    assert caught.value.remedy


@pytest.mark.parametrize(("days", "said"), [(61.5, ""), (59.5, "59 more days"), (6.5, "6 more days")])
def test_one_near_its_end_is_said(
    tmp_path: Path, keys: AuditorKeys, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    days: float, said: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(keys, "tls_certificate_pem", certificate(days))
    home = home_with(tmp_path, certificate(300))
    home.channel(asked(tmp_path), keys).close()
    errors = capsys.readouterr().err
    assert said in errors
    assert bool(errors) == bool(said)
    home.channel(asked(tmp_path, as_json=True), keys).close()
    assert capsys.readouterr().err == ""
