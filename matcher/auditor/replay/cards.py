"""Checks 6 to 9: who a party is, and which of its people may sign what.

Only the newest card of a party counts, as for the service: a person taken off a card signs nothing from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matcher.auditor.checks import CheckFailed, check
from matcher.auditor.replay.act import Act, require
from matcher.auditor.replay.signatures import Signatures
from matcher.protocol import canonical, messages
from matcher.protocol.agreement.model import Role
from matcher.protocol.entries import Entry
from matcher.protocol.errors import ConcordatError
from matcher.protocol.messages import SignedMessage

ROLES: Mapping[str, Role] = {"match": "prepare", "reveal-request": "prepare", "reveal-decision": "approve"}


@dataclass(frozen=True, slots=True)
class _Card:
    root: bytes
    serial: int
    people: Mapping[str, bytes]


class Cards:
    """The newest card of every party admitted so far. What is signed by their keys goes to ``signatures``."""

    def __init__(self, signatures: Signatures) -> None:
        self._signatures = signatures
        self._cards: dict[str, _Card] = {}

    def admit(self, entry: Entry) -> None:
        """Take a card in. Raises CheckFailed (6)."""
        message, body = entry.require_message(), entry.body
        with check(6):
            party = message.sender
            root = canonical.unb64(body["root"], 32)
            people = {item["id"]: canonical.unb64(item["key"], 32) for item in body["people"]}
            require(6, body["party"] == party and not message.recipient, f"the card of {party} names another party")
            require(6, len(people) == len(body["people"]), f"the card of {party} names a person twice")
            messages.verify(message, root)
            require(6, body["not_after"] > entry.time // 1000, f"card {body['serial']} of {party} had expired")
            held = self._cards.get(party)
            if held is None:
                require(6, entry.type == "card-admitted", f"{party} renews a card that it never had")
            else:
                require(6, held.root == root, f"card {body['serial']} of {party} has another root than the one before")
                require(6, body["serial"] > held.serial, f"card {body['serial']} of {party} is no newer one")
                require(6, entry.type == "key-rotated", f"{party} is admitted twice")
        self._cards[party] = _Card(root, body["serial"], people)

    def require_signed(self, act: Act) -> None:
        """Raise CheckFailed (7) unless the sender is who the agreement says; the signature is put aside."""
        message = act.message
        try:
            root = act.agreement.party(message.sender).root
        except ConcordatError as error:
            raise CheckFailed(7, str(error)) from error
        card = self._cards.get(message.sender)
        if card is None:
            raise CheckFailed(7, f"{message.sender} has no admitted card")
        if card.root != root:
            raise CheckFailed(7, f"the agreement names another root of {message.sender}")
        self._signatures.put_aside(7, act.index, root, message.signature, act.signed, message.sender)

    def require_person(self, act: Act) -> None:
        """Raise CheckFailed (8) unless the person named beside the sender has a key; the signature is put aside."""
        message = act.message
        if message.person:
            key = self.person_key(message.sender, message.person)
            if not key:
                raise CheckFailed(8, f"the card of {message.sender} has no key of person {message.person}")
            data = messages.person_bytes(act.digest, message.person)
            who = f"person {message.person}"
            self._signatures.put_aside(8, act.index, key, message.person_signature, data, who)

    def require_role(self, act: Act) -> None:
        """Raise CheckFailed (9) unless somebody with the needed role is named."""
        message = act.message
        with check(9):
            if message.kind in ROLES and not _is_automatic(message, act.entry.body):
                act.agreement.require_role(message.sender, message.person, ROLES[message.kind])
            elif message.person:
                people = act.agreement.party(message.sender).people
                require(9, message.person in people, f"{message.person} is no person of {message.sender}")

    def person_key(self, party: str, person: str) -> bytes:
        """The key of ``person`` on the newest card of ``party``; empty if there is none, which check 8 reports."""
        card = self._cards.get(party)
        return card.people.get(person, b"") if card else b""


def _is_automatic(message: SignedMessage, body: Mapping[str, Any]) -> bool:
    return message.kind == "reveal-decision" and body["automatic"] is True
