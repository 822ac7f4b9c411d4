"""Group keys and evaluations: who may ask whom, for which link kind and epoch, how many (design section 4).

The holder's agent gates, counts and answers by its own rules; here is the first line. Of what is evaluated the service
sees blinded elements only.
"""

from __future__ import annotations

from sqlite_utils import Database

from matcher.protocol import bodies, canonical
from matcher.protocol.agreement.model import Link
from matcher.protocol.errors import StateError, VerificationError
from matcher.protocol.messages import SignedMessage
from matcher.service import policy
from matcher.service.acts.letter import Effect, Letter
from matcher.service.store import messages, usage
from matcher.service.store.log import Position

_ELEMENT_SIZE = 32
_PROOF_SIZE = 64


def group_key(transaction: Database, letter: Letter) -> Effect:  # noqa: ARG001
    """A group key, sealed to another data party of the link kind."""
    link = _link(letter, "hmac")
    _require_users(letter, link, letter.message.sender, letter.message.recipient)
    if canonical.unhex(letter.body["group_key_id"], 32) != link.group_key_id:
        raise VerificationError("group-key: the id is not the agreement's")
    letter.require_attachment("sealed_sha256")
    return _nothing


def request(transaction: Database, letter: Letter) -> Effect:
    """A batch of blinded elements for the holder; padding counts."""
    link = _link(letter, "oprf")
    sender, count = letter.message.sender, letter.body["count"]
    _require_users(letter, link, sender)
    if letter.message.recipient != link.holder or sender == link.holder:
        raise policy.deny("wrong-recipient", f"evaluations of {link.kind} are asked of its holder by the others")
    _require_epoch(letter, link)
    if not 0 < count <= bodies.MAX_EVALUATION_BATCH or count % bodies.EVALUATION_PADDING:
        raise VerificationError(
            f"evaluation-request: {count} elements; a batch is a multiple of {bodies.EVALUATION_PADDING}, "
            f"at most {bodies.MAX_EVALUATION_BATCH}"
        )
    letter.require_attachment("elements_sha256", count * _ELEMENT_SIZE)
    quotas, agreement_id = letter.agreement.quotas[sender], letter.agreement.id
    spans = {
        usage.epoch_span(link.kind, link.epoch): quotas.evaluations_epoch,
        usage.month(letter.now): quotas.evaluations_month,
    }
    for span, limit in spans.items():
        used = usage.used(transaction, agreement_id, sender, usage.EVALUATIONS, span)
        policy.require_quota(used, count, limit, f"evaluations in {span}")

    def count_them(inner: Database, _position: Position) -> None:
        for span in spans:
            usage.add(inner, agreement_id, sender, usage.EVALUATIONS, span, count)

    return count_them


def answer(transaction: Database, letter: Letter) -> Effect:
    """The holder's answer to one request, once."""
    effect = _settle(transaction, letter)
    canonical.unb64(letter.body["proof"], _PROOF_SIZE)
    letter.require_attachment("elements_sha256", letter.body["count"] * _ELEMENT_SIZE)
    return effect


def refusal(transaction: Database, letter: Letter) -> Effect:
    """The holder says that it evaluates nothing for one request, and by which check; the request is settled."""
    letter.require_no_attachment()
    return _settle(transaction, letter)


def _settle(transaction: Database, letter: Letter) -> Effect:
    kind, link = letter.message.kind, _link(letter, "oprf")
    if letter.message.sender != link.holder:
        raise policy.deny("wrong-side", f"{letter.message.sender} does not hold the key of {link.kind}")
    asked = require_stored(transaction, letter, "request", "evaluation-request")
    body = asked.message.content()
    if any(body[name] != letter.body[name] for name in ("link", "epoch", "count")):
        raise VerificationError(f"{kind}: link, epoch or count is not the request's")
    if asked.message.expiry * 1000 <= letter.now:
        raise policy.deny("late", "the request has expired")
    if asked.settled:
        raise StateError("the request was answered before")
    digest = asked.message.digest()
    return lambda inner, _position: messages.settle(inner, digest)


def require_stored(transaction: Database, letter: Letter, field: str, kind: str) -> messages.Stored:
    """The message of ``kind`` that a body's ``field`` answers: between the same two, for the same agreement and flow.

    Raises DeniedError, the same for a message that is unknown and for one of others.
    """
    found = messages.find(transaction, canonical.unhex(letter.body[field], 32))
    if found is None or found.message.kind != kind or not _is_reply(letter.message, found.message):
        raise policy.deny("denied", f"{letter.message.kind}: it answers no {kind} between these two parties")
    return found


def _is_reply(reply: SignedMessage, to: SignedMessage) -> bool:
    return (reply.sender, reply.recipient, reply.flow, reply.period) == (to.recipient, to.sender, to.flow, to.period)


def _link(letter: Letter, mode: str) -> Link:
    link = letter.agreement.matching.links.get(letter.body["link"])
    if link is None or link.mode != mode:
        raise policy.deny("denied", f"agreement {letter.agreement.id} has no such link kind of mode {mode}")
    return link


def _require_epoch(letter: Letter, link: Link) -> None:
    if letter.body["epoch"] != link.epoch:
        raise policy.deny("period-mismatch", f"epoch {link.epoch} of {link.kind} is the agreement's")


def _require_users(letter: Letter, link: Link, *parties: str) -> None:
    users = {party for flow in letter.agreement.matching.flows.values() if flow.link == link.kind
             for party in flow.parties()}  # fmt: skip
    for party in parties:
        if party not in users:
            raise policy.deny("not-a-party", f"{party or 'nobody'} is no party to a flow on {link.kind}")
    if len(set(parties)) != len(parties):
        raise policy.deny("wrong-recipient", "sender and recipient are the same")


def _nothing(_transaction: Database, _position: Position) -> None:
    """A message that changes nothing but the log and the recipient's box."""
