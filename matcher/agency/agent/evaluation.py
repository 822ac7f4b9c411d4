"""Answering evaluation requests: the holder's side of the OPRF (design section 4, ``oprf``; RFC 9497 section 3.3.2).

E1  the flow's link kind is the one asked for, in mode ``oprf``, and this party holds its key     ``evaluation-link``
E2  the epoch is the agreement's                                                                  ``evaluation-epoch``
E3  at most 4,096 elements, a multiple of 1,024, pinned by the signed digest                      ``evaluation-count``
E4  the requester's quotas over the epoch and the calendar month                                  ``quota``
E5  every element is canonical and not the identity                                               ``evaluation-element``

What a check refuses is answered by a signed refusal that names the check, so that the requester need not wait.

The gate of gate.py comes before E4; counting and taking the message number are one transaction, before evaluation (so
a batch that E5 refuses stays counted).
Each batch has one proof, made where it was evaluated, with a fresh nonce from the operating system.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from keys import oprf
from keys.errors import ReceivedError
from matcher.agency.agent import quotas
from matcher.agency.exchange import inbox, outgoing
from matcher.agency.exchange.inbox import Received, named
from matcher.agency.exchange.outbox import sign_message
from matcher.agency.home import AgencyHome
from matcher.protocol import bodies, canonical
from matcher.protocol.agreement.model import Link
from matcher.protocol.errors import DeniedError, VerificationError
from matcher.protocol.messages import SignedMessage
from matcher.protocol.suite import oprf_key_info, sha256

ELEMENT_SIZE = 32
# A request has one answer, evaluated or refused: both are stored as this part, and what is stored stays.
PART = "answer"


@dataclass(frozen=True, slots=True)
class Job:
    """One admitted batch: what a worker needs, without the key. ``info`` derives the key of its link and epoch."""

    info: bytes
    elements: bytes


def check(home: AgencyHome, received: Received) -> Link:
    """Checks E1 to E3; returns the link kind asked for."""
    agreement, body, message = received.agreement, received.body, received.message
    with named("evaluation-link"):
        flow = agreement.flow(message.flow)
        flow.side_of(message.sender)
        link = agreement.matching.links[flow.link]
        if body["link"] != flow.link or link.mode != "oprf" or link.holder != home.party:
            raise DeniedError(f"{home.party} evaluates nothing for link kind {body['link']} of flow {message.flow}")
    with named("evaluation-epoch"):
        if body["epoch"] != link.epoch:
            raise DeniedError(f"epoch {body['epoch']} was asked for; the agreement has epoch {link.epoch}")
    with named("evaluation-count"):
        count = body["count"]
        if not 0 < count <= bodies.MAX_EVALUATION_BATCH or count % bodies.EVALUATION_PADDING:
            raise DeniedError(f"a batch of {count} elements is not of an allowed size")
        if len(received.attachment) != count * ELEMENT_SIZE:
            raise VerificationError(f"{count} elements were announced, the attachment holds another number")
        if sha256(received.attachment).hex() != body["elements_sha256"]:
            raise VerificationError("the elements are not the ones that were signed for")
    return link


def count(home: AgencyHome, received: Received, link: Link) -> None:
    """Check E4: take the message's number and count its elements, in one transaction. Raises QuotaError."""
    agreement, message = received.agreement, received.message
    limits = agreement.quotas[message.sender]
    amount = received.body["count"]
    epoch, month = quotas.epoch_span(link.kind, link.epoch), quotas.month_of(home.now())
    with home.journal.transaction() as connection:
        subject = (connection, agreement.id, message.sender, quotas.EVALUATIONS)
        totals = {
            "epoch": quotas.spend(*subject, epoch, amount, limits.evaluations_epoch),
            "month": quotas.spend(*subject, month, amount, limits.evaluations_month),
        }
        inbox.record(connection, received, json.dumps(totals))


def is_counted(home: AgencyHome, received: Received) -> bool:
    """Whether the request was counted, so that it may be evaluated without counting it again."""
    return bool(_totals(home, received.message))


def refuse(home: AgencyHome, received: Received, reason: str) -> None:
    """Take the message's number and store a signed refusal with ``reason``, the name of the check, for sending."""
    message = received.message
    is_taken = received.repeated or is_counted(home, received)
    body: canonical.Json = {
        "request": message.digest().hex(),
        "link": received.body["link"],
        "epoch": received.body["epoch"],
        "count": received.body["count"],
        "reason": reason,
    }
    refusal = sign_message(
        home, "evaluation-refusal", message.agreement, message.flow, message.period, message.sender, body,
        received.agreement.message_hours,
    )  # fmt: skip
    with home.journal.transaction() as connection:
        if not is_taken:
            inbox.record(connection, received, reason)
        outgoing.store(connection, message.digest(), PART, refusal, b"")


def _totals(home: AgencyHome, message: SignedMessage) -> dict[str, int]:
    """The running totals at the time a request was counted; empty when it was refused or never taken."""
    rows = home.journal.rows(
        "SELECT outcome FROM inbox WHERE sender = ? AND sequence = ?", (message.sender, message.sequence)
    )
    if not rows or not rows[0]["outcome"].startswith("{"):
        return {}
    totals: dict[str, int] = json.loads(rows[0]["outcome"])
    return totals


def job(received: Received, link: Link) -> Job:
    """The work of one batch."""
    return Job(oprf_key_info(received.agreement.id, link.kind, link.epoch), received.attachment)


def answer(home: AgencyHome, received: Received, evaluated: bytes, proof: bytes) -> SignedMessage:
    """The signed answer with the running totals that were counted for this request."""
    message = received.message
    totals = _totals(home, message)
    body: canonical.Json = {
        "request": message.digest().hex(),
        "link": received.body["link"],
        "epoch": received.body["epoch"],
        "count": received.body["count"],
        "elements_sha256": sha256(evaluated).hex(),
        "proof": canonical.b64(proof),
        "total_epoch": totals["epoch"],
        "total_month": totals["month"],
    }
    return sign_message(
        home, "evaluation-answer", message.agreement, message.flow, message.period, message.sender, body,
        received.agreement.message_hours,
    )  # fmt: skip


def evaluate(seed: bytes, work: Job) -> tuple[bytes, bytes]:
    """(evaluated elements, proof) of one batch, with check E5; runs in a worker process. ``seed`` has 32 bytes."""
    secret_key, public_key = oprf.derive_key_pair(seed, work.info)
    with named("evaluation-element"):
        try:
            evaluated = oprf.blind_evaluate(secret_key, public_key, work.elements)
        except ReceivedError as error:
            raise VerificationError(f"the batch cannot be evaluated: {error}") from None
    return evaluated, oprf.generate_proof(secret_key, public_key, work.elements, evaluated)
