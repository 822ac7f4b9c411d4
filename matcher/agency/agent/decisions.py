"""Decisions on what was asked: automatic ones, a person's, and the gate's refusals (design section 5, step 4).

A decision is signed and stored with the new state in one transaction, then sent; nothing is sealed before the decision
stands in the log. A person's decision carries the person's signature; maker is never checker: requests are prepared at
the asking side, decisions taken at the answering side, each by a person with the role for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matcher.agency.agent import pending
from matcher.agency.agent.pending import Pending
from matcher.agency.exchange import outgoing
from matcher.agency.exchange.outbox import sign_message
from matcher.agency.home import AgencyHome, Person
from matcher.protocol import bodies, canonical
from matcher.protocol.agreement.model import Agreement, Flow
from matcher.protocol.errors import InputError
from matcher.protocol.messages import SignedMessage
from matcher.protocol.suite import sha256

AUTOMATIC_REASON = "own-flags"
PERSON_REASON = "person-decided"
_FLAG_TEST = "has"


def require_reason(reason: str) -> str:
    """``reason`` if it may stand in the log. Raises InputError for anything but a short code."""
    if not bodies.is_id(reason):
        raise InputError("--reason: a code of lower-case letters, digits, dot and hyphen")
    return reason


def own_flag_codes(flow: Flow, values: Sequence[object]) -> frozenset[str]:
    """The rule codes that our own row's flags alone decide: every condition of such a rule is ``has`` on a flag.

    ``values`` are the row's comparison values in the flow's field order.
    """
    local: dict[str, frozenset[str]] = {}
    for field, value in zip(flow.fields, values, strict=True):
        if field.comparator == "flags" and isinstance(value, int):
            local[field.name] = frozenset(code for bit, code in enumerate(field.codes) if value >> bit & 1)
    return frozenset(
        rule.code
        for rule in flow.rules
        if rule.fact == "matched"
        and rule.conditions
        and all(
            item.test == _FLAG_TEST and local.get(item.field, frozenset()) & set(item.values)
            for item in rule.conditions
        )
    )


def is_automatic(agreement: Agreement, flow: str, codes: Sequence[str], values: Sequence[object]) -> bool:
    """Whether every code of a finding may be approved by itself and follows from our own row."""
    recomputed = own_flag_codes(agreement.flow(flow), values)
    return set(codes) <= agreement.flow_terms(flow).automatic & recomputed


@dataclass(frozen=True, slots=True)
class Decision:
    """A signed decision, not stored yet."""

    request: bytes
    finding_ids: tuple[bytes, ...]
    decision: str
    reason: str
    message: SignedMessage


def sign(
    home: AgencyHome,
    agreement: Agreement,
    asked: SignedMessage | Pending,
    finding_ids: Sequence[bytes],
    decision: str,
    reason: str,
    person: Person | None = None,
) -> Decision:
    """Sign a decision on findings of one request, given as the request itself or as one of its pending findings."""
    if isinstance(asked, Pending):
        request, requester = asked.request, asked.requester
    else:
        request, requester = asked.digest(), asked.sender
    body: canonical.Json = {
        "request": request.hex(),
        "findings": [item.hex() for item in finding_ids],
        "decision": decision,
        "reason": reason,
        "automatic": person is None,
    }
    message = sign_message(
        home, "reveal-decision", agreement.digest, asked.flow, asked.period, requester, body,
        agreement.message_hours, person,
    )  # fmt: skip
    return Decision(request, tuple(finding_ids), decision, reason, message)


def sign_refusals(
    home: AgencyHome, agreement: Agreement, request: SignedMessage, refusals: Iterable[tuple[bytes, str]]
) -> list[Decision]:
    """The gate's refusals, (finding id, name of the check): one decision for each name."""
    by_reason: dict[str, list[bytes]] = {}
    for finding_id, reason in refusals:
        by_reason.setdefault(reason, []).append(finding_id)
    return [
        sign(home, agreement, request, finding_ids, pending.REFUSED, reason)
        for reason, finding_ids in by_reason.items()
    ]


def record(connection: sqlite3.Connection, decision: Decision) -> None:
    """Store ``decision`` for sending, and the new state of its findings, inside the caller's transaction."""
    part = "decision:" + sha256(decision.message.body).hex()[:32]
    outgoing.store(connection, decision.request, part, decision.message, b"")
    pending.move(connection, decision.request, decision.finding_ids, decision.decision, decision.reason)


def decide(
    home: AgencyHome, agreement: Agreement, items: Sequence[Pending], decision: str, reason: str, person: Person
) -> None:
    """A person's decision on ``items``: signed and stored, one message for each request. Sends nothing."""
    for request in dict.fromkeys(item.request for item in items):
        of_request = [item for item in items if item.request == request]
        finding_ids = [item.finding_id for item in of_request]
        signed = sign(home, agreement, of_request[0], finding_ids, decision, reason, person)
        with home.journal.transaction() as connection:
            record(connection, signed)
