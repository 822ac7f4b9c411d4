"""The gate of one reveal request: is this finding ours, real, and asked for by who holds the record?

Design section 5, step 3. After M1 to M7 (inbox.py) and G1 to G4 (gate.py), for the request as a whole:

R1  its purpose is in the agreement, its basis too, and one is given where the agreement asks for it  ``reveal-purpose``
R2  the asking side of the flow asks, and we answer in it                                         ``reveal-side``
R3  the attachment's run entry stands in the log and is the run that was named                    ``reveal-run``
R4  that run's inputs include our own manifests, and only ours under our name                     ``reveal-inputs``
R5  the requester's quota of reveals in the calendar month                                        ``quota``

and for each finding:

R6  its leaf is under the run's findings root and is the finding that was named                   ``finding-proof``
R7  its id is the one that its parts give, and its two sides are requester and us                 ``finding-foreign``
R8  its answering handle is a row of ours, in the submissions that were matched                   ``finding-row``
R9  the claim is right: the requester holds the row's link value                                  ``finding-claim``
R10 what its rules look at is in the agreed reveal columns                                        ``reveal-columns``
R11 it is not being revealed already                                                              ``finding-repeated``
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection
from dataclasses import dataclass

from matcher.agency.agent.gate import Gate
from matcher.agency.exchange.inbox import Received, named
from matcher.agency.reveal import proofs
from matcher.agency.reveal.own_rows import OwnRow, OwnRows
from matcher.agency.reveal.shown import require_columns
from matcher.protocol import canonical, suite
from matcher.protocol import findings as finding_records
from matcher.protocol.entries import Entry
from matcher.protocol.errors import ConcordatError, DeniedError, StateError, VerificationError
from matcher.protocol.findings import Finding


@dataclass(frozen=True, slots=True)
class Asked:
    """One finding of a request, past the gate."""

    finding_id: bytes
    finding: Finding
    leaf: bytes
    row: OwnRow


@dataclass(frozen=True, slots=True)
class Run:
    """The run a request names: its record, its findings root, and our manifests among its inputs."""

    record: canonical.Json
    findings_root: bytes
    manifests: frozenset[bytes]


def require_purpose(received: Received) -> None:
    """Check R1. Raises DeniedError."""
    terms = received.agreement.flow_terms(received.message.flow)
    with named("reveal-purpose"):
        if received.body["purpose"] not in terms.purposes:
            raise DeniedError(f"purpose {received.body['purpose']} is not in the agreement")
        basis = received.body["basis"]
        foreign = [item for item in basis if item not in terms.legal_basis]
        if foreign:
            raise DeniedError(f"legal basis {foreign[0]} is not in the agreement")
        if terms.legal_basis_required and not basis:
            raise DeniedError("the agreement asks for a legal basis with every request")


def require_side(received: Received, party: str) -> None:
    """Check R2. Raises DeniedError."""
    with named("reveal-side"):
        flow = received.agreement.flow(received.message.flow)
        if flow.side_of(received.message.sender) != "asking" or flow.side_of(party) != "answering":
            raise DeniedError(f"{received.message.sender} cannot ask {party} for reveals in flow {flow.id}")


def require_run(
    received: Received, gate: Gate, attached: proofs.RequestProofs, own: Collection[bytes], party: str
) -> Run:
    """Checks R3 and R4. ``own`` are the manifest digests of our sealed submissions in the flow and period."""
    message = received.message
    with named("reveal-run"):
        entry = gate.require_entry(attached.run_entry, attached.run_index)
        record = _record(entry)
        if finding_records.run_digest(record).hex() != received.body["run"]:
            raise VerificationError("the log entry is not the run that the request names")
        if record["flow"] != message.flow or record["period"] != message.period:
            raise VerificationError("the run is of another flow or period than the request")
    with named("reveal-inputs"):
        manifests = [
            canonical.unhex(item, 32)
            for side in record["inputs"]
            if side["party"] == party
            for item in side["manifests"]
        ]
        if not manifests or not set(manifests) <= set(own):
            raise VerificationError("the run did not match what this party submitted")
    return Run(record, canonical.unhex(entry.facts["findings_root"], 32), frozenset(manifests))


def _record(entry: Entry) -> canonical.Json:
    record = entry.facts.get("run") if entry.type == "match-run" else None
    if not isinstance(record, dict):
        raise VerificationError("the log entry is no match run")
    return record


def require_finding(
    received: Received, run: Run, asked: canonical.Json, proof: proofs.FindingProof, own_rows: OwnRows, party: str
) -> Asked:
    """Checks R6 to R10 for one finding. ``asked`` is ``{"id", "claim"}`` of the body, ``proof`` the one beside it."""
    message = received.message
    with named("finding-proof"):
        finding_id, finding = proof.verify(run.findings_root)
        if finding_id.hex() != asked["id"]:
            raise VerificationError("the proof is of another finding than the one named")
    with named("finding-foreign"):
        matching_digest = received.agreement.matching.digest
        if finding.finding_id(matching_digest, message.flow, message.period) != finding_id:
            raise VerificationError("the finding's id is not the one its parts give")
        if finding.run.hex() != received.body["run"]:
            raise VerificationError("the finding is of another run")
        if finding.asking != message.sender or finding.answering != party:
            raise DeniedError("the finding is between other parties")
    with named("finding-row"):
        row = own_rows.row(finding.answering_handle, run.manifests)
        keys = own_rows.keys(row)
    with named("finding-claim"):
        expected = suite.claim(keys.claim, finding_id, finding.asking, finding.answering)
        if not hmac.compare_digest(expected, canonical.unb64(asked["claim"], len(expected))):
            raise VerificationError("the claim is wrong: the requester does not hold this record")
    require_columns(received.agreement, message.flow, finding.codes)
    return Asked(finding_id, finding, proof.leaf, row)


def split(
    items: Collection[tuple[canonical.Json, proofs.FindingProof]],
    examine: Callable[[canonical.Json, proofs.FindingProof], Asked],
    busy: Collection[bytes],
) -> tuple[list[Asked], dict[bytes, ConcordatError]]:
    """Examine every finding of a request: (those past the gate, refusals by finding id). Check R11 is made here.

    One wrong finding does not stop the others.
    """
    passed: list[Asked] = []
    refused: dict[bytes, ConcordatError] = {}
    for asked, proof in items:
        finding_id = canonical.unhex(asked["id"], 32)
        try:
            with named("finding-repeated"):
                if finding_id in busy:
                    raise StateError(f"finding {asked['id'][:16]} is being revealed already, or was")
            passed.append(examine(asked, proof))
        except ConcordatError as error:
            refused[finding_id] = error
    return passed, refused
