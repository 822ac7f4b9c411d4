"""What every signed message must pass, whatever its kind: form, sender, signatures, lifetime, a fresh number.

Design section 4, "Signed message": the same message again gets the stored answer; another under a used number, or a
late one, is refused. The recipient verifies again; the service's check is the first line, not the last word.
"""

from __future__ import annotations

from sqlite_utils import Database

from matcher.protocol import bodies, canonical, messages
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import VerificationError
from matcher.protocol.messages import SignedMessage
from matcher.service import policy
from matcher.service.store import cards
from matcher.service.store import messages as stored

_CLOCK_TOLERANCE_SECONDS = 300
_MAX_TEXT = 64
MAX_NUMBER = 2**53 - 1


def read_body(message: SignedMessage, kind: str, party: str) -> canonical.Json:
    """The checked body of a message of ``kind`` that ``party`` hands in as its own.

    Raises VerificationError for a malformed message, DeniedError for another sender's.
    """
    if message.kind != kind:
        raise VerificationError(f"a message of kind {kind!r} is expected here")
    texts = (message.flow, message.period, message.sender, message.recipient, message.person)
    if any(len(text) > _MAX_TEXT for text in texts) or max(message.sequence, message.expiry) > MAX_NUMBER:
        raise VerificationError(f"message {kind}: a header field is too long")
    body = message.content()
    bodies.check(kind, body)
    if message.sender != party:
        raise policy.deny("not-the-sender", f"the message's sender is not the caller {party}")
    return body


def check_signatures(transaction: Database, message: SignedMessage, agreement: Agreement) -> None:
    """Verify the party's signature against the agreement's root, and the person's against the admitted card.

    Raises VerificationError, or DeniedError when the card and the agreement name different roots.
    """
    policy.require_party(agreement, message.sender)
    root = agreement.parties[message.sender].root
    admitted = cards.root(transaction, message.sender)
    if admitted != root:
        what = "names another root of" if admitted else "needs the card of"
        raise policy.deny(
            "root-mismatch", f"agreement {agreement.id} {what} {message.sender}", "Have its card admitted here."
        )
    person_key = cards.person_key(transaction, message.sender, message.person) if message.person else None
    messages.verify(message, root, person_key)


def require_fresh(transaction: Database, message: SignedMessage) -> None:
    """Raise DeniedError when the sequence number was used by another message."""
    if message.sequence < 1 or stored.is_used(transaction, message):
        raise policy.deny(
            "used-number",
            f"number {message.sequence} of {message.sender} to {message.recipient or 'the service'} is used",
        )


def require_not_late(message: SignedMessage, now: int) -> None:
    """Raise DeniedError when the message has expired. ``now`` in ms."""
    seconds = now // 1000
    if message.expiry and message.expiry <= seconds:
        raise policy.deny("late", f"the message expired {seconds - message.expiry} s ago", "Sign and send a new one.")


def require_in_time(message: SignedMessage, agreement: Agreement, now: int) -> None:
    """Raise DeniedError when the message is late, or would live longer than the agreement lets it. ``now`` in ms."""
    require_not_late(message, now)
    seconds = now // 1000
    if not message.expiry or message.expiry > seconds + agreement.message_hours * 3600 + _CLOCK_TOLERANCE_SECONDS:
        raise policy.deny(
            "lifetime", f"a message lives at most {agreement.message_hours} hours", "Check the clock of this machine."
        )


def require_person(message: SignedMessage, agreement: Agreement, role: str) -> None:
    """Raise DeniedError unless a person with ``role`` signed beside the party."""
    policy.require_role(agreement, message.sender, message.person, role)
