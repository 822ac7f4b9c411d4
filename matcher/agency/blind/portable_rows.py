"""Rows of many records, in Python over OpenSSL: the reference that native_rows.py equals bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from matcher.agency.blind.context import Context
from matcher.protocol import rows, suite
from matcher.protocol.merkle import leaf_hash

_PUT = bytes((rows.PUT,))


def make(
    context: Context,
    handles: Sequence[bytes],
    secrets: Sequence[bytes],
    columns: Sequence[Sequence[Any]],
    nonces: bytes,
) -> tuple[list[bytes], list[bytes]]:  # fmt: skip
    """(rows as sent, their leaf hashes), in the order of ``handles`` (16 bytes each).

    ``secrets`` are F, 64 bytes; ``columns`` the fields' normalised values; ``nonces`` 12 fresh bytes for each record.
    """
    # The side's own envelope key seals the vector; the other one travels in the row.
    own, other = suite.ANSWERING_ENVELOPE, suite.ASKING_ENVELOPE
    if context.setup.side == "asking":
        own, other = other, own
    keys = [suite.derived(secret, context.record_info) for secret in secrets]
    vectors = context.layout.encode_columns([key[suite.COMPARISON] for key in keys], columns)
    packed = []
    for number, (handle, key, vector) in enumerate(zip(handles, keys, vectors, strict=True)):
        nonce = nonces[number * rows.NONCE_SIZE : (number + 1) * rows.NONCE_SIZE]
        place = key[suite.TOKEN] + handle
        sealed = AESGCM(key[own]).encrypt(nonce, vector, context.row_aad + place)
        packed.append(_PUT + place + key[other] + nonce + sealed)
    return packed, list(map(leaf_hash, packed))
