"""Signing once and then only successors; nothing in force without every signature, the own root, the own data."""

from __future__ import annotations

import dataclasses
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import click
import pytest

from keys.errors import KeyFileError
from keys.people import open_person
from matcher.agency import setup
from matcher.agency.agreements import drafting, known, signatures
from matcher.agency.commands import agreement as commands
from matcher.agency.exchange import outbox
from matcher.agency.exchange.service_card import ServiceCard
from matcher.agency.home import AgencyHome, Person
from matcher.channel.client import Channel
from matcher.channel.types import Published
from matcher.protocol import canonical, messages, names, note, suite
from matcher.protocol.agreement.parse import parse_both
from matcher.protocol.errors import AgreementError, DeniedError, InputError, StateError, VerificationError
from matcher.protocol.messages import SignedMessage
from matcher.text import edge
from tests import daxing

BUREAU, REGULATOR, AUDITOR = daxing.PARTIES
ADMINISTRATORS = {BUREAU: "li.wei", REGULATOR: "chen.jie"}
Files = tuple[bytes, bytes]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Homes of the three parties; key derivation is slow on purpose, so they are made once and copied."""
    path = tmp_path_factory.mktemp("world")
    people = {BUREAU: ("zhang.min", "li.wei"), REGULATOR: ("chen.jie",), AUDITOR: ("zhao.lei",)}
    for party, persons in people.items():
        setup.create_home(
            path / party, party, "secret", dict.fromkeys(persons, "theirs"), auditor=party == AUDITOR,
            holder=party == REGULATOR, now=int(time.time()),
        )  # fmt: skip
    return path


@pytest.fixture
def homes(world: Path, tmp_path: Path) -> Iterator[dict[str, AgencyHome]]:
    shutil.copytree(world, tmp_path / "world")
    opened = {party: AgencyHome.open(tmp_path / "world" / party, "secret") for party in (BUREAU, REGULATOR)}
    yield opened
    for home in opened.values():
        home.journal.close()


def files(homes: dict[str, AgencyHome]) -> Files:
    """The example with these homes' roots and the regulator's real key."""
    roots = {**daxing.ROOTS, **{party: home.keys.root.public for party, home in homes.items()}}
    key = signatures.oprf_public_key(homes[REGULATOR], "daxing-wages", "account", 1)
    return daxing.files(roots=roots, link_key=key)


def person(home: AgencyHome, name: str = "") -> Person:
    name = name or ADMINISTRATORS[home.party]
    return Person(name, open_person(home.path / "people" / f"{name}.key", name, "theirs"))


def sign(home: AgencyHome, pair: Files) -> known.Stored:
    return signatures.sign(home, person(home), *pair)


class FakeService:
    """Holds what was published, and the parties' cards, as the service would."""

    def __init__(self, homes: dict[str, AgencyHome]) -> None:
        self.cards = {party: cast(SignedMessage, setup.issued_card(home.path)) for party, home in homes.items()}
        self.files: Files = (b"", b"")
        self.signatures: dict[str, SignedMessage] = {}

    def publish(self, matching: bytes, agreement: bytes, signatures: list[SignedMessage]) -> Published:
        self.files = (matching, agreement)
        self.signatures |= {message.sender: message for message in signatures}
        return self.get_agreement()

    def get_agreement(self, _digest: bytes = b"", _agreement_id: str = "") -> Published:
        held = tuple(self.signatures.values())
        return Published(suite.sha256(self.files[1]), *self.files, held, (), in_force=False)

    def get_card(self, party: str) -> SignedMessage:
        return self.cards[party]

    def channel(self) -> Channel:
        return cast(Channel, self)


def test_signed_by_all_it_is_in_force_for_all(homes: dict[str, AgencyHome]) -> None:
    pair = files(homes)
    service = FakeService(homes)
    stored = sign(homes[BUREAU], pair)
    assert stored.missing == (REGULATOR,)
    with pytest.raises(AgreementError, match="is not signed by bank-regulator"):
        homes[BUREAU].agreement(daxing.FLOW)
    signatures.publish(homes[BUREAU], service.channel(), stored)

    fetched = signatures.fetch(homes[REGULATOR], service.channel())
    assert set(fetched.signatures) == {BUREAU}
    stored = signatures.sign(homes[REGULATOR], person(homes[REGULATOR]), fetched.matching_file, fetched.agreement_file)
    assert stored.missing == ()
    signatures.publish(homes[REGULATOR], service.channel(), stored)
    signatures.fetch(homes[BUREAU], service.channel())
    for home in homes.values():
        assert home.agreement(daxing.FLOW) == parse_both(*pair)
        assert home.agreement(digest=suite.sha256(pair[1])).id == "daxing-wages"
    with pytest.raises(AgreementError, match="no agreement with flow 'other'"):
        homes[BUREAU].agreement("other")
    with pytest.raises(AgreementError, match="is not known here"):
        homes[BUREAU].agreement(digest=bytes(32))


