"""What the agent does with one reveal request: the gate, then automatic approval, or waiting for a person.

Nothing is sealed here: deliveries.py seals what was approved, after the decision is in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from matcher.agency.agent import decisions, findings_gate, pending, quotas
from matcher.agency.agent.decisions import Decision
from matcher.agency.agent.findings_gate import Asked
from matcher.agency.agent.gate import LogSource, pass_gate
from matcher.agency.exchange import inbox, outgoing
from matcher.agency.exchange.inbox import Received, named
from matcher.agency.home import AgencyHome
from matcher.agency.reveal import proofs
from matcher.agency.reveal.own_rows import OwnRows
from matcher.protocol import canonical
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import (
    ConcordatError,
    OverloadedError,
    UnreachableError,
    UnwitnessedError,
    VerificationError,
)

OwnRowsOf = Callable[[Agreement, str, str], OwnRows]
ManifestsOf = Callable[[Agreement, str, str], frozenset[bytes]]


class RevealDesk:
    """Takes reveal requests for one home. ``own_rows`` and ``own_manifests`` are by (agreement, flow, period)."""

    def __init__(
        self, home: AgencyHome, source: LogSource, own_rows: OwnRowsOf, own_manifests: ManifestsOf
    ) -> None:  # fmt: skip
        self._home = home
        self._source = source
        self._own_rows = own_rows
        self._own_manifests = own_manifests

    def take(self, received: Received, wait_seconds: int = 0) -> dict[str, int]:
        """Deal with one request. Returns how many findings were approved, are pending, were refused (by reason).

        Raises UnwitnessedError when too few witnesses cosigned it within ``wait_seconds``; nothing is done then. Any
        other request that fails as a whole is refused by name for every finding, and the failure is raised again.
        """
        if received.repeated:
            with self._home.journal.transaction() as connection:
                outgoing.again(connection, received.message.digest())
            return {}
        finding_ids = [canonical.unhex(item["id"], 32) for item in received.body["findings"]]
        try:
            passed, refused, manifests = self._examine(received, finding_ids, wait_seconds)
            chosen = self._automatic(received, passed)
            answers = [*self._refusals(received, {key: refusal.code for key, refusal in refused.items()}), *chosen]
            self._commit(received, passed, manifests, answers)
        except (UnreachableError, OverloadedError, UnwitnessedError):
            raise  # no fault of the request: it is dealt with once the service answers, and witnesses cosign, again
        except ConcordatError as error:
            self._refuse_all(received, error.code, finding_ids)
            raise
        approved = sum(len(item.finding_ids) for item in chosen)
        counts = {"approved": approved, "pending": len(passed) - approved}
        for refusal in refused.values():
            counts[refusal.code] = counts.get(refusal.code, 0) + 1
        return counts

    def _examine(
        self, received: Received, finding_ids: list[bytes], wait_seconds: int
    ) -> tuple[list[Asked], dict[bytes, ConcordatError], frozenset[bytes]]:
        agreement, message, party = received.agreement, received.message, self._home.party
        gate = pass_gate(self._home, self._source, received, wait_seconds)
        findings_gate.require_purpose(received)
        findings_gate.require_side(received, party)
        with named("finding-proof"):
            attached = proofs.decode(received.attachment)
            if len(attached.proofs) != len(finding_ids) or len(set(finding_ids)) != len(finding_ids):
                raise VerificationError("the request needs one proof for each finding, and each finding once")
        own = self._own_manifests(agreement, message.flow, message.period)
        run = findings_gate.require_run(received, gate, attached, own, party)
        own_rows = self._own_rows(agreement, message.flow, message.period)
        passed, refused = findings_gate.split(
            list(zip(received.body["findings"], attached.proofs, strict=True)),
            lambda asked, proof: findings_gate.require_finding(received, run, asked, proof, own_rows, party),
            pending.busy(self._home.journal, finding_ids, self._home.now()),
        )
        return passed, refused, run.manifests

    def _automatic(self, received: Received, passed: list[Asked]) -> list[Decision]:
        agreement, flow = received.agreement, received.message.flow
        chosen = [
            item.finding_id
            for item in passed
            if decisions.is_automatic(agreement, flow, item.finding.codes, item.row.values)
        ]
        if not chosen:
            return []
        return [
            decisions.sign(
                self._home, agreement, received.message, chosen, pending.APPROVED, decisions.AUTOMATIC_REASON
            )
        ]

    def _refusals(self, received: Received, names: Mapping[bytes, str]) -> list[Decision]:
        return decisions.sign_refusals(self._home, received.agreement, received.message, names.items())

    def _commit(
        self, received: Received, passed: list[Asked], manifests: frozenset[bytes], answers: list[Decision]
    ) -> None:
        """Count, take the message's number, keep what is pending and every decision: together or not at all."""
        message, agreement, now = received.message, received.agreement, self._home.now()
        limit = agreement.quotas[message.sender].reveals_month
        month, amount = quotas.month_of(now), len(received.body["findings"])
        with self._home.journal.transaction() as connection:
            quotas.spend(connection, agreement.id, message.sender, quotas.REVEALS, month, amount, limit)
            inbox.record(connection, received, "taken")
            pending.add(connection, received, passed, manifests, now)
            for answer in answers:
                decisions.record(connection, answer)

    def _refuse_all(self, received: Received, name: str, finding_ids: list[bytes]) -> None:
        answers = self._refusals(received, dict.fromkeys(finding_ids, name))
        with self._home.journal.transaction() as connection:
            inbox.record(connection, received, name)
            for answer in answers:
                decisions.record(connection, answer)
