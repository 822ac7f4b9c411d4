"""Suite ``concordat-v1``: framing of bytes, the OPRF input and the keys derived from a record secret.

Follows design section 4. Every label is a constant beside its one use. Nothing here is secret by itself;
callers hold the secrets.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from matcher.protocol.errors import AgreementError

SUITE = "concordat-v1"
TOKEN_SIZE = 16
HANDLE_SIZE = 16
KEY_SIZE = 32
SECRET_SIZE = 64
_SUITE_BYTES = SUITE.encode()
_RECORD_LABEL = b"concordat-v1 record"
_HANDLE_LABEL = b"concordat-v1 handle"
_CLAIM_LABEL = b"concordat-v1 claim"
_GROUP_KEY_ID_LABEL = b"concordat-v1 group key id"
_OPRF_LABEL = b"concordat-v1 oprf"
_DERIVED_SIZE = TOKEN_SIZE + 5 * KEY_SIZE
# Where the derived keys stand in HKDF's output.
TOKEN = slice(0, 16)
COMPARISON = slice(16, 48)
ASKING_ENVELOPE = slice(48, 80)
ANSWERING_ENVELOPE = slice(80, 112)
_REVEAL = slice(112, 144)
_CLAIM = slice(144, 176)
_SHA512 = hashes.SHA512()


def require_suite(name: str) -> None:
    """Raise AgreementError unless ``name`` is the one suite this program speaks."""
    if name != SUITE:
        raise AgreementError(f"suite {name!r} is not known; this program speaks {SUITE!r} only")


def lp(value: bytes | str) -> bytes:
    """Length-prefixed bytes: two-byte big-endian length, then the value (str is UTF-8). At most 65,535 bytes."""
    data = value.encode() if isinstance(value, str) else value
    return len(data).to_bytes(2, "big") + data


def u32(value: int) -> bytes:
    """Four bytes, big-endian."""
    return value.to_bytes(4, "big")


def u64(value: int) -> bytes:
    """Eight bytes, big-endian."""
    return value.to_bytes(8, "big")


def link_prefix(agreement_id: str, link_kind: str) -> bytes:
    """The part of ``link_input`` that is the same for every value of one link kind."""
    return lp(_SUITE_BYTES) + lp(agreement_id) + lp(link_kind)


def link_input(prefix: bytes, link_value: str) -> bytes:
    """The PRF input of one normalised link value; ``prefix`` is from ``link_prefix``."""
    return prefix + lp(link_value)


def oprf_key_info(agreement_id: str, link_kind: str, epoch: int) -> bytes:
    """The ``info`` of RFC 9497 DeriveKeyPair, so no request for one agreement, kind or epoch serves another."""
    return lp(_OPRF_LABEL) + lp(agreement_id) + lp(link_kind) + u32(epoch)


def group_key_id(group_key: bytes) -> bytes:
    """32 bytes that name a group key (mode ``hmac``) without giving it away."""
    return hmac.digest(group_key, lp(_GROUP_KEY_ID_LABEL), "sha512")[:32]


class RecordKeys(NamedTuple):
    """What a record secret gives for one (matching digest, flow, period). Secret, except ``token``."""

    token: bytes
    comparison: bytes
    asking_envelope: bytes
    answering_envelope: bytes
    reveal: bytes
    claim: bytes

    def __repr__(self) -> str:
        return "RecordKeys(<secret>)"


def record_info(matching_digest: bytes, flow: str, period: str) -> bytes:
    """HKDF ``info`` of the derived keys."""
    return lp(_RECORD_LABEL) + matching_digest + lp(flow) + lp(period)


def derived(record_secret: bytes, info: bytes) -> bytes:
    """The six keys of F (64 bytes) as one string of 176 bytes, cut by TOKEN, COMPARISON and so on; ``info`` is from
    ``record_info``. RFC 5869 HKDF-Expand, SHA-512."""
    return HKDFExpand(_SHA512, _DERIVED_SIZE, info).derive(record_secret)


def record_keys(record_secret: bytes, info: bytes) -> RecordKeys:
    """The six keys of F, apart."""
    okm = derived(record_secret, info)
    places = (TOKEN, COMPARISON, ASKING_ENVELOPE, ANSWERING_ENVELOPE, _REVEAL, _CLAIM)
    return RecordKeys(*(okm[place] for place in places))


def handle_prefix(matching_digest: bytes, flow: str, period: str) -> bytes:
    """The part of the handle's input that is the same for one flow and period."""
    return lp(_HANDLE_LABEL) + matching_digest + lp(flow) + lp(period)


def handle(handle_key: bytes, prefix: bytes, vault_row_id: str, link_value: str) -> bytes:
    """The opaque 16-byte id of one row of one agency, fresh for each flow and period."""
    return hmac.digest(handle_key, prefix + lp(vault_row_id) + lp(link_value), "sha256")[:HANDLE_SIZE]


def claim(claim_key: bytes, finding_id: bytes, asking: str, answering: str) -> bytes:
    """Proof, 32 bytes, that the asking side holds the link value of a finding (design section 5, step 1)."""
    return hmac.digest(claim_key, lp(_CLAIM_LABEL) + finding_id + lp(asking) + lp(answering), "sha256")


def sha256(data: bytes) -> bytes:
    """SHA-256 of ``data``."""
    return hashlib.sha256(data).digest()
