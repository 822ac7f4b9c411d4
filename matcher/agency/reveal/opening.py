"""Opening one delivery and checking it on plaintext (design section 5, step 5).

O1  the delivery answers a request of ours, for a finding in it, at the log index it got   ``delivery-foreign``
O2  the ciphertext is the one the sender signed                                            ``delivery-digest``
O3  both seals open: it is sealed to us, by who holds the record                           ``delivery-seal``
O4  it shows the values that the finding's rules look at, of the right types               ``delivery-fields``
O5  the shared integers give the finding's codes again; if none, it is disputed

O1 to O4 raise; O5 is a result. The sender's signature and the message's number are checked before (inbox.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from keys.agency import AgencyKeys
from matcher.agency.exchange.inbox import Received, named
from matcher.agency.reveal import payload, shown
from matcher.agency.reveal.own_rows import OwnRow, OwnRows
from matcher.agency.reveal.payload import Payload
from matcher.protocol import findings, rules
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import VerificationError
from matcher.protocol.findings import Finding
from matcher.protocol.suite import sha256
from matcher.protocol.vector import VectorLayout

_TEXT_COMPARATORS = frozenset(("exact", "company-name"))


@dataclass(frozen=True, slots=True)
class AskedFinding:
    """One finding of a request of ours. ``request_index`` is where the request stands in the log."""

    finding_id: bytes
    leaf: bytes
    request: bytes
    request_index: int
    agreement: bytes
    flow: str
    period: str
    answering: str
    manifests: frozenset[bytes]

    def finding(self) -> Finding:
        """The finding of the leaf."""
        return findings.from_leaf(self.leaf)[1]


@dataclass(frozen=True, slots=True)
class Opening:
    """An opened payload. ``confirmed`` are the finding's codes that the plaintext bears out."""

    plain: bytes
    payload: Payload
    row: OwnRow
    confirmed: tuple[str, ...]

    def __repr__(self) -> str:
        return f"Opening(confirmed={self.confirmed})"


def open_delivery(received: Received, asked: AskedFinding, own_rows: OwnRows, keys: AgencyKeys, party: str) -> Opening:
    """Checks O1 to O5 for one delivery. Raises VerificationError by name."""
    message, body = received.message, received.body
    with named("delivery-foreign"):
        ours = (asked.request.hex(), asked.request_index, asked.finding_id.hex(), asked.answering)
        if (body["request"], body["request_index"], body["finding"], message.sender) != ours:
            raise VerificationError("the delivery answers no request of ours")
        if (message.agreement, message.flow, message.period) != (asked.agreement, asked.flow, asked.period):
            raise VerificationError("the delivery is under another agreement, flow or period than the request")
    with named("delivery-digest"):
        if sha256(received.attachment).hex() != body["sealed_sha256"]:
            raise VerificationError("the ciphertext is not the one that was signed")
    with named("delivery-seal"):
        row = own_rows.row(asked.finding().asking_handle, asked.manifests)
        info = payload.reveal_info(asked.agreement, asked.finding_id, asked.request_index, asked.answering, party)
        plain = payload.open_sealed(received.attachment, own_rows.keys(row).reveal, keys, info)
        shown = payload.decode(plain)
    codes = asked.finding().codes
    with named("delivery-fields"):
        require_fields(received.agreement, asked.flow, codes, shown.values)
    return Opening(plain, shown, row, confirmed(received.agreement, asked.flow, codes, row.values, shown.values))


def require_fields(agreement: Agreement, flow: str, codes: Sequence[str], values: Mapping[str, Any]) -> None:
    """Check O4. Raises VerificationError when a value is missing, too many, or of another type than its field's."""
    needed = shown.fields_of_rules(agreement, flow, codes)
    if set(values) != set(needed):
        raise VerificationError("the payload does not show the fields that the finding's rules look at")
    for name in needed:
        wanted = str if agreement.flow(flow).field(name).comparator in _TEXT_COMPARATORS else int
        if values[name] is not None and not isinstance(values[name], wanted):
            raise VerificationError(f"the payload's field {name} is of the wrong type")


def confirmed(
    agreement: Agreement, flow: str, codes: Sequence[str], own: Sequence[Any], shown: Mapping[str, Any]
) -> tuple[str, ...]:
    """Those of ``codes`` that hold on plaintext: our own values against the values shown (check O5).

    Codes whose rules do not look at a matched pair (duplicates, unreadable envelopes) cannot be told from one payload
    and count as confirmed.
    """
    terms = agreement.flow(flow)
    answering = [shown.get(field.name) for field in terms.fields]
    outcomes = VectorLayout(terms.fields).outcomes_plain(own, answering)
    fired = set(rules.evaluate(terms, outcomes, rules.MATCHED))
    of_pairs = {rule.code for rule in terms.rules if rule.fact == rules.MATCHED}
    return tuple(code for code in codes if code in fired or code not in of_pairs)
