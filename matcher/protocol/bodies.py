"""What the body of each signed message holds: one table of fields, checked by sender, service and recipient alike.

Bodies stand whole in the audit log, so each field is an id, a count, a digest, a public key or an agreed word.
``check`` refuses a missing, unknown or malformed field. Free text has no place here.

Lists are bounded so that the largest lawful body, as a log entry, fits the 65,535 bytes that C2SP tlog-tiles gives one.
"""

from __future__ import annotations

from matcher.protocol import canonical
from matcher.protocol.checks import (
    Check,
    base64_of,
    is_case,
    is_count,
    is_digest,
    is_flag,
    is_id,
    is_note,
    is_period,
    list_of,
    object_of,
    one_of,
    optional,
)
from matcher.protocol.errors import VerificationError

__all__ = [
    "BODIES",
    "EVALUATION_PADDING",
    "MAX_EVALUATION_BATCH",
    "MAX_FINDINGS_PER_REQUEST",
    "MAX_MANIFESTS_PER_RUN",
    "MAX_PEOPLE",
    "check",
    "is_id",
    "is_period",
]

MAX_EVALUATION_BATCH = 4096
EVALUATION_PADDING = 1024
MAX_FINDINGS_PER_REQUEST = 256
MAX_MANIFESTS_PER_RUN = 320  # each stands twice in the run's entry: as asked for, and as matched
MAX_PEOPLE = 200
_FINDING_LIST = list_of(is_digest, MAX_FINDINGS_PER_REQUEST, 1)

BODIES: dict[str, dict[str, Check]] = {
    # Who a party is: certified by its root, which is also in the agreement. Times in seconds since 1970.
    "card": {
        "party": is_id,
        "root": base64_of(32),
        "encryption_key": base64_of(1216),
        "tls_certificate": is_note,
        "people": list_of(object_of(id=is_id, key=base64_of(32)), MAX_PEOPLE),
        "serial": is_count,
        "not_after": is_count,
    },
    "agreement": {"agreement": is_id, "version": is_count, "matching": is_digest},
    # attachment: the group key sealed by HPKE to the recipient's card
    "group-key": {"link": is_id, "group_key_id": is_digest, "sealed_sha256": is_digest},
    "manifest": {
        "submission": base64_of(32),
        "sequence": is_count,
        "previous": optional(is_digest),
        "rows": is_count,
        "rows_root": is_digest,
        "link_epoch": is_count,
    },
    # attachment: count * 32 bytes, the blinded elements
    "evaluation-request": {
        "link": is_id,
        "epoch": is_count,
        "count": is_count,
        "elements_sha256": is_digest,
        "checkpoint": is_note,
    },
    # attachment: count * 32 bytes, the evaluated elements; proof is c | s, 64 bytes
    "evaluation-answer": {
        "request": is_digest,
        "link": is_id,
        "epoch": is_count,
        "count": is_count,
        "elements_sha256": is_digest,
        "proof": base64_of(64),
        "total_epoch": is_count,
        "total_month": is_count,
    },
    # the holder's agent evaluates nothing; reason is the name of the check that refused (docs/gate.md)
    "evaluation-refusal": {
        "request": is_digest,
        "link": is_id,
        "epoch": is_count,
        "count": is_count,
        "reason": is_id,
    },
    "match": {"manifests": list_of(is_digest, MAX_MANIFESTS_PER_RUN, 1)},
    # attachment: canonical JSON {"proofs": [{"leaf", "index", "size", "inclusion": [..]}, ..]} in the order of findings
    "reveal-request": {
        "run": is_digest,
        "findings": list_of(object_of(id=is_digest, claim=base64_of(32)), MAX_FINDINGS_PER_REQUEST, 1),
        "purpose": is_id,
        "case": is_case,
        "basis": list_of(is_id, 16),
        "checkpoint": is_note,
    },
    "reveal-decision": {
        "request": is_digest,
        "findings": _FINDING_LIST,
        "decision": one_of("approved", "refused"),
        "reason": is_id,
        "automatic": is_flag,
    },
    # attachment: the HPKE ciphertext
    "delivery": {"request": is_digest, "request_index": is_count, "finding": is_digest, "sealed_sha256": is_digest},
    "opening": {"delivery": is_digest, "finding": is_digest, "payload_digest": is_digest, "rule_holds": is_flag},
    # an allegation: the payload revealed a row for which no rule holds
    "dispute": {"delivery": is_digest, "finding": is_digest, "payload_digest": is_digest, "reason": is_id},
}


def check(kind: str, body: canonical.Json) -> None:
    """Raise VerificationError unless ``body`` has exactly the fields of ``kind``, each well-formed."""
    if kind not in BODIES:
        raise VerificationError(f"message: kind {kind!r} is not known")
    fields = BODIES[kind]
    if body.keys() != fields.keys():
        wrong = sorted(set(body) ^ set(fields))
        raise VerificationError(f"message {kind}: fields missing or unknown: {', '.join(wrong)}")
    for name, is_valid in fields.items():
        if not is_valid(body[name]):
            raise VerificationError(f"message {kind}: field {name} is malformed")
