"""The steps of a reveal as the service decides them (design section 5), each by the one case table.

The service checks that a step is allowed, logs it, then acts. That a request may be answered at all - inclusion,
consistency, claim - the answering agent checks for itself; it trusts nothing here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlite_utils import Database

from matcher.protocol import canonical, cases
from matcher.protocol.errors import VerificationError
from matcher.service import policy
from matcher.service.acts import letters
from matcher.service.acts.evaluations import require_stored
from matcher.service.acts.letter import Effect, Letter
from matcher.service.store import findings, messages, periods, usage
from matcher.service.store.findings import Case
from matcher.service.store.log import Position

_CLAIM_SIZE = 32


def request(transaction: Database, letter: Letter) -> Effect:
    """A person of the asking side asks to see findings, for an agreed purpose, on the agreed legal basis."""
    _require_period(transaction, letter)
    flow = letter.agreement.flow(letter.message.flow)
    policy.require_asking(flow, letter.message.sender)
    policy.require_answering(flow, letter.message.recipient)
    letters.require_person(letter.message, letter.agreement, "prepare")
    _require_purpose(letter)
    ids = [canonical.unhex(item["id"], 32) for item in letter.body["findings"]]
    for item in letter.body["findings"]:
        canonical.unb64(item["claim"], _CLAIM_SIZE)
    run = canonical.unhex(letter.body["run"], 32)
    found = _findings(transaction, letter, ids, letter.message.sender, letter.message.recipient, run)
    if any(item.run != run for item in found):
        raise policy.deny("foreign-finding", "a finding is not of the run that the request names")
    proofs = canonical.decode(letter.attachment).get("proofs")
    if not isinstance(proofs, list) or len(proofs) != len(ids):
        raise VerificationError(f"reveal-request: {len(ids)} findings need as many proofs")
    sender, span = letter.message.sender, usage.month(letter.now)
    used = usage.used(transaction, letter.agreement.id, sender, usage.REVEALS, span)
    policy.require_quota(used, len(ids), letter.agreement.quotas[sender].reveals_month, f"reveals in {span}")
    request, expires = letter.message.digest(), letter.message.expiry
    asked = [replace(item, request=request, expires=expires) for item in _stepped(letter, found, "request")]

    def effect(inner: Database, position: Position) -> None:
        usage.add(inner, letter.agreement.id, sender, usage.REVEALS, span, len(ids))
        for item in asked:
            findings.keep(inner, replace(item, since=position.time, request_index=position.index))

    return effect


def decision(transaction: Database, letter: Letter) -> Effect:
    """The answering side approves or refuses, by a person; its agent alone only where the agreement says so."""
    _require_period(transaction, letter)
    asked = require_stored(transaction, letter, "request", "reveal-request")
    letter.require_no_attachment()
    ids = [canonical.unhex(item, 32) for item in letter.body["findings"]]
    found = _findings(transaction, letter, ids, letter.message.recipient, letter.message.sender)
    _require_of_request(found, asked.message.digest())
    event = "approve" if letter.body["decision"] == "approved" else "refuse"
    if not letter.body["automatic"]:
        letters.require_person(letter.message, letter.agreement, "approve")
    elif event == "approve":
        automatic = letter.agreement.flow_terms(letter.message.flow).automatic
        for item in found:
            if not set(item.codes) <= automatic:
                raise policy.deny("not-automatic", "a finding has a code that a person decides on")
    return _advance(letter, found, event)


def delivery(transaction: Database, letter: Letter) -> Effect:
    """The sealed payload of one approved finding; kept until the opening arrives."""
    _require_period(transaction, letter)
    asked = require_stored(transaction, letter, "request", "reveal-request")
    if letter.body["request_index"] != asked.log_index:
        raise VerificationError(f"delivery: the request stands at {asked.log_index} in the log")
    letter.require_attachment("sealed_sha256")
    ids = [canonical.unhex(letter.body["finding"], 32)]
    found = _findings(transaction, letter, ids, letter.message.recipient, letter.message.sender)
    _require_of_request(found, asked.message.digest())
    return _advance(letter, found, "deliver")


def opening(transaction: Database, letter: Letter) -> Effect:
    """The asking side has opened a delivery: its ciphertext is erased here."""
    return _after_delivery(transaction, letter, "open")


def dispute(transaction: Database, letter: Letter) -> Effect:
    """The asking side says that what was revealed breaks no rule, or does not open: an allegation, for an auditor."""
    return _after_delivery(transaction, letter, "dispute")


def _after_delivery(transaction: Database, letter: Letter, event: str) -> Effect:
    _require_period(transaction, letter)
    delivered = require_stored(transaction, letter, "delivery", "delivery")
    letter.require_no_attachment()
    if delivered.message.content()["finding"] != letter.body["finding"]:
        raise policy.deny("foreign-finding", "the delivery is of another finding")
    ids = [canonical.unhex(letter.body["finding"], 32)]
    found = _findings(transaction, letter, ids, letter.message.sender, letter.message.recipient)
    advance, digest = _advance(letter, found, event), delivered.message.digest()

    def effect(inner: Database, position: Position) -> None:
        advance(inner, position)
        messages.settle(inner, digest)

    return effect


def _require_period(transaction: Database, letter: Letter) -> None:
    flow = letter.agreement.flow(letter.message.flow)
    epoch = letter.agreement.matching.links[flow.link].epoch
    period = periods.require_open(transaction, letter.agreement, letter.period_name, epoch, letter.now)
    policy.require_retention(letter.agreement, period.opened_at if period else None, letter.now)


def _require_purpose(letter: Letter) -> None:
    terms = letter.agreement.flow_terms(letter.message.flow)
    if letter.body["purpose"] not in terms.purposes:
        raise policy.deny("purpose", f"the agreement's purposes are: {', '.join(terms.purposes)}")
    basis = letter.body["basis"]
    if not set(basis) <= set(terms.legal_basis) or (terms.legal_basis_required and not basis):
        raise policy.deny("legal-basis", f"the agreement's legal bases are: {', '.join(terms.legal_basis)}")


def _findings(
    transaction: Database, letter: Letter, ids: Sequence[bytes], asking: str, answering: str, run: bytes = b""
) -> list[Case]:
    """The findings, all of this period and between these two. Unknown and foreign ones are refused alike.

    Those that nobody asked for yet are looked for among the findings of ``run``, if that is given.
    """
    if len(set(ids)) != len(ids):
        raise VerificationError(f"message {letter.message.kind}: a finding stands twice")
    between = letter.period_name, asking, answering
    found = {finding: findings.case(transaction, finding, *between) for finding in ids}
    new = {finding for finding, item in found.items() if item is None}
    if new and run:
        found |= findings.listed(transaction, run, new, *between)
    known = [item for item in found.values() if item is not None]
    if len(known) != len(ids):
        raise policy.deny("foreign-finding", "a finding is not of this period and these two parties")
    return known


def _require_of_request(found: Sequence[Case], request_digest: bytes) -> None:
    if any(item.request != request_digest for item in found):
        raise policy.deny("foreign-finding", "a finding's newest request is another one")


def _stepped(letter: Letter, found: Sequence[Case], event: str) -> list[Case]:
    """The findings after the step ``event``, decided now."""
    seconds = letter.now // 1000
    return [replace(item, state=cases.step(cases.lapse(item.state, item.expires, seconds), event)) for item in found]


def _advance(letter: Letter, found: Sequence[Case], event: str) -> Effect:
    """The step ``event`` of every finding, decided now, taken when the message stands in the log."""
    after = _stepped(letter, found, event)

    def effect(inner: Database, position: Position) -> None:
        for item in after:
            findings.keep(inner, replace(item, since=position.time))

    return effect
