"""The payload of one reveal, sealed twice (design section 4, "Reveal").

Plain: salt (32) | leaf hash of the row as matched (32) | lp(fields as canonical JSON) | zeros up to a multiple of
1,024, so that its length tells nothing. Fields: ``{"columns": {column: text}, "values": {field: value}}``.

Inner seal: nonce (12) | AES-256-GCM under the record's reveal key, so it opens only for a party that really holds this
link value. Outer seal: HPKE to the asking party's card. Both bind agreement, finding, log index of the request and the
two parties.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import hpke
from keys.agency import AgencyKeys
from keys.errors import ReceivedError
from matcher.protocol import canonical
from matcher.protocol.errors import InputError, VerificationError
from matcher.protocol.suite import lp, sha256, u64

_REVEAL_LABEL = b"concordat-v1 reveal"
SALT_SIZE = 32
LEAF_SIZE = 32
BLOCK = 1024
_NONCE_SIZE = 12
_HEAD = SALT_SIZE + LEAF_SIZE


@dataclass(frozen=True, slots=True)
class Payload:
    """What one reveal shows. ``columns`` maps agreed columns to text; ``values`` comparison fields to values."""

    leaf: bytes
    columns: Mapping[str, str]
    values: Mapping[str, int | str | None]

    def __repr__(self) -> str:
        return f"Payload(<{len(self.columns)} columns>)"


def reveal_info(agreement_digest: bytes, finding_id: bytes, request_index: int, answering: str, asking: str) -> bytes:
    """HPKE ``info`` of a reveal, and the associated data of its inner seal."""
    return (
        lp(_REVEAL_LABEL) + agreement_digest + finding_id + u64(request_index) + lp(answering) + lp(asking)
    )  # fmt: skip


def encode(payload: Payload) -> bytes:
    """The padded plain bytes, with a fresh salt. Raises InputError when the fields are longer than 65,535 bytes."""
    fields = canonical.encode({"columns": dict(payload.columns), "values": dict(payload.values)})
    if len(fields) > 0xFFFF:
        raise InputError("the agreed fields of this row are too long to be revealed")
    plain = os.urandom(SALT_SIZE) + payload.leaf + lp(fields)
    return plain + bytes(-len(plain) % BLOCK)


def decode(plain: bytes) -> Payload:
    """The payload in ``plain``. Raises VerificationError for any other form than ``encode`` writes."""
    if len(plain) < _HEAD + 2 or len(plain) % BLOCK:
        raise VerificationError("payload: wrong length")
    size = int.from_bytes(plain[_HEAD : _HEAD + 2], "big")
    end = _HEAD + 2 + size
    if end > len(plain) or any(plain[end:]) or len(plain) != end + (-end % BLOCK):
        raise VerificationError("payload: wrong padding")
    value = canonical.decode(plain[_HEAD + 2 : end])
    if set(value) != {"columns", "values"}:
        raise VerificationError("payload: fields missing or unknown")
    return Payload(plain[SALT_SIZE:_HEAD], _mapping(value["columns"], str), _mapping(value["values"], str, int))


def _mapping(value: Any, *types: type) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise VerificationError("payload: an object was expected")
    for item in value.values():
        if isinstance(item, bool) or not (isinstance(item, types) or (item is None and int in types)):
            raise VerificationError("payload: a value is of the wrong type")
    return value


def seal(plain: bytes, reveal_key: bytes, encryption_key: bytes, info: bytes) -> bytes:
    """``plain`` sealed under the record's reveal key, then to the asking party's card."""
    nonce = os.urandom(_NONCE_SIZE)
    inner = nonce + AESGCM(reveal_key).encrypt(nonce, plain, info)
    return hpke.seal(encryption_key, inner, info)


def open_sealed(sealed: bytes, reveal_key: bytes, keys: AgencyKeys, info: bytes) -> bytes:
    """The plain bytes of a sealed payload. Raises VerificationError when either layer does not open."""
    try:
        inner = keys.open_sealed(sealed, info)
    except ReceivedError as error:
        raise VerificationError("payload: it was not sealed to this party for this finding") from error
    try:
        return AESGCM(reveal_key).decrypt(inner[:_NONCE_SIZE], inner[_NONCE_SIZE:], info)
    except (InvalidTag, ValueError) as error:
        raise VerificationError("payload: its sender does not hold this record's link value") from error


def digest(plain: bytes) -> bytes:
    """What an opening or a dispute puts in the log: SHA-256 of the payload, which starts with its salt."""
    return sha256(plain)
