"""``concordat init``, ``card``, ``service add``, ``person add``: who this party is, and what it hands to the others."""

from __future__ import annotations

import time
from pathlib import Path

import click

from keys import files, people
from keys import passphrase as passphrases
from matcher.agency import setup
from matcher.agency.exchange import service_card
from matcher.agency.home import PEOPLE_DIRECTORY, AgencyHome, party_of
from matcher.protocol import canonical, messages
from matcher.protocol.errors import InputError
from matcher.protocol.messages import SignedMessage
from matcher.text import _
from matcher.text.terminal import Invocation, emit

FILE = click.Path(path_type=Path, dir_okay=False)


def register(group: click.Group) -> None:
    """Add the commands to ``group``."""
    group.add_command(init)
    group.add_command(card)
    group.add_command(_service())
    group.add_command(_person())


@click.command(help=_("Make a home: all keys, operator keys for people, and the public card."))
@click.option("--party", required=True, help=_("This party's id, e.g. labour-bureau."))
@click.option("--auditor", is_flag=True, help=_("This party is an auditor: it holds no records."))
@click.option("--holder", is_flag=True, help=_("This party holds the evaluation key of a link kind (mode oprf)."))
@click.option("--person", "persons", multiple=True, help=_("Also make an operator key for this person; repeatable."))
@click.pass_obj
def init(invocation: Invocation, party: str, auditor: bool, holder: bool, persons: tuple[str, ...]) -> None:
    """Make a home."""
    if invocation.home == Path():
        raise InputError("no home was named", remedy="Give --home DIR or set CONCORDAT_HOME.")
    for name in (party, *persons):
        setup.require_id(name)
    secret = passphrases.new_of_party(invocation.passphrase_file)
    secrets = {item: passphrases.new_of_person(item, invocation.person_passphrase_file) for item in persons}
    made = setup.create_home(
        invocation.home, party, secret, secrets, auditor=auditor, holder=holder, now=int(time.time())
    )  # fmt: skip
    _show_card(invocation, made, invocation.home / setup.CARD_FILE)


@click.command(help=_("Issue this party's public card anew, if anything in it has changed."))
@click.option("--out", type=FILE, help=_("Also write the card to this file."))
@click.option("--renew-tls", is_flag=True, help=_("Make a new TLS identity first."))
@click.option(
    "--renew-encryption", is_flag=True, help=_("Make a new encryption key first; the former one still opens.")
)
@click.pass_obj
def card(invocation: Invocation, out: Path | None, renew_tls: bool, renew_encryption: bool) -> None:
    """Issue the card."""
    party, auditor = party_of(invocation.home)
    secret = passphrases.of_party(invocation.passphrase_file)
    if auditor:
        issued = setup.issue_auditor_card(invocation.home, party, secret, renew_tls=renew_tls, now=int(time.time()))
    else:
        home = AgencyHome.open(invocation.home, secret)
        if renew_tls:
            home.keys.renew_tls(party, home.now())
        if renew_encryption:
            home.keys.renew_encryption()
        issued = setup.issue_card(home)
    if out is not None:
        files.write(out, canonical.encode(messages.to_json(issued)), replace=True)
    _show_card(invocation, issued, out or invocation.home / setup.CARD_FILE)


def _show_card(invocation: Invocation, issued: SignedMessage, path: Path) -> None:
    body = issued.content()
    result = {
        "party": body["party"],
        "root": body["root"],
        "serial": body["serial"],
        "not_after": body["not_after"],
        "people": body["people"],
        "card": str(path),
    }
    day = time.strftime("%Y-%m-%d", time.gmtime(body["not_after"]))
    names = ", ".join(item["id"] for item in body["people"]) or _("nobody yet")
    lines = [
        _("Party {party}, card {serial}, good until {day}", party=body["party"], serial=body["serial"], day=day),
        _("Signing root: {root}", root=body["root"]),
        _("People with an operator key: {names}", names=names),
        _("Hand this file to the service's operator and to the other parties: {path}", path=path),
    ]
    witness = invocation.home / setup.WITNESS_FILE
    if witness.is_file():
        result["witness_key"] = witness.read_text(encoding="utf-8").strip()
        lines.append(_("And this one, the witness's key, to whoever drafts the agreement: {path}", path=witness))
    emit(invocation, result, lambda console: console.print("\n".join(lines), markup=False, soft_wrap=True))


def _service() -> click.Group:
    group = click.Group("service", help=_("The service this home talks to."))

    @group.command("add", help=_("Keep the operator's service.json: address, log key, TLS certificate."))
    @click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
    @click.option("--address", help=_("HOST:PORT, where it is not the one in the file."))
    @click.pass_obj
    def add(invocation: Invocation, file: Path, address: str | None) -> None:
        party_of(invocation.home)
        given = service_card.parse(file.read_bytes(), address)
        service_card.store(invocation.home, given)
        result = {"address": given.address, "origin": given.origin, "log_key": given.log_key}
        text = _("Service at {address}, log {origin}", address=given.address, origin=given.origin)
        emit(invocation, result, lambda console: console.print(text, markup=False, soft_wrap=True))

    return group


def _person() -> click.Group:
    group = click.Group("person", help=_("People of this party and their operator keys."))

    @group.command("add", help=_("Make an operator key, under the person's own passphrase."))
    @click.argument("person")
    @click.pass_obj
    def add(invocation: Invocation, person: str) -> None:
        party_of(invocation.home)
        setup.require_id(person)
        secret = passphrases.new_of_person(person, invocation.person_passphrase_file)
        public = people.create(invocation.home / PEOPLE_DIRECTORY / f"{person}.key", person, secret)
        result = {"person": person, "key": canonical.b64(public)}
        text = _("{person} has an operator key now. Run `concordat card` to put it on the card.", person=person)
        emit(invocation, result, lambda console: console.print(text, markup=False, soft_wrap=True))

    return group