def test_signing_again_gives_the_same_signature(homes: dict[str, AgencyHome]) -> None:
    pair = files(homes)
    first = sign(homes[BUREAU], pair).signatures[BUREAU]
    assert sign(homes[BUREAU], pair).signatures[BUREAU] == first


def test_an_id_is_signed_once_then_only_its_successors(homes: dict[str, AgencyHome]) -> None:
    home = homes[BUREAU]
    matching, agreement = files(homes)
    sign(home, (matching, agreement))
    other = agreement.replace(b"retention_days = 1825", b"retention_days = 9999")
    with pytest.raises(AgreementError, match="signed version 1 of daxing-wages"):
        sign(home, (matching, other))
    shutil.rmtree(home.agreements_path / suite.sha256(agreement).hex())
    with pytest.raises(AgreementError, match="signed version 1 of daxing-wages"):
        sign(home, (matching, other))

    def successor(version: int, previous: bytes) -> bytes:
        lines = f'version = {version}\nprevious = "{suite.sha256(previous).hex()}"'
        return other.replace(b'version = 1\nprevious = ""', lines.encode())

    for wrong in (successor(3, agreement), successor(2, other)):
        with pytest.raises(AgreementError, match="this is not its successor"):
            sign(home, (matching, wrong))
    second = successor(2, agreement)
    sign(home, (matching, second))
    assert [item.agreement.version for item in known.every(home)] == [2]
    sign(home, (matching, second.replace(b"version = 2", b"version = 3").replace(
        suite.sha256(agreement).hex().encode(), suite.sha256(second).hex().encode())))  # fmt: skip
    assert known.find(home).agreement.version == 3


def test_who_may_not_sign(homes: dict[str, AgencyHome]) -> None:
    matching, agreement = files(homes)
    with pytest.raises(DeniedError, match=r"zhang\.min holds no role 'administer'"):
        signatures.sign(homes[BUREAU], person(homes[BUREAU], "zhang.min"), matching, agreement)
    with pytest.raises(AgreementError, match="names another signing root of labour-bureau"):
        sign(homes[BUREAU], daxing.files())
    roots = {**daxing.ROOTS, REGULATOR: homes[REGULATOR].keys.root.public}
    with pytest.raises(AgreementError, match="the key of link kind account is not the one this home holds"):
        sign(homes[REGULATOR], daxing.files(roots=roots))
    expired = agreement.replace(b"2032-01-01", b"2022-06-01")
    with pytest.raises(AgreementError, match="has expired"):
        sign(homes[BUREAU], (matching, expired))
    assert not known.every(homes[BUREAU])
    assert not (homes[BUREAU].agreements_path / "signed.json").exists()


def test_another_program_s_data_are_refused(homes: dict[str, AgencyHome], monkeypatch: pytest.MonkeyPatch) -> None:
    pair = files(homes)
    monkeypatch.setattr(names, "data_digest", lambda: bytes(32))
    with pytest.raises(AgreementError, match="the name data of this program are not the agreed ones"):
        sign(homes[BUREAU], pair)


def test_before_and_after_the_term_nothing_is_in_force(
    homes: dict[str, AgencyHome], monkeypatch: pytest.MonkeyPatch
) -> None:
    matching, agreement = pair = files(homes)
    signatures = [sign(home, pair).signatures[party] for party, home in homes.items()]
    home = homes[BUREAU]
    known.store(home, matching, agreement, signatures)
    parsed = home.agreement()
    for moment, reason in ((parsed.valid_from - 1, "not in force yet"), (parsed.valid_until, "has expired")):
        monkeypatch.setattr(AgencyHome, "now", lambda _self, moment=moment: moment)
        with pytest.raises(AgreementError, match=reason):
            home.agreement()


SIGNATURE_MUTATIONS: dict[str, dict[str, Any]] = {
    "another signature": {"signature": bytes(64)},
    "another sender": {"sender": REGULATOR},
    "an auditor": {"sender": AUDITOR},
    "another agreement": {"agreement": bytes(32)},
    "another sequence": {"sequence": 77},
    "to somebody": {"recipient": REGULATOR},
    "another person": {"person": "zhang.min"},
    "no person": {"person": "", "person_signature": b""},
    "another kind": {"kind": "manifest"},
}


