"""A home: made whole or not at all, never overwritten, opened by its passphrase only, known by its card."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from keys import people, tls
from keys.auditor import AuditorKeys
from keys.errors import ExistsError, PermissionsError, WrongPassphraseError
from matcher.agency import setup
from matcher.agency.exchange import cards, service_card
from matcher.agency.exchange.outbox import sign_message
from matcher.agency.home import AgencyHome, dial
from matcher.protocol import canonical, cosignature, messages
from matcher.protocol.errors import InputError, StateError, VerificationError
from matcher.protocol.messages import NO_AGREEMENT
from matcher.text.terminal import Invocation

NOW = int(time.time())


def make(path: Path, party: str = "bureau", **options: bool) -> None:
    chosen = {"auditor": False, "holder": False, **options}
    setup.create_home(path, party, "secret", {"ann": "hers"}, now=NOW, **chosen)


def test_a_home_is_made_and_opened(tmp_path: Path) -> None:
    make(tmp_path / "home", holder=True)
    home = AgencyHome.open(tmp_path / "home", "secret")
    assert home.party == "bureau"
    assert home.keys.oprf_seed is not None
    card = setup.issued_card(home.path)
    assert card is not None
    verified = cards.verify(card, "bureau", home.keys.root.public, NOW)
    assert verified.encryption_key == home.keys.encryption.public
    assert set(verified.people) == {"ann"}
    assert not [item for item in tmp_path.iterdir() if item.name != "home"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    make(tmp_path / "home")
    before = {item: item.read_bytes() for item in (tmp_path / "home").rglob("*") if item.is_file()}
    with pytest.raises(StateError):
        make(tmp_path / "home", "other")
    assert before == {item: item.read_bytes() for item in (tmp_path / "home").rglob("*") if item.is_file()}


def test_a_failure_half_way_leaves_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_home: AgencyHome) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(setup, "issue_card", fail)
    with pytest.raises(OSError, match="disk full"):
        make(tmp_path / "home")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("party", ["Bureau", "../x", "", "a/b", "局"])
def test_a_malformed_id_is_refused(tmp_path: Path, party: str) -> None:
    with pytest.raises(InputError):
        make(tmp_path / "home", party)
    assert not list(tmp_path.iterdir())


def test_an_auditor_has_a_card_and_opens_no_agency_home(tmp_path: Path) -> None:
    make(tmp_path / "home", "audit-office", auditor=True)
    card = setup.issued_card(tmp_path / "home")
    assert card is not None
    assert card.content()["encryption_key"] == ""
    again = setup.issue_auditor_card(tmp_path / "home", "audit-office", "secret", renew_tls=False, now=NOW)
    assert again == card
    witness = cosignature.parse_verifier_key((tmp_path / "home" / "witness.vkey").read_text().strip())
    assert (witness.name, witness.public) == (
        "audit-office/witness", AuditorKeys.open(tmp_path / "home" / "keys", "secret").witness.public,
    )  # fmt: skip
    renewed = setup.issue_auditor_card(tmp_path / "home", "audit-office", "secret", renew_tls=True, now=NOW + 5)
    assert renewed.content()["serial"] == 2
    messages.verify(renewed, canonical.unb64(card.content()["root"], 32))
    with pytest.raises(StateError, match="auditor"):
        AgencyHome.open(tmp_path / "home", "secret")


def test_wrong_passphrase_wrong_permissions_damage(tmp_path: Path) -> None:
    make(tmp_path / "home")
    path = tmp_path / "home"
    with pytest.raises(WrongPassphraseError):
        AgencyHome.open(path, "other")
    (path / "keys" / "root.key").chmod(0o644)
    with pytest.raises(PermissionsError):
        AgencyHome.open(path, "secret")
    (path / "keys" / "root.key").chmod(0o600)
    (path / "party.json").write_text("{")
    with pytest.raises(InputError):
        AgencyHome.open(path, "secret")
    with pytest.raises(StateError, match="no home"):
        AgencyHome.open(tmp_path / "nowhere", "secret")


def test_a_card_is_issued_anew_only_when_something_changed(tmp_path: Path) -> None:
    make(tmp_path / "home")
    home = AgencyHome.open(tmp_path / "home", "secret")
    first = setup.issue_card(home)
    assert first.content()["serial"] == 1
    home.keys.renew_encryption()
    second = setup.issue_card(home)
    assert second.content()["serial"] == 2
    assert second.sequence > first.sequence
    assert setup.issue_card(home) == second


def test_a_person_signs_beside_the_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "home")
    home = AgencyHome.open(tmp_path / "home", "secret")
    monkeypatch.setenv("CONCORDAT_PERSON_PASSPHRASE", "hers")
    invocation = Invocation(home.path, as_json=True, passphrase_file=None, person="ann", person_passphrase_file=None)
    person = home.person(invocation)
    body = {"manifests": ["00" * 32]}
    message = sign_message(home, "match", NO_AGREEMENT, "f", "2022-05", "", body, 1, person)
    messages.verify(message, home.keys.root.public, person.key.public)
    for name in ("", "../ann", "Ann"):
        with pytest.raises(InputError):
            home.person(Invocation(home.path, True, None, name, None))
    with pytest.raises(ExistsError):
        people.create(home.path / "people" / "ann.key", "ann", "other")


def test_sequence_numbers_rise_across_restarts_and_are_per_recipient(tmp_path: Path) -> None:
    make(tmp_path / "home")
    body = {"manifests": ["00" * 32]}
    numbers = []
    for _round in range(3):
        home = AgencyHome.open(tmp_path / "home", "secret")
        numbers.append(sign_message(home, "match", NO_AGREEMENT, "f", "2022-05", "", body, 0).sequence)
        home.journal.close()
    assert numbers == [2, 3, 4]  # 1 was the card
    home = AgencyHome.open(tmp_path / "home", "secret")
    assert sign_message(home, "match", NO_AGREEMENT, "f", "2022-05", "other", body, 0).sequence == 1


def test_a_body_of_another_form_is_not_signed(tmp_path: Path) -> None:
    make(tmp_path / "home")
    home = AgencyHome.open(tmp_path / "home", "secret")
    with pytest.raises(VerificationError):
        sign_message(home, "match", NO_AGREEMENT, "f", "2022-05", "", {"manifests": []}, 0)
    assert json.loads((home.path / "party.json").read_text())["party"] == "bureau"


def test_what_was_not_made_by_this_program_or_has_expired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no evaluation key"):
        make(tmp_path / "auditor", auditor=True, holder=True)
    make(tmp_path / "home")
    home = AgencyHome.open(tmp_path / "home", "secret")
    service = tls.new_identity("concordat", NOW, 3)[1]
    card = service_card.ServiceCard("127.0.0.1:1", "log", "key", service)
    dial(home.path, card, home.keys, "bureau", NOW + 60).close()
    for later in (NOW + 5 * 86_400, tls.not_after(home.keys.tls_certificate_pem)):
        with pytest.raises(StateError) as caught:
            dial(home.path, card, home.keys, "bureau", later)
        assert caught.value.code == "certificate-expired"
    with pytest.raises(StateError, match="of bureau"):
        dial(home.path, card, home.keys, "bureau", tls.not_after(home.keys.tls_certificate_pem))
    with pytest.raises(StateError, match="of the service"):
        dial(home.path, card, home.keys, "bureau", NOW + 5 * 86_400)
    (home.path / "party.json").write_text('{"format":"other","party":"bureau","auditor":false}')
    with pytest.raises(InputError, match="format"):
        AgencyHome.open(tmp_path / "home", "secret")


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"address":1,"origin":"","log_key":"","tls_certificate":""}'])
def test_a_service_file_that_is_none(data: bytes) -> None:
    with pytest.raises(InputError):
        service_card.parse(data, "127.0.0.1:1")


def test_a_service_file_without_an_address(tmp_path: Path) -> None:
    data = b'{"address":"","origin":"o","log_key":"k","tls_certificate":"c"}'
    with pytest.raises(InputError, match="address"):
        service_card.parse(data)
    card = service_card.parse(data, "host:1")
    service_card.store(tmp_path, card)
    assert service_card.load(tmp_path) == card
    with pytest.raises(StateError):
        service_card.load(tmp_path / "nowhere")


@pytest.mark.parametrize("change", ["party", "root", "twice", "kind"])
def test_a_card_that_says_something_else(tmp_path: Path, change: str) -> None:
    make(tmp_path / "home")
    home = AgencyHome.open(tmp_path / "home", "secret")
    body = setup.issue_card(home).content()
    if change == "party":
        body["party"] = "other"
    elif change == "root":
        body["root"] = canonical.b64(bytes(32))
    elif change == "twice":
        body["people"] = [body["people"][0], body["people"][0]]
    recipient = "someone" if change == "kind" else ""
    card = sign_message(home, "card", NO_AGREEMENT, "", "", recipient, body, 0)
    with pytest.raises(VerificationError):
        cards.verify(card, "bureau", home.keys.root.public, NOW)


class _Directory:
    def __init__(self, card: messages.SignedMessage) -> None:
        self.card = card
        self.asked = 0

    def get_card(self, _party: str) -> messages.SignedMessage:
        self.asked += 1
        return self.card


class _Agreement:
    def __init__(self, root: bytes) -> None:
        self.root = root

    def party(self, _party: str) -> _Agreement:
        return self


def test_an_old_card_or_a_foreign_one_is_refused(tmp_path: Path) -> None:
    make(tmp_path / "home")
    make(tmp_path / "other", "regulator")
    home, other = AgencyHome.open(tmp_path / "home", "secret"), AgencyHome.open(tmp_path / "other", "secret")
    first = setup.issue_card(other)
    other.keys.renew_encryption()
    second = setup.issue_card(other)
    agreement = _Agreement(other.keys.root.public)
    directory = _Directory(second)
    book = cards.CardBook(home, directory)
    assert book.card(agreement, "regulator").serial == 2  # type: ignore[arg-type]
    assert book.card(agreement, "regulator").serial == 2  # type: ignore[arg-type]
    assert directory.asked == 1
    with pytest.raises(VerificationError, match="older"):
        cards.CardBook(home, _Directory(first)).card(agreement, "regulator")  # type: ignore[arg-type]
    with pytest.raises(VerificationError):
        cards.CardBook(home, _Directory(second)).card(_Agreement(home.keys.root.public), "regulator")  # type: ignore[arg-type]
    with pytest.raises(VerificationError, match="no card"):
        cards.CardBook(home, _Directory(second)).card(agreement, "someone")  # type: ignore[arg-type]
    with pytest.raises(VerificationError, match="expired"):
        cards.verify(second, "regulator", other.keys.root.public, second.content()["not_after"])
