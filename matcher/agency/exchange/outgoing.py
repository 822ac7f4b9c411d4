"""Messages that are signed and durable before they are sent, and are sent again after a crash.

One line for each part of the answer to a request: the same request again gets the stored answer, never a second one.
The service takes the same message twice as one. A message it refuses is kept with the refusal and not tried again; an
unreachable service leaves it waiting.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Protocol

from matcher.agency.exchange.trust import verify_logged
from matcher.agency.home import AgencyHome
from matcher.channel.types import Logged
from matcher.protocol import canonical, messages
from matcher.protocol.errors import ConcordatError, OverloadedError, UnreachableError
from matcher.protocol.messages import SignedMessage

_WAITING, _IN_LOG, _REFUSED = 0, 1, -1


class Sender(Protocol):
    """What sends a message: the service's channel."""

    def send(self, message: SignedMessage, attachment: bytes = b"") -> Logged:
        """Log and deliver ``message``."""

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Consistency proof between two sizes."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one message. ``log_index`` is -1 when the service refused it; then ``refusal`` is its code."""

    request: bytes
    part: str
    message: SignedMessage
    log_index: int
    refusal: str
    error: ConcordatError | None = None


def store(connection: sqlite3.Connection, request: bytes, part: str, message: SignedMessage, attachment: bytes) -> None:
    """Keep ``message`` for sending, inside the caller's transaction. A part stored before is left as it is."""
    connection.execute(
        "INSERT INTO outgoing (request, part, message, attachment) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (request, part) DO NOTHING",
        (request, part, canonical.encode(messages.to_json(message)).decode(), attachment),
    )


def again(connection: sqlite3.Connection, request: bytes) -> int:
    """Send the stored answers to ``request`` once more; returns how many there are."""
    return connection.execute(
        "UPDATE outgoing SET sent = ? WHERE request = ? AND sent <> ?", (_WAITING, request, _REFUSED)
    ).rowcount


def send_waiting(home: AgencyHome, sender: Sender) -> list[Sent]:
    """Send everything that waits, in the order it was stored. Raises UnreachableError, OverloadedError, and
    VerificationError when a reply does not prove that the message stands in the log."""
    done: list[Sent] = []
    for row in home.journal.rows("SELECT number FROM outgoing WHERE sent = ? ORDER BY number", (_WAITING,)):
        done.append(_send(home, sender, int(row["number"])))
    return done


def _send(home: AgencyHome, sender: Sender, number: int) -> Sent:
    row = home.journal.rows("SELECT * FROM outgoing WHERE number = ?", (number,))[0]
    message = messages.from_json(json.loads(row["message"]))
    try:
        logged = sender.send(message, bytes(row["attachment"]))
    except (UnreachableError, OverloadedError):
        raise
    except ConcordatError as error:
        _mark(home, number, _REFUSED, -1, error.code)
        return Sent(bytes(row["request"]), row["part"], message, -1, error.code, error)
    verify_logged(home, sender, logged, home.agreement(digest=message.agreement))
    _mark(home, number, _IN_LOG, logged.index, "")
    return Sent(bytes(row["request"]), row["part"], message, logged.index, "")


def _mark(home: AgencyHome, number: int, sent: int, log_index: int, refusal: str) -> None:
    with home.journal.transaction() as connection:
        connection.execute(
            "UPDATE outgoing SET sent = ?, log_index = ?, refusal = ? WHERE number = ?",
            (sent, log_index, refusal, number),
        )
