"""Rows of many records, in Python over OpenSSL: the reference that the native crate's rows equal bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from matcher.protocol import rows, suite
from matcher.protocol.agreement.model import Side
from matcher.protocol.merkle import leaf_hash
from matcher.protocol.vector import VectorLayout

_PUT = bytes((rows.PUT,))


def make(
    layout: VectorLayout, side: Side, record_info: bytes, row_aad: bytes, handles: Sequence[bytes],
    secrets: Sequence[bytes], columns: Sequence[Sequence[Any]], nonces: bytes,
) -> tuple[list[bytes], list[bytes]]:  # fmt: skip
    """(rows as sent, their leaf hashes), in the order of ``handles`` (16 bytes each).

    ``record_info`` is suite.record_info, ``row_aad`` rows.row_aad_prefix. ``secrets`` are F, 64 bytes; ``columns`` the
    fields' normalised values; ``nonces`` 12 fresh bytes for each record.
    """
    # The side's own envelope key seals the vector; the other one travels in the row.
    own, other = suite.ANSWERING_ENVELOPE, suite.ASKING_ENVELOPE
    if side == "asking":
        own, other = other, own
    keys = [suite.derived(secret, record_info) for secret in secrets]
    vectors = layout.encode_columns([key[suite.COMPARISON] for key in keys], columns)
    packed = []
    for number, (handle, key, vector) in enumerate(zip(handles, keys, vectors, strict=True)):
        nonce = nonces[number * rows.NONCE_SIZE : (number + 1) * rows.NONCE_SIZE]
        place = key[suite.TOKEN] + handle
        sealed = AESGCM(key[own]).encrypt(nonce, vector, row_aad + place)
        packed.append(_PUT + place + key[other] + nonce + sealed)
    return packed, list(map(leaf_hash, packed))
