"""Receipts: after every run, who learned what by it; one for each party, and one for the service itself.

    daxing.example/log/receipt
    {"agreement":"5f..","codes":{},"flow":"account-check","index":41,"learned":[{"count":1024,"kind":"evaluations-asked"},
     ..],"party":"bank-regulator","period":"2022-05","role":"answering","run":"9c..","time":1654041600000,"v":1}

    — daxing.example/log Uw2QOkn8...

A receipt holds counts by kind, and every kind stands in the table below: what design section 3 declares for that role,
nothing else. All counts follow from the log, so an auditor makes each receipt again and compares. It is a note signed
by the log's key; its text can be taken for no checkpoint, since its first line is no origin and it has two lines.

Left to others: signing and keeping (service), what the log says (auditor/), showing it (commands).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from matcher.protocol import canonical, note
from matcher.protocol.agreement.model import Agreement, Flow
from matcher.protocol.errors import VerificationError
from matcher.protocol.findings import run_digest
from matcher.protocol.suite import sha256

Role = Literal["service", "asking", "answering", "auditor"]
VERSION = 1
SERVICE = ""  # the service is no party: its receipt names none
_LABEL = "/receipt"
_NO_CODE = frozenset(("matched", "unmatched"))
# What each role learns by a run (design section 3), in the order in which a receipt gives it.
DECLARED: Mapping[Role, tuple[str, ...]] = {
    "service": (
        "rows-asking", "rows-answering", "submissions", "pairs-joined", "fields-compared", "rows-unanswered",
        "rules-fired",
    ),
    "asking": ("own-rows-answered", "own-rows-unanswered", "own-findings"),
    "answering": ("evaluations-asked", "findings-at-most"),
    "auditor": ("log-entries",),
}  # fmt: skip
_WITH_CODES = frozenset(("service", "asking"))


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What the log says of one run. ``record`` is its record, ``index`` and ``time`` (ms) are of its entry.

    ``rows`` maps manifest digests (hex) to rows; ``evaluations`` maps parties to how many were asked of them so far.
    """

    record: canonical.Json
    index: int
    time: int
    findings: int
    rows: Mapping[str, int]
    evaluations: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt, as its text says. ``learned`` is (kind, count) in the order of ``DECLARED``."""

    party: str
    role: Role
    run: bytes
    agreement: bytes
    flow: str
    period: str
    index: int
    time: int
    learned: tuple[tuple[str, int], ...]
    codes: Mapping[str, int]


def of_run(agreement: Agreement, facts: RunFacts) -> tuple[Receipt, ...]:
    """The receipts of a run: the service's, then those of the flow's sides, then the auditors'.

    Raises VerificationError when a manifest of the run is not in ``facts``.
    """
    flow = agreement.flow(facts.record["flow"])
    auditors = sorted(party.id for party in agreement.parties.values() if party.kind == "auditor")
    roles: list[tuple[str, Role]] = [(SERVICE, "service"), (flow.asking, "asking")]
    roles += [(party, "answering") for party in sorted(flow.answering)]
    roles += [(party, "auditor") for party in auditors]
    return tuple(_receipt(flow, facts, party, role) for party, role in roles)


def _receipt(flow: Flow, facts: RunFacts, party: str, role: Role) -> Receipt:
    record = facts.record
    counts = _counts(flow, facts, party)
    codes = {code: count for code, count in record["counts"].items() if code not in _NO_CODE}
    return Receipt(
        party, role, run_digest(record), canonical.unhex(record["agreement"], 32), flow.id, record["period"],
        facts.index, facts.time, tuple((kind, counts[kind]) for kind in DECLARED[role]),
        codes if role in _WITH_CODES else {},
    )  # fmt: skip


def _counts(flow: Flow, facts: RunFacts, party: str) -> dict[str, int]:
    rows = {"asking": 0, "answering": 0}
    submissions = 0
    for item in facts.record["inputs"]:
        for manifest in item["manifests"]:
            if manifest not in facts.rows:
                raise VerificationError(f"receipt: submission {manifest[:16]} of the run is not in the log")
            rows[flow.side_of(item["party"])] += facts.rows[manifest]
            submissions += 1
    counts = facts.record["counts"]
    pairs, unanswered = counts.get("matched", 0), counts.get("unmatched", 0)
    return {
        "rows-asking": rows["asking"],
        "rows-answering": rows["answering"],
        "submissions": submissions,
        "pairs-joined": pairs,
        "fields-compared": pairs * len(flow.fields),
        "rows-unanswered": unanswered,
        "rules-fired": sum(count for code, count in counts.items() if code not in _NO_CODE),
        "own-rows-answered": pairs,
        "own-rows-unanswered": unanswered,
        "own-findings": facts.findings,
        "evaluations-asked": facts.evaluations.get(party, 0),
        "findings-at-most": facts.findings,
        "log-entries": facts.index + 1,
    }


def sign(receipt: Receipt, origin: str, public: bytes, sign_bytes: Callable[[bytes], bytes]) -> str:
    """The receipt's note, signed by the log's key (``public``, 32 bytes) through ``sign_bytes``."""
    value = {
        "v": VERSION, "party": receipt.party, "role": receipt.role, "run": receipt.run.hex(),
        "agreement": receipt.agreement.hex(), "flow": receipt.flow, "period": receipt.period, "index": receipt.index,
        "time": receipt.time, "learned": [{"kind": kind, "count": count} for kind, count in receipt.learned],
        "codes": dict(receipt.codes),
    }  # fmt: skip
    return note.sign(f"{origin}{_LABEL}\n{canonical.encode(value).decode()}\n", origin, public, sign_bytes)


def verify(signed: str, log_key: str) -> Receipt:
    """The receipt in a note signed by ``log_key`` (the log's verifier key).

    Raises VerificationError: not signed by it, not a receipt of that log, or a kind that is not declared for the role.
    """
    key = note.parse_verifier_key(log_key)
    parsed = note.parse(signed)
    note.verify(parsed, (key,))
    label, _, rest = parsed.text.partition("\n")
    if label != f"{key.name}{_LABEL}" or not rest.endswith("\n"):
        raise VerificationError("receipt: the note is none of this log")
    value = canonical.decode(rest.removesuffix("\n").encode())
    try:
        receipt = Receipt(
            value["party"], value["role"], canonical.unhex(value["run"], 32), canonical.unhex(value["agreement"], 32),
            value["flow"], value["period"], value["index"], value["time"],
            tuple((item["kind"], item["count"]) for item in value["learned"]), value["codes"],
        )  # fmt: skip
    except (KeyError, TypeError) as error:
        raise VerificationError("receipt: a field is missing or malformed") from error
    declared = DECLARED.get(receipt.role, ())
    if value.get("v") != VERSION or not declared or tuple(kind for kind, _count in receipt.learned) != declared:
        raise VerificationError(f"receipt: it does not hold what is declared for the role {str(receipt.role)[:16]!r}")
    if receipt.codes and receipt.role not in _WITH_CODES:
        raise VerificationError(f"receipt: rule codes are not for the role {receipt.role!r}")
    return receipt


def digest(signed: str) -> str:
    """SHA-256 of the whole note, in hex: what the log's entry holds."""
    return sha256(signed.encode()).hex()


def facts_of(notes: Sequence[tuple[str, str]], run: bytes) -> canonical.Json:
    """The facts of the entry ``receipts-issued`` for (party, note) of a run."""
    return {"run": run.hex(), "receipts": [{"party": party, "sha256": digest(signed)} for party, signed in notes]}
