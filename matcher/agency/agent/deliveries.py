"""Sealing and sending what was approved, once the decision stands in the log (design sections 4 and 5, step 4).

What leaves is in reveal_fields.py; both seals are in payload.py. Resumes
after a crash: what is approved and not delivered is sealed again, or sent again if it was sealed.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from keys.errors import ReceivedError
from matcher.agency.agent import pending
from matcher.agency.agent.pending import Pending
from matcher.agency.agent.reveals import OwnRowsOf
from matcher.agency.exchange import outgoing
from matcher.agency.exchange.cards import CardBook
from matcher.agency.exchange.outbox import sign_message
from matcher.agency.exchange.outgoing import Sender, Sent
from matcher.agency.home import AgencyHome
from matcher.agency.reveal import payload
from matcher.agency.reveal.shown import revealed
from matcher.protocol import canonical
from matcher.protocol.errors import ConcordatError, OverloadedError, UnreachableError, VerificationError
from matcher.protocol.suite import sha256

_DELIVERY = "delivery:"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run did: messages sent (or refused by the service), and findings that could not be sealed."""

    sent: tuple[Sent, ...]
    failed: tuple[tuple[bytes, ConcordatError], ...]


class DeliveryDesk:
    """Seals and sends for one home."""

    def __init__(self, home: AgencyHome, sender: Sender, cards: CardBook, own_rows: OwnRowsOf) -> None:
        self._home = home
        self._sender = sender
        self._cards = cards
        self._own_rows = own_rows

    def run(self, progress: Callable[[int], None] = lambda _done: None) -> Outcome:
        """Send every decision that waits, seal what they approved, send it.

        Raises UnreachableError or OverloadedError when the service does not take them now; the next run goes on.
        """
        failed: list[tuple[bytes, ConcordatError]] = []
        with self._alone():
            done = outgoing.send_waiting(self._home, self._sender)
            for number, item in enumerate(pending.listed(self._home.journal, (pending.APPROVED,))):
                progress(number)
                try:
                    if not self._settle(item) and self._decision_stands(item):
                        self._seal(item)
                except (UnreachableError, OverloadedError):
                    raise
                except ConcordatError as error:  # one row that cannot be sealed holds up no other
                    failed.append((item.finding_id, error))
            done += outgoing.send_waiting(self._home, self._sender)
            for item in pending.listed(self._home.journal, (pending.APPROVED,)):
                self._settle(item)
            return Outcome(tuple(done), tuple(failed))

    def _settle(self, item: Pending) -> bool:
        """Take over what became of the finding's delivery, or of a refused decision; whether anything did."""
        rows = self._home.journal.rows(
            "SELECT part, sent, refusal FROM outgoing WHERE request = ? AND (part = ? OR (part LIKE 'decision:%'"
            " AND sent = -1 AND instr(message, ?) > 0))",
            (item.request, _DELIVERY + item.finding_id.hex(), item.finding_id.hex()),
        )
        for row in rows:
            if row["sent"]:
                state = pending.DELIVERED if row["sent"] > 0 else pending.REFUSED
                with self._home.journal.transaction() as connection:
                    pending.move(connection, item.request, [item.finding_id], state, row["refusal"])
        return bool(rows)

    def _decision_stands(self, item: Pending) -> bool:
        """Whether the approval is in the log: nothing is sealed before."""
        return bool(
            self._home.journal.rows(
                "SELECT 1 FROM outgoing WHERE request = ? AND part LIKE 'decision:%' AND sent = 1"
                " AND instr(message, ?) > 0",
                (item.request, item.finding_id.hex()),
            )
        )

    def _seal(self, item: Pending) -> None:
        agreement = self._home.agreement(digest=item.agreement)
        own_rows = self._own_rows(agreement, item.flow, item.period)
        row = own_rows.row(item.finding.answering_handle, item.manifests)
        plain = payload.encode(revealed(agreement, item.flow, item.finding.codes, row))
        card = self._cards.card(agreement, item.requester)
        info = payload.reveal_info(
            item.agreement, item.finding_id, item.request_index, self._home.party, item.requester
        )  # fmt: skip
        try:
            sealed = payload.seal(plain, own_rows.keys(row).reveal, card.encryption_key, info)
        except ReceivedError as error:
            raise VerificationError(f"the card of {item.requester} holds no usable encryption key") from error
        body: canonical.Json = {
            "request": item.request.hex(),
            "request_index": item.request_index,
            "finding": item.finding_id.hex(),
            "sealed_sha256": sha256(sealed).hex(),
        }
        message = sign_message(
            self._home, "delivery", item.agreement, item.flow, item.period, item.requester, body,
            agreement.message_hours,
        )  # fmt: skip
        with self._home.journal.transaction() as connection:
            outgoing.store(connection, item.request, _DELIVERY + item.finding_id.hex(), message, sealed)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        # The agent and a person's command may both come here: a finding is sealed once.
        with (self._home.path / ".deliveries.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
