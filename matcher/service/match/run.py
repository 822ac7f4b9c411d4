"""One match run: load, join, compare, and the run's record (design section 4, "Submission and run").

Deterministic: the same submissions give the same findings in the same order, so an auditor may run it again. Left to
others: who may ask for a run, the log, and what becomes of the findings (acts/matching.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from matcher.protocol import canonical
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.findings import run_digest
from matcher.protocol.suite import SUITE
from matcher.service.match import compare, engine, gathering, join
from matcher.service.match.found import Found
from matcher.service.store.period_keys import PeriodKey
from matcher.service.store.uploads import Submission


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
    found: Found
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
    found = Found(flow)
    # A row is unmatched only when nobody can still bring its other half.
    everyone_sealed = set(flow.answering) <= {item.party for item in submissions}
    with engine.connect(scratch) as connection:
        for done in engine.load(connection, segments, submissions, key, flow.parties()):
            yield Progress("load", done, total_rows)
        yield Progress("join", 0, 0)
        pairs, lonely = join.run(connection, flow)
        comparison = compare.Comparison(flow, agreement.matching.digest, period)
        total = pairs + (lonely if everyone_sealed else 0)
        done = 0
        readers = gathering.readers(segments, submissions, key)
        for verdicts in comparison.of_pairs(join.pairs(connection), readers):
            yield Progress("compare", done, total)
            done += found.add(verdicts)
        # Readers only go forward: the lonely rows, by ascending token too, need their own.
        readers = gathering.readers(segments, submissions, key, ("handle",))
        for verdicts in comparison.of_lonely(join.lonely(connection) if everyone_sealed else (), readers):
            yield Progress("compare", done, total)
            done += found.add(verdicts)
    yield Progress("compare", total, total)
    record = {
        "suite": SUITE,
        "agreement": agreement.digest.hex(),
        "flow": flow_id,
        "period": period,
        "inputs": inputs_of(submissions),
        "counts": {**found.counts, "matched": pairs, "unmatched": lonely if everyone_sealed else 0},
    }
    yield Result(record, run_digest(record), found, pairs)
