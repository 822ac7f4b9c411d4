"""Signing what this party sends: a fresh sequence number, an expiry, the party's signature and a person's.

Design section 4, "Signed message". The number is durable before it is used, so a crash wastes a number and never
signs two messages under one.
"""

from __future__ import annotations

from matcher.agency.home import AgencyHome, Person
from matcher.protocol import bodies, canonical, messages
from matcher.protocol.messages import SignedMessage

_SECONDS_PER_HOUR = 3600


def sign_message(
    home: AgencyHome,
    kind: str,
    agreement_digest: bytes,
    flow: str,
    period: str,
    recipient: str,
    body: canonical.Json,
    hours: int,
    person: Person | None = None,
) -> SignedMessage:
    """Sign ``body`` as a message of ``kind`` to ``recipient`` (empty: the service).

    ``hours`` is the agreement's message lifetime, 0 for messages that do not expire (card, agreement, manifest).
    Raises VerificationError when the body is not of its kind's form.
    """
    bodies.check(kind, body)
    encoded = canonical.encode(body)
    sequence = home.journal.next_sequence(recipient)
    expiry = home.now() + hours * _SECONDS_PER_HOUR if hours else 0
    data = messages.signed_bytes(
        kind, agreement_digest, flow, period, home.party, recipient, sequence, expiry, encoded
    )  # fmt: skip
    message = SignedMessage(
        kind, agreement_digest, flow, period, home.party, recipient, sequence, expiry, encoded,
        home.keys.root.sign(data),
    )  # fmt: skip
    return with_person(message, person) if person is not None else message


def with_person(message: SignedMessage, person: Person) -> SignedMessage:
    """``message`` with the signature of ``person`` beside the party's."""
    return SignedMessage(
        message.kind, message.agreement, message.flow, message.period, message.sender, message.recipient,
        message.sequence, message.expiry, message.body, message.signature,
        person.id, person.key.sign(messages.person_bytes(message.digest(), person.id)),
    )  # fmt: skip
