"""Signed messages the service took: boxes of their recipients, used sequence numbers, attachments until collected.

A message's entry stands in the log; here is what serves it: the stored answer to a repeated message, and the bulk
bytes that no log holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from matcher.protocol import canonical, messages
from matcher.protocol.messages import SignedMessage
from matcher.service.store.database import Record, every, number, one
from matcher.service.store.periods import PeriodName


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as taken. A settled one was answered, collected or lapsed: its attachment is gone, nobody waits."""

    message: SignedMessage
    attachment: bytes
    settled: bool
    log_index: int


def find(transaction: Database, digest: bytes) -> Stored | None:
    """The message with this digest, if it was taken."""
    record = one(transaction, "SELECT * FROM messages WHERE digest = ?", [digest])
    return _stored(record) if record else None


def is_used(transaction: Database, message: SignedMessage) -> bool:
    """Whether some message of this sender to this recipient has the sequence number already."""
    sql = "SELECT count(*) FROM messages WHERE sender = ? AND recipient = ? AND sequence = ?"
    return number(transaction, sql, [message.sender, message.recipient, message.sequence]) > 0


def add(transaction: Database, message: SignedMessage, agreement_id: str, attachment: bytes, log_index: int) -> None:
    """Keep a message that was logged at ``log_index``."""
    transaction.execute(
        "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)",
        [
            message.digest(), message.kind, agreement_id, message.flow, message.period, message.sender,
            message.recipient, message.sequence, message.expiry, canonical.encode(messages.to_json(message)),
            attachment, log_index,
        ],
    )  # fmt: skip


def settle(transaction: Database, digest: bytes) -> None:
    """The message was answered or collected: erase its attachment, deliver it no more."""
    transaction.execute("UPDATE messages SET settled = 1, attachment = x'' WHERE digest = ?", [digest])


def received(
    transaction: Database, recipient: str, kinds: Sequence[str], after: int, limit: int
) -> Iterator[tuple[Stored, bytes]]:
    """Unsettled messages to ``recipient`` from log index ``after`` on, in log order, each with its log entry."""
    wanted = f"AND kind IN ({', '.join('?' * len(kinds))})" if kinds else ""
    sql = (  # only marks are put in, no values
        "SELECT messages.*, entry FROM messages JOIN entries ON position = log_index "  # noqa: S608
        f"WHERE recipient = ? AND log_index >= ? AND settled = 0 {wanted} ORDER BY log_index LIMIT ?"
    )
    for record in every(transaction, sql, [recipient, after, *kinds, limit]):
        yield _stored(record), record["entry"]


def erase_lapsed(transaction: Database, now: int) -> int:
    """Erase attachments of messages that expired before ``now`` (ms), except deliveries: how many there were.

    Deliveries wait for the opening, or for the purge of their period.
    """
    cursor = transaction.execute(
        "UPDATE messages SET settled = 1, attachment = x'' "
        "WHERE expiry < ? AND kind != 'delivery' AND length(attachment) > 0",
        [now // 1000],
    )
    return int(cursor.rowcount)


def erase_attachments(transaction: Database, name: PeriodName) -> None:
    """Settle what is left of a purged period's messages."""
    transaction.execute(
        "UPDATE messages SET settled = 1, attachment = x'' WHERE agreement_id = ? AND flow = ? AND period = ?",
        name.values(),
    )


def _stored(record: Record) -> Stored:
    message = messages.from_json(canonical.decode(record["message"]))
    return Stored(message, record["attachment"], bool(record["settled"]), record["log_index"])
