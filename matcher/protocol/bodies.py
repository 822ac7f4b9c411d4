"""What the body of each signed message holds: one table of fields, checked by sender, service and recipient alike.

Bodies stand whole in the audit log, so each field is an id, a count, a digest, a public key or an agreed word.
``check`` refuses a missing, unknown or malformed field. Free text has no place here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from matcher.protocol import canonical
from matcher.protocol.errors import VerificationError

MAX_EVALUATION_BATCH = 4096
EVALUATION_PADDING = 1024
MAX_FINDINGS_PER_REQUEST = 1000
_ID = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_CASE = re.compile(r"[A-Za-z0-9-]{1,64}")
_PERIOD = re.compile(r"\d{4}(-\d{2}|-Q[1-4])?")

Check = Callable[[Any], bool]


def is_id(value: Any) -> bool:
    """A party, person, flow, code, purpose or link kind: lower-case letters, digits, dot and hyphen."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def is_period(value: Any) -> bool:
    """A period's label: 2022, 2022-05 or 2022-Q2."""
    return isinstance(value, str) and _PERIOD.fullmatch(value) is not None


def _case(value: Any) -> bool:
    return isinstance(value, str) and _CASE.fullmatch(value) is not None


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _digest(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def _digest_or_empty(value: Any) -> bool:
    return value == "" or _digest(value)


def _base64(value: Any) -> bool:
    try:
        canonical.unb64(value)
    except VerificationError:
        return False
    return True


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _note(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 8192


def _one_of(*words: str) -> Check:
    return lambda value: value in words


def _list(item: Check, most: int, least: int = 0) -> Check:
    return lambda value: isinstance(value, list) and least <= len(value) <= most and all(map(item, value))


def _object(**fields: Check) -> Check:
    return lambda value: (
        isinstance(value, dict)
        and set(value) == set(fields)
        and all(check(value[name]) for name, check in fields.items())
    )


_FINDING_LIST = _list(_digest, MAX_FINDINGS_PER_REQUEST, 1)

BODIES: dict[str, dict[str, Check]] = {
    # Who a party is: certified by its root, which is also in the agreement. Times in seconds since 1970.
    "card": {
        "party": is_id,
        "root": _base64,
        "encryption_key": _base64,
        "tls_certificate": _note,
        "people": _list(_object(id=is_id, key=_base64), 1000),
        "serial": _count,
        "not_after": _count,
    },
    "agreement": {"agreement": is_id, "version": _count, "matching": _digest},
    # attachment: the group key sealed by HPKE to the recipient's card
    "group-key": {"link": is_id, "group_key_id": _digest, "sealed_sha256": _digest},
    "manifest": {
        "submission": _base64,
        "sequence": _count,
        "previous": _digest_or_empty,
        "rows": _count,
        "rows_root": _digest,
        "link_epoch": _count,
    },
    # attachment: count * 32 bytes, the blinded elements
    "evaluation-request": {
        "link": is_id,
        "epoch": _count,
        "count": _count,
        "elements_sha256": _digest,
        "checkpoint": _note,
    },
    # attachment: count * 32 bytes, the evaluated elements; proof is c | s, 64 bytes
    "evaluation-answer": {
        "request": _digest,
        "link": is_id,
        "epoch": _count,
        "count": _count,
        "elements_sha256": _digest,
        "proof": _base64,
        "total_epoch": _count,
        "total_month": _count,
    },
    "match": {"manifests": _list(_digest, 10_000, 1)},
    # attachment: canonical JSON {"proofs": [{"leaf", "index", "size", "inclusion": [..]}, ..]} in the order of findings
    "reveal-request": {
        "run": _digest,
        "findings": _list(_object(id=_digest, claim=_base64), MAX_FINDINGS_PER_REQUEST, 1),
        "purpose": is_id,
        "case": _case,
        "basis": _list(is_id, 16),
        "checkpoint": _note,
    },
    "reveal-decision": {
        "request": _digest,
        "findings": _FINDING_LIST,
        "decision": _one_of("approved", "refused"),
        "reason": is_id,
        "automatic": _flag,
    },
    # attachment: the HPKE ciphertext
    "delivery": {"request": _digest, "request_index": _count, "finding": _digest, "sealed_sha256": _digest},
    "opening": {"delivery": _digest, "finding": _digest, "payload_digest": _digest, "rule_holds": _flag},
    # an allegation: the payload revealed a row for which no rule holds
    "dispute": {"delivery": _digest, "finding": _digest, "payload_digest": _digest, "reason": is_id},
}


def check(kind: str, body: canonical.Json) -> None:
    """Raise VerificationError unless ``body`` has exactly the fields of ``kind``, each well-formed."""
    if kind not in BODIES:
        raise VerificationError(f"message: kind {kind!r} is not known")
    fields = BODIES[kind]
    if set(body) != set(fields):
        wrong = sorted(set(body) ^ set(fields))
        raise VerificationError(f"message {kind}: fields missing or unknown: {', '.join(wrong)}")
    for name, is_valid in fields.items():
        if not is_valid(body[name]):
            raise VerificationError(f"message {kind}: field {name} is malformed")
