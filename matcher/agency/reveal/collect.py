"""Collecting what was decided and delivered: decisions are noted, deliveries opened, checked, kept and answered.

For each delivery, in this order: the payload is kept in the vault; then its message number, the finding's new state and
the signed opening (and dispute) are stored in one transaction; then they are sent. A crash repeats a step, and never
skips one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from matcher.agency.exchange import inbox as inboxes
from matcher.agency.exchange import outgoing
from matcher.agency.exchange.inbox import Inbox, Received
from matcher.agency.exchange.outbox import sign_message
from matcher.agency.home import AgencyHome
from matcher.agency.reveal import opened, payload
from matcher.agency.reveal.asking import REQUEST_PART
from matcher.agency.reveal.opened import Opened
from matcher.agency.reveal.opening import AskedFinding, Opening, open_delivery
from matcher.agency.reveal.own_rows import OwnRows
from matcher.protocol import canonical
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import ConcordatError, OverloadedError, UnreachableError, VerificationError

if TYPE_CHECKING:
    from matcher.channel.client import Channel

KINDS = ("reveal-decision", "delivery")
CURSOR = "collect"
NO_RULE_HOLDS = "no-rule-holds"
OwnRowsOf = Callable[[Agreement, str, str], OwnRows]
_LIMIT = 64
_WAIT_SECONDS = 5


@dataclass
class Collected:
    """What one collection did. ``refused`` are (log index, name of the check) of messages that failed one."""

    opened: list[Opened] = field(default_factory=list)
    disputed: list[Opened] = field(default_factory=list)
    approved: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    failed: list[tuple[int, str]] = field(default_factory=list)


class Collector:
    """Collects for one home."""

    def __init__(self, home: AgencyHome, channel: Channel, inbox: Inbox, own_rows: OwnRowsOf) -> None:
        self._home = home
        self._channel = channel
        self._inbox = inbox
        self._own_rows = own_rows
        self._result = Collected()

    def run(self, wait_seconds: float, progress: Callable[[int], None]) -> Collected:
        """Take everything that is there; wait up to ``wait_seconds`` for what is still out. Raises UnreachableError."""
        deadline = time.monotonic() + wait_seconds
        outgoing.send_waiting(self._home, self._channel)
        while True:
            left = deadline - time.monotonic()
            patience = min(_WAIT_SECONDS, int(left)) if left > 0 and outstanding(self._home) else 0
            position = self._home.journal.cursor(CURSOR)
            items = self._channel.receive(KINDS, position, _LIMIT, patience)
            for item in items:
                try:
                    self._take(self._inbox.open(item))
                except (UnreachableError, OverloadedError):
                    raise
                except ConcordatError as error:
                    self._result.failed.append((item.index, error.code))
                self._home.journal.move_cursor(CURSOR, item.index + 1)
                progress(len(self._result.opened))
            outgoing.send_waiting(self._home, self._channel)
            if not items and (left <= 0 or not outstanding(self._home)):
                return self._result

    def _take(self, received: Received) -> None:
        if received.repeated:
            return
        if received.message.kind == "reveal-decision":
            self._note_decision(received)
        else:
            self._open(received)

    def _note_decision(self, received: Received) -> None:
        body, request = received.body, canonical.unhex(received.body["request"], 32)
        state = body["decision"]
        finding_ids = [canonical.unhex(item, 32) for item in body["findings"]]
        with self._home.journal.transaction() as connection:
            inboxes.record(connection, received, state)
            changed = 0
            for finding_id in finding_ids:
                changed += connection.execute(
                    "UPDATE asked SET state = ?, reason = ? WHERE finding = ? AND request = ? AND answering = ?"
                    " AND state IN ('requested', 'approved')",
                    (state, body["reason"], finding_id, request, received.message.sender),
                ).rowcount
        if state == "approved":
            self._result.approved += changed
        elif changed:
            self._result.refusals[body["reason"]] = self._result.refusals.get(body["reason"], 0) + changed

    def _open(self, received: Received) -> None:
        asked = find_asked(self._home, received)
        own_rows = self._own_rows(received.agreement, asked.flow, asked.period)
        opening = open_delivery(received, asked, own_rows, self._home.keys, self._home.party)
        kept = Opened(
            asked.finding_id, asked.agreement, asked.flow, asked.period, asked.answering, opening.row.row_id,
            opening.row.link_column, asked.finding().codes, opening.confirmed, received.message.digest(),
            opening.plain, self._home.now(),
        )  # fmt: skip
        opened.store(self._home.vault_path, kept)
        self._answer(received, asked, opening)
        (self._result.opened if opening.confirmed else self._result.disputed).append(kept)

    def _answer(self, received: Received, asked: AskedFinding, opening: Opening) -> None:
        shared = {
            "delivery": received.message.digest().hex(),
            "finding": asked.finding_id.hex(),
            "payload_digest": payload.digest(opening.plain).hex(),
        }
        bodies = {"opening": {**shared, "rule_holds": bool(opening.confirmed)}}
        if not opening.confirmed:
            bodies["dispute"] = {**shared, "reason": NO_RULE_HOLDS}
        answers = [
            sign_message(
                self._home, kind, asked.agreement, asked.flow, asked.period, asked.answering, body,
                received.agreement.message_hours,
            )
            for kind, body in bodies.items()
        ]  # fmt: skip
        with self._home.journal.transaction() as connection:
            inboxes.record(connection, received, "opened")
            connection.execute(
                "UPDATE asked SET state = ? WHERE finding = ? AND request = ?",
                ("opened" if opening.confirmed else "disputed", asked.finding_id, asked.request),
            )
            for answer in answers:
                outgoing.store(connection, received.message.digest(), answer.kind, answer, b"")


def find_asked(home: AgencyHome, received: Received) -> AskedFinding:
    """What we asked that a delivery answers. Raises VerificationError (``delivery-foreign``) when nothing."""
    rows = home.journal.rows(
        "SELECT asked.*, outgoing.log_index AS request_index FROM asked"
        " JOIN outgoing ON outgoing.request = asked.request AND outgoing.part = ?"
        " WHERE asked.finding = ? AND asked.request = ?",
        (
            REQUEST_PART,
            canonical.unhex(received.body["finding"], 32),
            canonical.unhex(received.body["request"], 32),
        ),
    )
    if not rows:
        raise VerificationError("the delivery answers no request of ours", code="delivery-foreign")
    row = rows[0]
    manifests = frozenset(bytes.fromhex(item) for item in json.loads(row["manifests"]))
    return AskedFinding(
        bytes(row["finding"]), bytes(row["leaf"]), bytes(row["request"]), row["request_index"],
        bytes(row["agreement"]), row["flow"], row["period"], row["answering"], manifests,
    )  # fmt: skip


def outstanding(home: AgencyHome) -> int:
    """How many findings are asked for or approved, and neither delivered nor refused yet."""
    rows = home.journal.rows("SELECT count(*) AS number FROM asked WHERE state IN ('requested', 'approved')")
    return int(rows[0]["number"])
