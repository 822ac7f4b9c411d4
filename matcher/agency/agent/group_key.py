"""The group key of a link kind (mode ``hmac``): made once, sent to each data party, opened by its agent.

Design section 4, "Record secret". The key travels by HPKE inside a signed message; ``info`` = lp("concordat-v1 group
key") || agreement digest || lp(sender) || lp(recipient) || lp(link kind). A key with another id than the agreement's is
refused, whoever sends it. The id stands in the matching file, so the key is made before the agreement is signed.
"""

from __future__ import annotations

import hmac
from typing import Any

from keys import group, hpke
from keys.errors import ExistsError, ReceivedError
from matcher.agency.exchange import inbox
from matcher.agency.exchange.cards import Card
from matcher.agency.exchange.inbox import Received, named
from matcher.agency.exchange.outbox import sign_message
from matcher.agency.home import AgencyHome
from matcher.protocol import canonical, suite
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import DeniedError, StateError, VerificationError
from matcher.protocol.messages import SignedMessage
from matcher.protocol.suite import lp, sha256

_GROUP_KEY_LABEL = b"concordat-v1 group key"


def group_key_info(agreement_digest: bytes, sender: str, recipient: str, link: str) -> bytes:
    """HPKE ``info`` of a group key on its way."""
    return lp(_GROUP_KEY_LABEL) + agreement_digest + lp(sender) + lp(recipient) + lp(link)


def create(home: AgencyHome, link: str) -> bytes:
    """Make a group key here, unless there is one, and return its id (32 bytes) for the matching file."""
    if not home.keys.has_group_key(link):
        home.keys.store_group_key(link, group.generate())
    return suite.group_key_id(home.keys.group_key(link).reveal())


def seal_for(home: AgencyHome, agreement: Agreement, link: str, card: Card) -> tuple[SignedMessage, bytes]:
    """(message, attachment) that takes our group key of ``link`` to the party of ``card``."""
    expected = _expected_id(agreement, link)
    key = home.keys.group_key(link).reveal()
    if not hmac.compare_digest(suite.group_key_id(key), expected):
        raise StateError(f"the group key here is not the one the agreement names for link kind {link}")
    info = group_key_info(agreement.digest, home.party, card.party, link)
    try:
        sealed = hpke.seal(card.encryption_key, key, info)
    except ReceivedError as error:
        raise VerificationError(f"the card of {card.party} holds no usable encryption key") from error
    body: canonical.Json = {"link": link, "group_key_id": expected.hex(), "sealed_sha256": sha256(sealed).hex()}
    message = sign_message(
        home, "group-key", agreement.digest, "", "", card.party, body, agreement.message_hours
    )  # fmt: skip
    return message, sealed


def receive(home: AgencyHome, received: Received) -> dict[str, Any]:
    """Open a group key sent to us and keep it. Raises VerificationError, DeniedError, StateError by name."""
    message, link = received.message, received.body["link"]
    with named("group-key"):
        expected = _expected_id(received.agreement, link)
        if sha256(received.attachment).hex() != received.body["sealed_sha256"]:
            raise VerificationError("the sealed group key is not the one that was signed for")
        try:
            info = group_key_info(message.agreement, message.sender, home.party, link)
            key = home.keys.open_sealed(received.attachment, info)
        except ReceivedError as error:
            raise VerificationError("the group key was not sealed to this party") from error
        if len(key) != group.KEY_SIZE or not hmac.compare_digest(suite.group_key_id(key), expected):
            raise VerificationError(f"the group key is not the one the agreement names for link kind {link}")
        try:
            home.keys.store_group_key(link, key)
        except ExistsError as error:
            raise StateError(f"another group key for link kind {link} is here already") from error
    if not received.repeated:
        with home.journal.transaction() as connection:
            inbox.record(connection, received, "stored")
    return {"link": link}


def _expected_id(agreement: Agreement, link: str) -> bytes:
    found = agreement.matching.links.get(link)
    if found is None or found.mode != "hmac":
        raise DeniedError(f"agreement {agreement.id} has no link kind {link!r} in mode hmac")
    return found.group_key_id
