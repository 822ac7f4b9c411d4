"""Admitted cards: which certificate is which party, and which keys its people hold.

A party is its signing root; a renewed card keeps the root and has a higher serial. Old cards stay known, so that a
caller with a replaced certificate is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from matcher.protocol import bodies, canonical, messages
from matcher.protocol.errors import NotFoundError, StateError, VerificationError
from matcher.protocol.messages import SignedMessage
from matcher.service import policy
from matcher.service.store.database import every, number, one

ENCRYPTION_KEY_SIZE = 1184 + 32


@dataclass(frozen=True, slots=True)
class Card:
    """One verified card. ``not_after`` in seconds since 1970; ``people`` maps a person to an Ed25519 key."""

    party: str
    root: bytes
    certificate: str
    people: Mapping[str, bytes]
    serial: int
    not_after: int
    message: SignedMessage


def verify(message: SignedMessage) -> Card:
    """The card in ``message``, certified by the root it names. Raises VerificationError.

    That the root is really this party's is the operator's decision on admission, and the agreement's after that.
    """
    body = message.content()
    bodies.check("card", body)
    root = canonical.unb64(body["root"], 32)
    if message.kind != "card" or message.recipient or message.sender != body["party"]:
        raise VerificationError("card: header and body do not fit together")
    if not bodies.is_id(message.sender):
        raise VerificationError("card: the party's id is malformed")
    if body["encryption_key"]:  # an auditor opens nothing, so its card has none
        canonical.unb64(body["encryption_key"], ENCRYPTION_KEY_SIZE)
    people = {item["id"]: canonical.unb64(item["key"], 32) for item in body["people"]}
    if len(people) != len(body["people"]):
        raise VerificationError(f"card of {message.sender}: a person stands twice")
    messages.verify(message, root)
    return Card(message.sender, root, body["tls_certificate"], people, body["serial"], body["not_after"], message)


def add(transaction: Database, card: Card, fingerprint: str, log_index: int) -> None:
    """Keep an admitted card; check with ``require_admissible`` first."""
    transaction.execute(
        "INSERT INTO cards VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            card.party, card.serial, fingerprint, card.root, card.certificate, card.not_after,
            canonical.encode(messages.to_json(card.message)), log_index,
        ],
    )  # fmt: skip


def require_admissible(transaction: Database, card: Card, fingerprint: str, now: int) -> None:
    """Raise StateError unless ``card`` is new here, or renews its party's. ``now`` in ms."""
    if card.not_after * 1000 <= now:
        raise StateError(f"card {card.serial} of {card.party} has expired", remedy="Ask for a renewed card.")
    other = one(transaction, "SELECT party FROM cards WHERE fingerprint = ? AND party != ?", [fingerprint, card.party])
    if other is not None:
        raise StateError(f"this certificate is already admitted, for {other['party']}")
    newest = one(
        transaction, "SELECT root, serial FROM cards WHERE party = ? ORDER BY serial DESC LIMIT 1", [card.party]
    )
    if newest is None:
        return
    if newest["root"] != card.root:
        raise StateError(
            f"{card.party} was admitted with another root",
            remedy="Ask the party; a new root needs a new party id and a new agreement.",
        )
    if newest["serial"] >= card.serial:
        raise StateError(f"{card.party} was admitted with card {newest['serial']}; this is card {card.serial}")


def caller(transaction: Database, fingerprint: str, now: int) -> str:
    """The party a certificate stands for. Raises DeniedError; ``now`` in ms."""
    sql = "SELECT party, serial, not_after FROM cards WHERE fingerprint = ? ORDER BY serial DESC LIMIT 1"
    record = one(transaction, sql, [fingerprint])
    if record is None:
        raise policy.deny("unknown-caller", "the certificate belongs to no admitted party")
    party = str(record["party"])
    if number(transaction, "SELECT max(serial) FROM cards WHERE party = ?", [party]) != record["serial"]:
        raise policy.deny("superseded-card", f"a newer card of {party} is admitted", "Use the renewed certificate.")
    if record["not_after"] * 1000 <= now:
        raise policy.deny("expired-card", f"the card of {party} has expired", "Have a renewed card admitted.")
    return party


def newest(transaction: Database, party: str) -> Card:
    """The party's newest card. Raises NotFoundError."""
    record = one(transaction, "SELECT message FROM cards WHERE party = ? ORDER BY serial DESC LIMIT 1", [party])
    if record is None:
        raise NotFoundError(f"no card of {party} is admitted")
    return verify(messages.from_json(canonical.decode(record["message"])))


def root(transaction: Database, party: str) -> bytes | None:
    """The root a party was admitted with, or None."""
    record = one(transaction, "SELECT root FROM cards WHERE party = ? LIMIT 1", [party])
    return record["root"] if record else None


def person_key(transaction: Database, party: str, person: str) -> bytes:
    """The public key of a person, from the party's newest card. Raises DeniedError."""
    people = newest(transaction, party).people
    if person not in people:
        raise policy.deny("person", f"the card of {party} names no person {person!r}")
    return people[person]


def certificates(transaction: Database) -> list[str]:
    """Each party's newest certificate, PEM: what TLS lets in. ``caller`` decides on what it lets in.

    Not the replaced ones: two self-signed certificates of one name in a trust store hide one another.
    """
    sql = "SELECT certificate, max(serial) FROM cards GROUP BY party ORDER BY party"
    return [record["certificate"] for record in every(transaction, sql)]


def count(transaction: Database) -> int:
    """How many cards were admitted: changes when one is."""
    return number(transaction, "SELECT count(*) FROM cards")