@pytest.mark.parametrize("name", SIGNATURE_MUTATIONS)
def test_a_signature_that_is_not_exactly_right_is_refused(homes: dict[str, AgencyHome], name: str) -> None:
    pair = files(homes)
    good = sign(homes[BUREAU], pair).signatures[BUREAU]
    bad = dataclasses.replace(good, **SIGNATURE_MUTATIONS[name])
    with pytest.raises(VerificationError):
        known.store(homes[REGULATOR], *pair, [bad])
    assert not known.every(homes[REGULATOR])


def test_a_good_signature_of_something_else_is_refused(homes: dict[str, AgencyHome]) -> None:
    matching, agreement = pair = files(homes)
    parsed = parse_both(*pair)
    good = sign(homes[BUREAU], pair).signatures[BUREAU]
    body = dict(known.body_of(parsed))
    signer = person(homes[BUREAU])
    others = [
        outbox.sign_message(homes[BUREAU], "agreement", *header, {**body, **change}, 0, signer)
        for header, change in (
            ((bytes(32), "", "", ""), {}),
            ((parsed.digest, daxing.FLOW, "", ""), {}),
            ((parsed.digest, "", "2022-05", ""), {}),
            ((parsed.digest, "", "", REGULATOR), {}),
            ((parsed.digest, "", "", ""), {"version": 2}),
            ((parsed.digest, "", "", ""), {"agreement": "other"}),
            ((parsed.digest, "", "", ""), {"matching": "00" * 32}),
        )
    ]
    for other in others:
        with pytest.raises(VerificationError, match="labour-bureau signed something else"):
            known.store(homes[REGULATOR], matching, agreement, [other])
    with pytest.raises(VerificationError, match="a signature of labour-bureau has no place here"):
        known.store(homes[REGULATOR], matching, agreement, [good, good])
    assert set(known.store(homes[REGULATOR], matching, agreement, [good]).signatures) == {BUREAU}


def test_fetching_checks_files_signatures_and_people(homes: dict[str, AgencyHome]) -> None:
    pair = files(homes)
    service = FakeService(homes)
    signatures.publish(homes[BUREAU], service.channel(), sign(homes[BUREAU], pair))
    good = service.signatures[BUREAU]
    service.signatures[BUREAU] = dataclasses.replace(good, person_signature=bytes(64))
    with pytest.raises(VerificationError, match=r"signature of person li\.wei"):
        signatures.fetch(homes[REGULATOR], service.channel())
    service.signatures[BUREAU] = good
    with pytest.raises(VerificationError, match="another agreement than"):
        signatures.fetch(homes[REGULATOR], service.channel(), bytes(32))
    with pytest.raises(VerificationError, match="of another id"):
        signatures.fetch(homes[REGULATOR], service.channel(), agreement_id="other")
    service.files = daxing.files()
    with pytest.raises(AgreementError, match="another signing root"):
        signatures.fetch(homes[REGULATOR], service.channel())


def test_a_stored_file_that_was_changed_is_refused(homes: dict[str, AgencyHome]) -> None:
    pair = files(homes)
    sign(homes[BUREAU], pair)
    path = homes[BUREAU].agreements_path / suite.sha256(pair[1]).hex() / "agreement.toml"
    path.write_bytes(path.read_bytes().replace(b"runs = 10", b"runs = 99"))
    with pytest.raises(VerificationError, match="was changed after it was stored"):
        known.every(homes[BUREAU])


def test_publishing_needs_the_own_signature(homes: dict[str, AgencyHome]) -> None:
    pair = files(homes)
    stored = known.store(homes[REGULATOR], *pair, [sign(homes[BUREAU], pair).signatures[BUREAU]])
    with pytest.raises(StateError, match="bank-regulator has not signed"):
        signatures.publish(homes[REGULATOR], FakeService(homes).channel(), stored)


# ---- commands ----------------------------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    group = click.Group("concordat")
    commands.register(group)
    edge.share_options(group, people=True)
    status = edge.run(group, ["agreement", *map(str, arguments)], KeyFileError)
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.fixture
def passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORDAT_PASSPHRASE", "secret")
    monkeypatch.setenv("CONCORDAT_PERSON_PASSPHRASE", "theirs")


