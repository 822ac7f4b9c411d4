"""Which messages from other parties this agency listens to: numbered checks, in order, each with its own name.

Design section 4, "Signed message".

M1  the message is to us                                       ``message-recipient``
M2  its agreement is one of ours, fully signed and in force    ``message-agreement``
M3  the sender is a party of it and its root signed            ``message-signature``
M4  the same message seen before is *repeated*; another one under a used number is refused   ``message-replayed``
M5  it has not expired                                         ``message-expired``
M6  the body has its kind's form                               ``message-body``
M7  the person signed, and holds the role the kind needs       ``message-person``

Left to others: what a message asks for (agent/), and whether it stands in the log (agent/gate.py).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from matcher.agency.exchange.cards import CardBook
from matcher.agency.home import AgencyHome
from matcher.channel.types import MailItem
from matcher.protocol import bodies, canonical, entries, messages
from matcher.protocol.agreement.model import Agreement, Role
from matcher.protocol.errors import ConcordatError, DeniedError, VerificationError
from matcher.protocol.messages import SignedMessage

ANSWERS = frozenset(("reveal-decision", "delivery", "opening", "dispute"))
ROLES: dict[str, Role] = {"reveal-request": "prepare", "reveal-decision": "approve"}


@dataclass(frozen=True, slots=True)
class Received:
    """A message that passed the checks. ``repeated``: it was taken before, so it gets its stored answer, uncounted."""

    message: SignedMessage
    body: canonical.Json
    agreement: Agreement
    attachment: bytes
    index: int
    entry: bytes
    repeated: bool


@contextmanager
def named(code: str) -> Iterator[None]:
    """Give the errors of one numbered check the check's name."""
    try:
        yield
    except ConcordatError as error:
        error.code = code
        raise


class Inbox:
    """The checks above for one home. ``find_agreement`` gives the agreement of a digest, in force, or raises."""

    def __init__(self, home: AgencyHome, cards: CardBook, find_agreement: Callable[[bytes], Agreement]) -> None:
        self._home = home
        self._cards = cards
        self._find_agreement = find_agreement

    def open(self, item: MailItem) -> Received:
        """Check ``item`` and say whether it was taken before. Raises DeniedError, VerificationError, AgreementError."""
        message = item.message
        with named("message-recipient"):
            if message.recipient != self._home.party:
                raise DeniedError("a message to another party was delivered here")
        with named("message-agreement"):
            agreement = self._find_agreement(message.agreement)
            sender = agreement.party(message.sender)
        with named("message-signature"):
            person_key = None
            if message.person:
                person_key = self._cards.person_key(agreement, message.sender, message.person)
            messages.verify(message, sender.root, person_key)
        with named("message-replayed"):
            repeated = self._seen(message)
        with named("message-expired"):
            if not repeated and message.expiry and message.expiry <= self._time_that_counts(item):
                raise DeniedError(f"{message.kind} of {message.sender} came after it expired")
        with named("message-body"):
            body = message.content()
            bodies.check(message.kind, body)
        with named("message-person"):
            self._require_person(message, body, agreement)
        return Received(message, body, agreement, item.attachment, item.index, item.entry, repeated)

    def _time_that_counts(self, item: MailItem) -> int:
        """Now for what asks us to act. What only answers us waits in the mailbox until it is collected, so the time
        at which it came there counts."""
        if item.message.kind not in ANSWERS:
            return self._home.now()
        return entries.parse(item.entry).time // 1000

    def _seen(self, message: SignedMessage) -> bool:
        found = self._home.journal.rows(
            "SELECT digest FROM inbox WHERE sender = ? AND sequence = ?", (message.sender, message.sequence)
        )
        if not found:
            return False
        if bytes(found[0]["digest"]) != message.digest():
            raise VerificationError(
                f"{message.sender} used message number {message.sequence} for two different messages",
                remedy="Tell an auditor; both messages are in the log.",
            )
        return True

    @staticmethod
    def _require_person(message: SignedMessage, body: canonical.Json, agreement: Agreement) -> None:
        role = ROLES.get(message.kind)
        automatic = message.kind == "reveal-decision" and body["automatic"]
        if role is not None and not automatic:
            agreement.require_role(message.sender, message.person, role)


def record(connection: sqlite3.Connection, received: Received, outcome: str) -> None:
    """Mark the message's number as used, inside the caller's transaction. ``outcome`` is what became of it.

    Raises sqlite3.IntegrityError when another process took it meanwhile.
    """
    message = received.message
    connection.execute(
        "INSERT INTO inbox (sender, sequence, digest, kind, log_index, outcome) VALUES (?, ?, ?, ?, ?, ?)",
        (message.sender, message.sequence, message.digest(), message.kind, received.index, outcome),
    )
