"""The types of log entries, in one table: which message each carries, which headers it has, which facts it adds.

An entry holds ids, counts, digests and agreed words. Every fact has a check from checks.py, so no free text can stand
in the log; the one sentence of ``access-denied`` is a fixed text of letters, which can hold neither a number nor a name
in Chinese.

Left to others: the entry's bytes (entries.py); whether an act was allowed (the service decides, the auditor replays).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from matcher.protocol import bodies, checkpoint, note
from matcher.protocol.checks import (
    Check,
    is_count,
    is_digest,
    is_id,
    is_period,
    list_of,
    mapping_of,
    object_of,
    one_of,
    optional,
)
from matcher.protocol.errors import VerificationError
from matcher.protocol.suite import SUITE

_RPC = re.compile(r"[A-Za-z0-9._/]{1,96}")
_FIXED_TEXT = re.compile(r"[A-Za-z',; -]{1,160}")
MAX_PARTIES_PER_RUN = 32
MAX_CODES_PER_RUN = 100
MAX_RECEIPTS = 128

Scope = Literal["none", "agreement", "period", "any"]
Actor = Literal["sender", "party", "optional"]
Agrees = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class EntryType:
    """One type. ``kind`` is the message's kind, empty for none. ``facts`` are all there may be, and all must be there.

    ``scope``: "none" has no headers, "agreement" the agreement and perhaps flow and period, "period" all three,
    "any" whichever were known. ``actor``: the message's sender, a party, or a party or nobody.
    ``agrees`` (body, facts) says whether the message's body belongs under this type with these facts.
    """

    kind: str
    scope: Scope
    actor: Actor = "sender"
    facts: Mapping[str, Check] = field(default_factory=dict)
    agrees: Agrees = lambda _body, _facts: True


def _is_rpc(value: Any) -> bool:
    return isinstance(value, str) and _RPC.fullmatch(value) is not None


def _is_fixed_text(value: Any) -> bool:
    return isinstance(value, str) and _FIXED_TEXT.fullmatch(value) is not None


def _is_ordered(inputs: Any) -> bool:
    parties = [item["party"] for item in inputs]
    manifests = [digest for item in inputs for digest in item["manifests"]]
    return (
        parties == sorted(set(parties))
        and len(manifests) == len(set(manifests))
        and len(manifests) <= bodies.MAX_MANIFESTS_PER_RUN
    )


_is_manifests = list_of(is_digest, bodies.MAX_MANIFESTS_PER_RUN, 1)
_is_inputs = list_of(object_of(party=is_id, manifests=_is_manifests), MAX_PARTIES_PER_RUN, 1)
_is_run = object_of(
    suite=one_of(SUITE),
    agreement=is_digest,
    flow=is_id,
    period=is_period,
    inputs=lambda value: _is_inputs(value) and _is_ordered(value),
    counts=mapping_of(is_id, is_count, MAX_CODES_PER_RUN),
)


def _names_a_checkpoint(body: Mapping[str, Any], _facts: Mapping[str, Any]) -> bool:
    """Whether the field ``checkpoint`` is empty, or a checkpoint's note and nothing more."""
    if body["checkpoint"] == "":
        return True
    try:
        return not checkpoint.parse(note.parse(body["checkpoint"]).text).extensions
    except VerificationError:
        return False


def _decides(decision: str) -> Agrees:
    return lambda body, _facts: body["decision"] == decision


def _is_of_run(body: Mapping[str, Any], facts: Mapping[str, Any]) -> bool:
    matched = {digest for item in facts["run"]["inputs"] for digest in item["manifests"]}
    return matched.issuperset(body["manifests"])


ENTRY_TYPES: Mapping[str, EntryType] = {
    # A party's first card, or a renewed one; key-rotated says that the renewed card has other keys.
    "card-admitted": EntryType("card", "none"),
    "key-rotated": EntryType("card", "none"),
    "agreement-signed": EntryType("agreement", "agreement"),
    # The last data party has signed: the agreement serves from here on.
    "agreement-in-force": EntryType(
        "", "agreement", "optional", {"agreement_id": is_id, "version": is_count, "matching": is_digest}
    ),
    "group-key-delivered": EntryType("group-key", "agreement"),
    "evaluation-requested": EntryType("evaluation-request", "agreement", agrees=_names_a_checkpoint),
    "evaluation-answered": EntryType("evaluation-answer", "agreement"),
    "evaluation-refused": EntryType("evaluation-refusal", "agreement"),
    "submission-sealed": EntryType(
        "manifest", "period", facts={"rows": is_count}, agrees=lambda body, facts: body["rows"] == facts["rows"]
    ),
    "match-run": EntryType(
        "match", "period", facts={"run": _is_run, "findings_root": is_digest, "findings": is_count}, agrees=_is_of_run
    ),
    # Who learned what by the run before: the digests of the signed receipts, the service's under an empty party.
    "receipts-issued": EntryType(
        "", "period", "optional",
        {"run": is_digest, "receipts": list_of(object_of(party=optional(is_id), sha256=is_digest), MAX_RECEIPTS, 1)},
    ),
    # A party was shown findings of a run: its own, with their proofs.
    "finding-listed": EntryType("", "period", "party", {"run": is_digest, "count": is_count}),
    "reveal-requested": EntryType("reveal-request", "period", agrees=_names_a_checkpoint),
    "reveal-approved": EntryType("reveal-decision", "period", agrees=_decides("approved")),
    "reveal-refused": EntryType("reveal-decision", "period", agrees=_decides("refused")),
    "reveal-delivered": EntryType("delivery", "period"),
    "reveal-opened": EntryType("opening", "period"),
    "reveal-disputed": EntryType("dispute", "period"),
    # The operator destroyed the period's wrapping key and its segments.
    "period-purged": EntryType("", "period", "optional", {"segments": is_count}),
    # The refused message is named by digest: what it says was never taken.
    "access-denied": EntryType(
        "", "any", "optional",
        {
            "rpc": _is_rpc, "reason": is_id, "detail": _is_fixed_text, "certificate": optional(is_digest),
            "message": optional(is_digest),
        },
    ),
}  # fmt: skip


def type_of(kind: str, body: Mapping[str, Any]) -> str:
    """The entry type of a message by its kind (and decision). Raises VerificationError for a kind without one.

    A card is ``card-admitted``; whoever knows that it replaces other keys names ``key-rotated`` instead.
    """
    if kind == "reveal-decision":
        return "reveal-approved" if body["decision"] == "approved" else "reveal-refused"
    for name, entry_type in ENTRY_TYPES.items():
        if entry_type.kind == kind:
            return name
    raise VerificationError(f"entry: no type carries a message of kind {kind!r}")
