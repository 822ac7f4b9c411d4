"""Checking a run's receipts against the log: each is made again from the entries, and compared.

    1  the log is the one its checkpoint signs: all entries hash to its root
    2  the run stands in it, and one later entry holds the digests of its receipts
    3  each receipt is signed by the log's key, has the digest that stands there, and says what the entries say
    4  there is one for the service and for every party of the run, and no other

Left to others: what a receipt may hold (protocol/receipts.py), whether the run was allowed (replay/).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from matcher.auditor.source import LogSource
from matcher.protocol import canonical, checkpoint, entries, merkle, receipts
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.agreement.parse import parse_agreement, parse_matching
from matcher.protocol.entries import Entry
from matcher.protocol.errors import NotFoundError, VerificationError
from matcher.protocol.findings import run_digest
from matcher.protocol.receipts import Receipt, RunFacts
from matcher.protocol.suite import sha256

Fetch = Callable[[bytes], Mapping[str, str]]
_Evaluated = tuple[str, str, int]


@dataclass(slots=True)
class _Run:
    entry: Entry
    index: int
    evaluated: Counter[_Evaluated]


@dataclass(slots=True)
class _Seen:
    """What the entries so far say that a receipt is made of."""

    ids: dict[bytes, str] = field(default_factory=dict)  # agreement digest to id
    rows: dict[str, int] = field(default_factory=dict)  # manifest digest to rows
    evaluated: Counter[_Evaluated] = field(default_factory=Counter)  # by agreement id, link kind, epoch
    runs: dict[str, _Run] = field(default_factory=dict)
    issued: dict[str, Mapping[str, str]] = field(default_factory=dict)  # run to digests by party


def check(source: LogSource, log_key: str, run: str, fetch: Fetch) -> tuple[Receipt, ...]:
    """The receipts of the run whose digest begins with ``run`` (hex), each checked; the service's first.

    ``fetch`` gives the notes by party of a run's digest. Raises NotFoundError (no such run, or more than one; no
    receipts), VerificationError (what does not hold).
    """
    seen = _read(source, log_key, run)
    if len(seen.runs) != 1:
        raise NotFoundError(
            f"{len(seen.runs)} runs have a digest that begins with {run[:64]!r}; one is needed",
            remedy="`concordat audit show` lists the runs.",
        )
    [(name, found)] = seen.runs.items()
    if name not in seen.issued:
        raise NotFoundError("this run has no receipts", remedy="It was made before the service issued any.")
    expected = receipts.of_run(_agreement(source, found.entry.agreement), _facts(seen, found, source))
    notes = fetch(bytes.fromhex(name))
    _require_same({item.party for item in expected}, set(notes), set(seen.issued[name]))
    for item in expected:
        signed = notes[item.party]
        whose = item.party or "the service"
        if receipts.digest(signed) != seen.issued[name][item.party]:
            raise VerificationError(f"the receipt of {whose} is not the one that the log holds the digest of")
        if receipts.verify(signed, log_key) != item:
            raise VerificationError(f"the receipt of {whose} says something else than the log")
    return expected


def _require_same(expected: set[str], shown: set[str], logged: set[str]) -> None:
    if not expected == shown == logged:
        wrong = sorted((expected ^ shown) | (expected ^ logged))
        raise VerificationError(
            f"receipts are missing, or there are others: {', '.join(name or 'the service' for name in wrong)}"
        )


def _read(source: LogSource, log_key: str, run: str) -> _Seen:
    point = checkpoint.verify(source.checkpoint(), log_key)
    tree, seen = merkle.CompactRange(), _Seen()
    for data in source.entries(point.size):
        _note(seen, tree.size, entries.parse(data), run)
        tree.append(merkle.leaf_hash(data))
    if tree.size != point.size or tree.root() != point.root:
        raise VerificationError(
            "the entries do not hash to the signed checkpoint", remedy="Run `concordat audit verify`."
        )  # fmt: skip
    return seen


def _note(seen: _Seen, index: int, entry: Entry, run: str) -> None:
    body, facts = entry.body, entry.facts
    match entry.type:
        case "agreement-signed":
            seen.ids[entry.agreement] = body["agreement"]
        case "submission-sealed":
            seen.rows[entry.require_message().digest().hex()] = facts["rows"]
        case "evaluation-requested":
            seen.evaluated[seen.ids.get(entry.agreement, ""), body["link"], body["epoch"]] += body["count"]
        case "match-run":
            name = run_digest(facts["run"]).hex()
            if name.startswith(run):
                seen.runs[name] = _Run(entry, index, Counter(seen.evaluated))
        case "receipts-issued" if facts["run"] in seen.runs:
            if facts["run"] in seen.issued:
                raise VerificationError(f"two entries hold receipts of run {facts['run'][:16]}")
            seen.issued[facts["run"]] = {item["party"]: item["sha256"] for item in facts["receipts"]}


def _agreement(source: LogSource, digest: bytes) -> Agreement:
    matching_file, agreement_file = source.agreement_files(digest)
    if sha256(agreement_file) != digest:
        raise VerificationError("the agreement's file has another digest than the log names")
    return parse_agreement(agreement_file, parse_matching(matching_file))


def _facts(seen: _Seen, found: _Run, source: LogSource) -> RunFacts:
    agreement = _agreement(source, found.entry.agreement)
    link = agreement.matching.links[agreement.flow(found.entry.flow).link]
    evaluated = found.evaluated[agreement.id, link.kind, link.epoch] if link.mode == "oprf" else 0
    record: canonical.Json = found.entry.facts["run"]
    return RunFacts(
        record, found.index, found.entry.time, found.entry.facts["findings"], seen.rows, {link.holder: evaluated}
    )
