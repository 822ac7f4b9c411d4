"""Cards: how a party's encryption key, TLS identity and people's keys become known to the others.

A card is a signed message of kind "card" (bodies.py), certified by the party's root, which stands in the agreement. It
is renewable without touching any token; its serial only rises, so an old card cannot be played back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from keys import files, tls
from matcher.agency.home import AgencyHome
from matcher.protocol import bodies, canonical, messages
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import VerificationError
from matcher.protocol.messages import SignedMessage

CARDS_DIRECTORY = "cards"
_ASK_FOR_A_CARD = "Ask that party for its newest card, and have the service admit it."


@dataclass(frozen=True, slots=True)
class Card:
    """A verified card. ``encryption_key`` is for HPKE; ``people`` maps ids to Ed25519 public keys."""

    party: str
    root: bytes
    encryption_key: bytes
    tls_certificate: str
    people: Mapping[str, bytes]
    serial: int
    not_after: int

    def person_key(self, person: str) -> bytes:
        """The public key of ``person``. Raises VerificationError when the card does not have it."""
        if person not in self.people:
            raise VerificationError(
                f"the card of {self.party} has no key of person {person!r}", remedy=_ASK_FOR_A_CARD
            )  # fmt: skip
        return self.people[person]


class CardSource(Protocol):
    """Where cards come from: the service's channel."""

    def get_card(self, party: str) -> SignedMessage:
        """The admitted card of ``party``."""


def verify(message: SignedMessage, party: str, root: bytes, now: int) -> Card:
    """The card in ``message``, certified by ``root`` (from the agreement). Raises VerificationError."""
    if message.kind != "card" or message.sender != party or message.recipient:
        raise VerificationError(f"this is no card of {party}")
    messages.verify(message, root)
    body = message.content()
    bodies.check("card", body)
    if body["party"] != party or canonical.unb64(body["root"], 32) != root:
        raise VerificationError(f"the card of {party} names another party or root", remedy=_ASK_FOR_A_CARD)
    people = {item["id"]: canonical.unb64(item["key"], 32) for item in body["people"]}
    if len(people) != len(body["people"]):
        raise VerificationError(f"the card of {party} names a person twice", remedy=_ASK_FOR_A_CARD)
    if body["not_after"] <= now:
        raise VerificationError(f"the card of {party} has expired", remedy=_ASK_FOR_A_CARD)
    return Card(
        party, root, canonical.unb64(body["encryption_key"]), body["tls_certificate"], people,
        body["serial"], body["not_after"],
    )  # fmt: skip


class CardBook:
    """Cards of the other parties: asked of the service, verified against the agreement's roots, kept in HOME/cards."""

    def __init__(self, home: AgencyHome, source: CardSource) -> None:
        self._home = home
        self._source = source
        self._fresh: dict[tuple[str, bytes], Card] = {}

    def card(self, agreement: Agreement, party: str) -> Card:
        """The newest card of ``party``; asked for once per book. Raises VerificationError, DeniedError."""
        root = agreement.party(party).root
        if (party, root) not in self._fresh:
            self._fresh[party, root] = self._ask(party, root)
        return self._fresh[party, root]

    def person_key(self, agreement: Agreement, party: str, person: str) -> bytes:
        """The public key of a person of ``party``; asks again when a card kept from before does not have it."""
        card = self.card(agreement, party)
        if person not in card.people:
            del self._fresh[party, card.root]
            card = self.card(agreement, party)
        return card.person_key(person)

    def _ask(self, party: str, root: bytes) -> Card:
        message = self._source.get_card(party)
        card = verify(message, party, root, self._home.now())
        path = self._path(party)
        if path.is_file():
            kept = messages.from_json(json.loads(path.read_bytes())).content()
            if kept["root"] == canonical.b64(root) and kept["serial"] > card.serial:
                raise VerificationError(
                    f"the service gave card {card.serial} of {party}, older than card {kept['serial']} seen before",
                    remedy=_ASK_FOR_A_CARD,
                )
        path.parent.mkdir(mode=0o700, exist_ok=True)
        files.write(path, canonical.encode(messages.to_json(message)), replace=True)
        return card

    def _path(self, party: str) -> Path:
        if not bodies.is_id(party):
            raise VerificationError("a party's id is malformed")
        return self._home.path / CARDS_DIRECTORY / f"{party}.json"


def body_of(
    party: str, root: bytes, encryption_key: bytes, tls_certificate: str, people: Mapping[str, bytes], serial: int
) -> canonical.Json:
    """The body of a card. It is good for as long as its TLS certificate. An auditor's ``encryption_key`` is empty."""
    return {
        "party": party,
        "root": canonical.b64(root),
        "encryption_key": canonical.b64(encryption_key),
        "tls_certificate": tls_certificate,
        "people": [{"id": person, "key": canonical.b64(key)} for person, key in sorted(people.items())],
        "serial": serial,
        "not_after": tls.not_after(tls_certificate),
    }
