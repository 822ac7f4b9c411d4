"""One match run: load, join, compare, and the findings with their root (design section 4, "Submission and run").

Deterministic: the same submissions give the same findings in the same order, so an auditor may run it again. Left to
others: who may ask for a run, the log, and what becomes of the findings (acts/matching.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from matcher.protocol import canonical, merkle
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.findings import NO_HANDLE, Finding, run_digest
from matcher.protocol.suite import SUITE
from matcher.service.match import compare, engine, join
from matcher.service.store.period_keys import PeriodKey
from matcher.service.store.runs import NewFinding
from matcher.service.store.uploads import Submission

_PROGRESS_PAIRS = 2048


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is; ``total`` is 0 when unknown."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Result:
    """What a run found. ``record`` is the run's log record; ``run`` its digest; ``pairs`` the number compared."""

    record: canonical.Json
    run: bytes
    findings_root: bytes
    findings: tuple[NewFinding, ...]
    pairs: int


def inputs_of(submissions: Sequence[Submission]) -> list[canonical.Json]:
    """The manifests of a run by party, parties sorted, manifests by sequence."""
    parties = sorted({item.party for item in submissions})
    ordered = sorted(submissions, key=lambda item: item.sequence)
    return [
        {"party": party, "manifests": [item.manifest.hex() for item in ordered if item.party == party]}
        for party in parties
    ]


def execute(
    agreement: Agreement, flow_id: str, period: str, submissions: Sequence[Submission], segments: Path,
    scratch: Path, key: PeriodKey,
) -> Iterator[Progress | Result]:  # fmt: skip
    """Run the match; yields progress, then the result. Nothing is recorded here."""
    flow = agreement.flow(flow_id)
    total_rows = sum(item.rows for item in submissions)
    found: list[tuple[bytes, str, bytes, tuple[str, ...]]] = []
    with engine.connect(scratch) as connection:
        for done in engine.load(connection, segments, submissions, key):
            yield Progress("load", done, total_rows)
        yield Progress("join", 0, 0)
        pairs, lonely = join.run(connection, flow)
        readers = compare.cursors(segments, submissions, key)
        comparison = compare.Comparison(flow, agreement.matching.digest, period, readers)
        for done, pair in enumerate(join.pairs(connection)):
            if done % _PROGRESS_PAIRS == 0:
                yield Progress("compare", done, pairs)
            if codes := comparison.codes(pair):
                found.append((pair.asking_handle, pair.answering, pair.answering_handle, codes))
        yield Progress("compare", pairs, pairs)
        # A row is unmatched only when nobody can still bring its other half.
        everyone_sealed = set(flow.answering) <= {item.party for item in submissions}
        for handle, is_duplicate in join.lonely(connection) if everyone_sealed else ():
            if codes := comparison.unmatched_codes(is_duplicate=is_duplicate):
                found.append((handle, "", NO_HANDLE, codes))
    counts = Counter(code for *_, codes in found for code in codes)
    record = {
        "suite": SUITE,
        "agreement": agreement.digest.hex(),
        "flow": flow_id,
        "period": period,
        "inputs": inputs_of(submissions),
        "counts": {**counts, "matched": pairs, "unmatched": lonely if everyone_sealed else 0},
    }
    yield Progress("record", 0, len(found))
    yield _result(agreement, flow_id, period, record, found, pairs)


def _result(
    agreement: Agreement, flow_id: str, period: str, record: canonical.Json,
    found: Sequence[tuple[bytes, str, bytes, tuple[str, ...]]], pairs: int,
) -> Result:  # fmt: skip
    run = run_digest(record)
    asking = agreement.flow(flow_id).asking
    findings = [Finding(run, asking, handle, answering, other, codes) for handle, answering, other, codes in found]
    findings.sort(key=Finding.sort_key)
    kept = []
    for item in findings:
        finding_id = item.finding_id(agreement.matching.digest, flow_id, period)
        kept.append(NewFinding(finding_id, item.leaf(finding_id), item.asking, item.answering))
    return Result(record, run, merkle.root(item.leaf for item in kept), tuple(kept), pairs)
