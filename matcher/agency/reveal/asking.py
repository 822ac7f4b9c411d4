"""Asking for reveals (design section 5, step 1): findings with proofs, purpose, case, claims, our last checkpoint.

A request and the findings it names are stored before it is sent. Findings that nobody answered have nothing to reveal;
those under way or opened are not asked again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from matcher.agency.exchange import outgoing
from matcher.agency.exchange.outbox import sign_message
from matcher.agency.home import AgencyHome, Person
from matcher.agency.reveal import proofs
from matcher.agency.reveal.findings import OwnFinding
from matcher.agency.reveal.own_rows import OwnRows
from matcher.agency.reveal.runs import VerifiedRun
from matcher.agency.reveal.shown import require_columns
from matcher.protocol import bodies, canonical, suite
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import DeniedError, InputError
from matcher.protocol.messages import SignedMessage

REQUEST_PART = "request"
ASKABLE_STATES = frozenset(("listed", "refused", "expired"))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why reveals are asked for, in the agreement's words; ``case`` is the asking agency's own reference."""

    purpose: str
    case: str
    basis: tuple[str, ...]


def require_reason(agreement: Agreement, flow: str, reason: Reason) -> None:
    """Raise InputError unless purpose, basis and case are what the agreement and the protocol allow."""
    terms = agreement.flow_terms(flow)
    if reason.purpose not in terms.purposes:
        raise InputError(
            f"purpose {reason.purpose!r} is not in the agreement", remedy=f"It has: {', '.join(terms.purposes)}."
        )
    known = ", ".join(terms.legal_basis)
    for item in reason.basis:
        if item not in terms.legal_basis:
            raise InputError(f"legal basis {item!r} is not in the agreement", remedy=f"It has: {known}.")
    if terms.legal_basis_required and not reason.basis:
        raise InputError("the agreement asks for a legal basis", remedy=f"Give --basis, one of: {known}.")
    if not bodies.BODIES["reveal-request"]["case"](reason.case):
        raise InputError("the case reference has up to 64 letters, digits and hyphens", remedy="Give --case NUMBER.")


def ask(
    home: AgencyHome, agreement: Agreement, where: tuple[str, str], run: VerifiedRun, chosen: Sequence[OwnFinding],
    own_rows: OwnRows, reason: Reason, person: Person, checkpoint: str,
) -> list[SignedMessage]:  # fmt: skip
    """Sign and store requests for ``chosen``, in batches, one answering party each. Sends nothing.

    ``where`` is (flow, period). Raises AgreementError (``reveal-columns``), DeniedError (the person's role).
    """
    flow, period = where
    agreement.require_role(home.party, person.id, "prepare")
    requests = []
    for answering in sorted({item.listed.finding.answering for item in chosen}):
        of_party = [item for item in chosen if item.listed.finding.answering == answering]
        for start in range(0, len(of_party), bodies.MAX_FINDINGS_PER_REQUEST):
            batch = of_party[start : start + bodies.MAX_FINDINGS_PER_REQUEST]
            for item in batch:
                require_columns(agreement, flow, item.listed.finding.codes)
            body: canonical.Json = {
                "run": run.digest.hex(),
                "findings": [
                    {"id": item.listed.finding_id.hex(), "claim": canonical.b64(_claim(own_rows, item))}
                    for item in batch
                ],
                "purpose": reason.purpose,
                "case": reason.case,
                "basis": list(reason.basis),
                "checkpoint": checkpoint,
            }
            message = sign_message(
                home, "reveal-request", agreement.digest, flow, period, answering, body, agreement.message_hours, person
            )  # fmt: skip
            attachment = proofs.encode([item.listed.proof for item in batch], run.entry, run.index)
            _store(home, message, batch, run, attachment)
            requests.append(message)
    return requests


def _claim(own_rows: OwnRows, item: OwnFinding) -> bytes:
    finding = item.listed.finding
    return suite.claim(own_rows.keys(item.row).claim, item.listed.finding_id, finding.asking, finding.answering)


def _store(
    home: AgencyHome, message: SignedMessage, batch: Sequence[OwnFinding], run: VerifiedRun, attachment: bytes
) -> None:
    manifests = json.dumps(sorted(digest.hex() for digest in run.manifests))
    with home.journal.transaction() as connection:
        outgoing.store(connection, message.digest(), REQUEST_PART, message, attachment)
        connection.executemany(
            "INSERT INTO asked (finding, request, agreement, flow, period, answering, leaf, manifests, sent, state)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'requested')",
            [
                (
                    item.listed.finding_id, message.digest(), message.agreement, message.flow, message.period,
                    message.recipient, item.listed.proof.leaf, manifests, home.now(),
                )
                for item in batch
            ],
        )  # fmt: skip


def require_taken(home: AgencyHome, sent: Sequence[outgoing.Sent], requests: Sequence[SignedMessage]) -> None:
    """Forget what the service refused, and raise its refusal. The findings can then be asked for again."""
    own = {message.digest() for message in requests}
    refused = [item for item in sent if item.request in own and item.refusal]
    with home.journal.transaction() as connection:
        for item in refused:
            connection.execute(
                "UPDATE asked SET state = 'refused', reason = ? WHERE request = ?", (item.refusal, item.request)
            )
    if refused:
        raise refused[0].error or DeniedError("the service refused the request", code=refused[0].refusal)