@pytest.mark.usefixtures("passphrases")
def test_from_templates_to_a_signed_agreement(
    homes: dict[str, AgencyHome], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = tmp_path / "world"
    service = ServiceCard("127.0.0.1:1", daxing.ORIGIN, daxing.LOG_KEY, "certificate")
    (tmp_path / "service.json").write_text(json.dumps(dataclasses.asdict(service)), encoding="utf-8")
    status, out, _ = run(
        capsys, "oprf-key", "--link", "account", "--agreement-id", "daxing-wages", "--home", world / REGULATOR
    )  # fmt: skip
    assert status == 0
    cards = [word for party in daxing.PARTIES for word in ("--card", world / party / "card.json")]
    arguments = draft_arguments(tmp_path, cards, out.strip())
    status, out, err = run(capsys, *arguments, "--json")
    assert (status, err) == (0, "")
    drafted = json.loads(out)
    issued = {party: cast(SignedMessage, setup.issued_card(world / party)) for party in daxing.PARTIES}
    matching, agreement = ((tmp_path / "draft" / name).read_bytes() for name in ("matching.toml", "agreement.toml"))
    parsed = parse_both(matching, agreement)
    assert {party.id: canonical.b64(party.root) for party in parsed.parties.values()} == {
        party: card.content()["root"] for party, card in issued.items()
    }
    assert drafted["digest"] == parsed.digest.hex()
    assert parsed.witnesses == ((world / AUDITOR / "witness.vkey").read_text().strip(),)

    status, out, _ = run(capsys, "check", tmp_path / "draft", "--json")
    assert (status, json.loads(out)["valid"]) == (0, True)
    for party, administrator in ADMINISTRATORS.items():
        arguments = ["sign", tmp_path / "draft", "--home", world / party, "--person", administrator, "--json"]
        status, out, err = run(capsys, *arguments)
        assert (status, json.loads(out)["signed"], err) == (0, [party], "")
    status, out, _ = run(capsys, "show", "--home", world / BUREAU)
    assert status == 0
    for shown in ("daxing-wages", "wages-short", "《保障农民工工资支付条例》", "labour-bureau", "chen.jie", "200,000"):
        assert shown in out
    status, out, _ = run(capsys, "show", "--home", world / BUREAU, "--all", "--json")
    assert [item["missing"] for item in json.loads(out)["agreements"]] == [[REGULATOR]]

    # nothing already written is replaced by something else
    other = note.verifier_key("other.test", bytes(32))
    (tmp_path / "service.json").write_text(
        json.dumps(dataclasses.asdict(ServiceCard("127.0.0.1:1", "other.test", other, "certificate"))), encoding="utf-8"
    )
    status, _, err = run(capsys, *draft_arguments(tmp_path, cards, f"account={daxing.LINK_KEY.hex()}"))
    assert (status, "is there already" in err) == (5, True)
    assert (tmp_path / "draft" / "matching.toml").read_bytes() == matching


@pytest.mark.parametrize("text", ["", "no key", daxing.LOG_KEY])
def test_a_draft_takes_a_witness_s_key_only(tmp_path: Path, text: str) -> None:
    path = tmp_path / "witness.vkey"
    path.write_text(text)
    with pytest.raises(InputError, match="holds no witness"):
        drafting.witness_key(path)
    path.write_text(daxing.WITNESS_KEY + "\n")
    assert drafting.witness_key(path) == daxing.WITNESS_KEY


def draft_arguments(tmp_path: Path, cards: list[str | Path], key: str) -> list[str | Path]:
    return [
        "draft", "--matching", daxing.EXAMPLE / "matching.toml", "--agreement", daxing.EXAMPLE / "agreement.toml",
        "--service", tmp_path / "service.json", "--oprf-key", key, "--out", tmp_path / "draft",
        "--witness", tmp_path / "world" / AUDITOR / "witness.vkey", *cards,
    ]  # fmt: skip


def test_check_names_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    matching, agreement = daxing.files()
    (tmp_path / "matching.toml").write_bytes(matching)
    (tmp_path / "agreement.toml").write_bytes(agreement.replace(b"runs = 10", b"rums = 10", 1))
    status, _, err = run(capsys, "check", tmp_path / "matching.toml", tmp_path / "agreement.toml")
    assert status == 5
    assert "agreement.quotas.labour-bureau.rums" in err.replace("\n", "")
    assert run(capsys, "check", tmp_path / "matching.toml")[0] == 3
    assert run(capsys, "check", tmp_path / "absent")[0] == 2


def test_a_card_must_hold_its_own_signature(homes: dict[str, AgencyHome], tmp_path: Path) -> None:
    card = cast(SignedMessage, setup.issued_card(homes[BUREAU].path))
    path = tmp_path / "card.json"
    path.write_bytes(canonical.encode(messages.to_json(card)))
    assert drafting.card_root(path, int(time.time())) == (BUREAU, homes[BUREAU].keys.root.public)
    path.write_bytes(canonical.encode(messages.to_json(dataclasses.replace(card, signature=bytes(64)))))
    with pytest.raises(VerificationError):
        drafting.card_root(path, int(time.time()))
    path.write_bytes(b"{}")
    with pytest.raises(InputError, match=r"card\.json is no card"):
        drafting.card_root(path, int(time.time()))
    for text in ("account", "account=12", "account=" + "AB" * 32):
        with pytest.raises(InputError, match="link kind 'account'"):
            drafting.link_key(text, "oprf")
