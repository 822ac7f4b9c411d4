"""Opening envelopes by whole columns: by the native crate where it is installed, else one by one.

Both give the same (tests/service/test_opening.py). What is opened lives in memory for one batch of pairs.
"""

from __future__ import annotations

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import native
from matcher.protocol import rows
from matcher.protocol.comparing import Mask, Matrix


def open_envelopes(
    prefix: bytes, keys: Matrix, nonces: Matrix, sealed: Matrix, tokens: Matrix, handles: Matrix
) -> tuple[Matrix, Mask]:
    """(vectors, which of them opened) of rows of one party; ``prefix`` is rows.row_aad_prefix of it.

    Zeros stand for a vector that did not open.
    """
    count, width = len(keys), sealed.shape[1] - rows.TAG_SIZE
    columns = [column.tobytes() for column in (keys, nonces, sealed, tokens, handles)]
    crate = native.module()
    if crate is not None:
        vectors, opened = crate.open_sealed(*columns[:3], prefix, *columns[3:])
    else:
        vectors, opened = _one_by_one(prefix, columns, sealed.shape[1])
    return np.frombuffer(vectors, np.uint8).reshape(count, width), np.frombuffer(opened, np.bool_)


def _one_by_one(prefix: bytes, columns: list[bytes], sealed_size: int) -> tuple[bytes, bytes]:
    widths = (32, rows.NONCE_SIZE, sealed_size, 16, 16)
    parts = [native.split(column, width) for column, width in zip(columns, widths, strict=True)]
    nothing, vectors, opened = bytes(sealed_size - rows.TAG_SIZE), [], bytearray()
    for key, nonce, sealed, token, handle in zip(*parts, strict=True):
        try:
            vectors.append(AESGCM(key).decrypt(nonce, sealed, rows.row_aad(prefix, token, handle)))
            opened.append(1)
        except InvalidTag:
            vectors.append(nothing)
            opened.append(0)
    return b"".join(vectors), bytes(opened)
