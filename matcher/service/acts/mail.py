"""Messages from party to party: check, append, checkpoint, then deliver (design sections 4 and 5).

Everything from the checks to the recipient's box is one write transaction. Receivers wait here, on a condition that
each commit signals; how many may wait is bounded.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from matcher.protocol import entries
from matcher.protocol.errors import InputError, VerificationError
from matcher.protocol.messages import SignedMessage
from matcher.service import limits, policy
from matcher.service.acts import evaluations, letters, reveals
from matcher.service.acts.letter import Effect, Letter
from matcher.service.acts.waiting import WaitingRoom
from matcher.service.metrics import Metrics
from matcher.service.store import agreements, messages
from matcher.service.store.database import ControlDatabase
from matcher.service.store.log import Clock, LogWriter

KINDS: Mapping[str, Callable[[Database, Letter], Effect]] = {
    "group-key": evaluations.group_key,
    "evaluation-request": evaluations.request,
    "evaluation-answer": evaluations.answer,
    "evaluation-refusal": evaluations.refusal,
    "reveal-request": reveals.request,
    "reveal-decision": reveals.decision,
    "delivery": reveals.delivery,
    "opening": reveals.opening,
    "dispute": reveals.dispute,
}
_RECHECK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Item:
    """A message in a box, with the log entry it stands in."""

    message: SignedMessage
    attachment: bytes
    index: int
    entry: bytes


class Mail:
    """Takes messages and delivers them."""

    def __init__(
        self, database: ControlDatabase, log: LogWriter, room: WaitingRoom, metrics: Metrics, clock: Clock
    ) -> None:  # fmt: skip
        self._room = room
        self._database = database
        self._log = log
        self._metrics = metrics
        self._clock = clock
        self._arrived = threading.Condition()
        self._stopped = False

    def send(self, party: str, message: SignedMessage, attachment: bytes) -> int:
        """Take a message; returns its log index. The same message again gets the index it got before, uncounted."""
        if message.kind not in KINDS:
            raise VerificationError(f"a message of kind {message.kind[:32]!r} is not sent by mail")
        body = letters.read_body(message, message.kind, party)
        limit = limits.MAX_ATTACHMENT_BYTES.get(message.kind, limits.MAX_ATTACHMENT_BYTES_OTHERWISE)
        if len(attachment) > limit:
            raise InputError(f"an attachment of {message.kind} has at most {limit} bytes")
        with self._database.write() as transaction:
            before = messages.find(transaction, message.digest())
            if before is not None:
                return before.log_index
            now = self._clock()
            agreement = agreements.usable(transaction, message.agreement, now)
            letters.check_signatures(transaction, message, agreement)
            policy.require_party(agreement, message.recipient)
            letters.require_fresh(transaction, message)
            letters.require_in_time(message, agreement, now)
            effect = KINDS[message.kind](transaction, Letter(message, body, attachment, agreement, now))
            position = self._log.append(transaction, lambda moment: entries.for_message(moment, message))
            messages.add(transaction, message, agreement.id, attachment, position.index)
            effect(transaction, position)
        # The write block above ended: commit point. Appended and checkpointed; now act.
        self._metrics.messages.labels(message.kind).inc()
        with self._arrived:
            self._arrived.notify_all()
        return position.index

    def receive(
        self, party: str, kinds: Sequence[str], after: int, limit: int, wait_seconds: float, check: Callable[[], None]
    ) -> list[Item]:
        """Messages to ``party`` from log index ``after`` on; waits for the first one. ``check`` raises to stop."""
        if not set(kinds) <= set(KINDS):
            raise InputError("a kind is not one that is sent by mail")
        if after > letters.MAX_NUMBER:
            raise InputError("no log index is as large as that")
        limit = min(limit or limits.MAX_MAIL_ITEMS, limits.MAX_MAIL_ITEMS)
        ends = time.monotonic() + min(wait_seconds, limits.MAX_WAIT_SECONDS)
        found = self._box(party, kinds, after, limit)
        if found or wait_seconds <= 0:
            return found
        with self._room.place(party):
            while not found and not self._stopped and (left := ends - time.monotonic()) > 0:
                with self._arrived:
                    # Looked at again under the condition, so that no message falls between look and wait.
                    found = self._box(party, kinds, after, limit)
                    if not found:
                        self._arrived.wait(min(left, _RECHECK_SECONDS))
                check()
        return found or self._box(party, kinds, after, limit)

    def stop(self) -> None:
        """Send waiting receivers home."""
        with self._arrived:
            self._stopped = True
            self._arrived.notify_all()

    def _box(self, party: str, kinds: Sequence[str], after: int, limit: int) -> list[Item]:
        items: list[Item] = []
        size = 0
        with self._database.read() as transaction:
            for stored, entry in messages.received(transaction, party, kinds, after, limit):
                size += len(stored.attachment) + 2 * len(entry)
                if items and size > limits.MAX_MAIL_BYTES:
                    break
                items.append(Item(stored.message, stored.attachment, stored.log_index, entry))
        return items
