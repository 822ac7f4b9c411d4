"""Match runs, verified by whoever reads them (design section 4, "Submission and run"); their findings: listed.py.

V1  the run's entry stands in the log                                         (trust.py)
V2  it is a match run of this flow and period, and its digest is the run's    ``run-entry``
V3  its inputs are what the asking side signed for, ours among them           ``run-inputs``
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from matcher.agency.exchange.inbox import named
from matcher.agency.exchange.trust import LogTrust
from matcher.agency.reveal.proofs import FindingProof
from matcher.channel.types import RunInfo
from matcher.protocol import canonical, findings
from matcher.protocol.errors import VerificationError
from matcher.protocol.findings import Finding


@dataclass(frozen=True, slots=True)
class VerifiedRun:
    """One run whose entry was verified. ``manifests`` are our own among its inputs; ``counts`` by code."""

    digest: bytes
    entry: bytes
    index: int
    findings_root: bytes
    findings: int
    manifests: frozenset[bytes]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ListedFinding:
    """One verified finding and its state at the service; ``since`` in ms since 1970. ``prove`` makes its proof."""

    finding_id: bytes
    finding: Finding
    prove: Callable[[], FindingProof]
    state: str
    since: int

    @property
    def proof(self) -> FindingProof:
        """What shows others that it stands under the run's findings root."""
        return self.prove()


def verify_run(
    trust: LogTrust, flow: str, period: str, party: str, own: Collection[bytes], run: RunInfo
) -> VerifiedRun:
    """Checks V1 to V3. ``own`` are the digests of our sealed manifests."""
    entry = trust.verify_logged(run.logged)
    with named("run-entry"):
        record: Any = entry.facts.get("run") if entry.type == "match-run" else None
        if not isinstance(record, dict) or findings.run_digest(record) != run.run_digest:
            raise VerificationError("the log entry is not the record of this run")
        if (record["flow"], record["period"]) != (flow, period):
            raise VerificationError("the run is of another flow or period")
        root = canonical.unhex(entry.facts["findings_root"], 32)
    with named("run-inputs"):
        manifests = [
            canonical.unhex(item, 32)
            for side in record["inputs"]
            if side["party"] == party
            for item in side["manifests"]
        ]
        asked_for = {canonical.unhex(item, 32) for item in entry.body["manifests"]}
        if asked_for != {canonical.unhex(item, 32) for side in record["inputs"] for item in side["manifests"]}:
            raise VerificationError(f"run {run.run_digest.hex()[:16]} matched other submissions than were asked for")
        if not manifests or not set(manifests) <= set(own):
            raise VerificationError(f"run {run.run_digest.hex()[:16]} did not match what this party submitted")
    counts = {str(code): int(number) for code, number in record["counts"].items()}
    return VerifiedRun(
        run.run_digest,
        run.logged.entry,
        run.logged.index,
        root,
        int(entry.facts["findings"]),
        frozenset(manifests),
        counts,
    )
