"""The signed message: what every party sends to another, relayed or not (design section 4).

The signature covers a fixed header and the digest of the body. Bodies are canonical JSON holding ids, counts,
digests and stated purposes only, so the audit log can carry them whole; bulk bytes (evaluated elements, sealed
payloads, findings' proofs) travel beside as an attachment that the body pins by digest or that proves itself.

Left to others: signing (keys/), the meaning of each body (bodies.py), storage and sequence numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from matcher.protocol import canonical, ed25519
from matcher.protocol.errors import VerificationError
from matcher.protocol.suite import lp, sha256, u64

_MESSAGE_LABEL = b"concordat-v1 message"
_PERSON_LABEL = b"concordat-v1 person"
NO_AGREEMENT = bytes(32)

KINDS = frozenset(
    {
        "card",
        "agreement",
        "group-key",
        "manifest",
        "evaluation-request",
        "evaluation-answer",
        "evaluation-refusal",
        "match",
        "reveal-request",
        "reveal-decision",
        "delivery",
        "opening",
        "dispute",
    }
)


@dataclass(frozen=True, slots=True)
class SignedMessage:
    """One message. ``agreement`` is the agreement digest (32 bytes, zero where a kind has none); ``sequence`` counts
    per (sender, recipient); ``expiry`` is in seconds since 1970 (0: none); ``person`` may be empty."""

    kind: str
    agreement: bytes
    flow: str
    period: str
    sender: str
    recipient: str
    sequence: int
    expiry: int
    body: bytes
    signature: bytes
    person: str = ""
    person_signature: bytes = b""

    def signed_bytes(self) -> bytes:
        """What the party's Ed25519 signature covers."""
        return signed_bytes(
            self.kind, self.agreement, self.flow, self.period, self.sender, self.recipient, self.sequence,
            self.expiry, self.body,
        )  # fmt: skip

    def digest(self) -> bytes:
        """SHA-256 of the signed bytes: the message's name."""
        return sha256(self.signed_bytes())

    def content(self) -> canonical.Json:
        """The body as a value. Raises VerificationError if it is not canonical."""
        return canonical.decode(self.body)


def signed_bytes(
    kind: str, agreement: bytes, flow: str, period: str, sender: str, recipient: str, sequence: int, expiry: int,
    body: bytes,
) -> bytes:  # fmt: skip
    """The bytes to sign, from a message's parts. Raises VerificationError for an unknown kind or a bad digest."""
    if kind not in KINDS or len(agreement) != 32 or sequence < 0 or expiry < 0:
        raise VerificationError(f"message: header of kind {kind!r} is malformed")
    return (
        lp(_MESSAGE_LABEL) + lp(kind) + agreement + lp(flow) + lp(period) + lp(sender) + lp(recipient)
        + u64(sequence) + u64(expiry) + sha256(body)
    )  # fmt: skip


def person_bytes(message_digest: bytes, person: str) -> bytes:
    """What a person's Ed25519 signature covers: the message's digest, under the person's own label."""
    return lp(_PERSON_LABEL) + lp(person) + message_digest


def verify(message: SignedMessage, root: bytes, person_key: bytes | None = None) -> None:
    """Check the party's signature against its root (32 bytes), and the person's when ``person_key`` is given.

    Raises VerificationError. A message that names a person must be checked with that person's key.
    """
    ed25519.verify(root, message.signature, message.signed_bytes(), f"message: signature of {message.sender}")
    if message.person:
        if person_key is None:
            raise VerificationError(f"message: no key is known for person {message.person!r}")
        ed25519.verify(
            person_key, message.person_signature, person_bytes(message.digest(), message.person),
            f"message: signature of person {message.person}",
        )  # fmt: skip


def to_json(message: SignedMessage) -> canonical.Json:
    """The message as a JSON value, for files and log entries."""
    value: canonical.Json = {
        "kind": message.kind,
        "agreement": message.agreement.hex(),
        "flow": message.flow,
        "period": message.period,
        "sender": message.sender,
        "recipient": message.recipient,
        "sequence": message.sequence,
        "expiry": message.expiry,
        "body": message.content(),
        "signature": canonical.b64(message.signature),
    }
    if message.person:
        value["person"] = message.person
        value["person_signature"] = canonical.b64(message.person_signature)
    return value


_FIELDS = frozenset(
    ("kind", "agreement", "flow", "period", "sender", "recipient", "sequence", "expiry", "body", "signature")
)
_PERSON_FIELDS = frozenset(("person", "person_signature"))


def from_json(value: Any, encode: Callable[[Any], bytes] = canonical.encode) -> SignedMessage:
    """The message from its JSON value. Raises VerificationError for a missing, unknown or malformed field.

    ``encode`` gives the body's bytes: ``canonical.encode_decoded`` will do for what ``canonical.decode`` gave.
    """
    if not isinstance(value, dict) or not _FIELDS <= set(value) <= _FIELDS | _PERSON_FIELDS:
        raise VerificationError("message: a field is missing or unknown")
    for name in ("kind", "flow", "period", "sender", "recipient"):
        if not isinstance(value[name], str):
            raise VerificationError(f"message: field {name} is not text")
    for name in ("sequence", "expiry"):
        if isinstance(value[name], bool) or not isinstance(value[name], int) or value[name] < 0:
            raise VerificationError(f"message: field {name} is not a number")
    person = value.get("person", "")
    if not isinstance(person, str) or (person == "") != ("person_signature" not in value):
        raise VerificationError("message: person and person_signature go together")
    return SignedMessage(
        kind=value["kind"],
        agreement=canonical.unhex(value["agreement"], 32),
        flow=value["flow"],
        period=value["period"],
        sender=value["sender"],
        recipient=value["recipient"],
        sequence=value["sequence"],
        expiry=value["expiry"],
        body=encode(value["body"]),
        signature=canonical.unb64(value["signature"], ed25519.SIGNATURE_SIZE),
        person=person,
        person_signature=canonical.unb64(value["person_signature"], ed25519.SIGNATURE_SIZE) if person else b"",
    )
