"""Envelopes opened and rows hashed by the crate, against the portable way."""

from __future__ import annotations

import os
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import hashing
from keys import native as backend
from tests.native.columns import native

crate = native()
_PREFIX = b"what binds all of them"


def _sealed(count: int, width: int) -> tuple[dict[str, bytes], list[bytes]]:
    """The arguments of ``open_sealed``, and what is inside."""
    columns: dict[str, list[bytes]] = {name: [] for name in ("keys", "nonces", "sealed", "tokens", "handles")}
    inside = []
    for _ in range(count):
        key, nonce, token, handle, vector = (os.urandom(size) for size in (32, 12, 16, 16, width))
        sealed = AESGCM(key).encrypt(nonce, vector, _PREFIX + token + handle)
        for column, value in zip(columns.values(), (key, nonce, sealed, token, handle), strict=True):
            column.append(value)
        inside.append(vector)
    return {name: b"".join(values) for name, values in columns.items()}, inside


def _open(columns: dict[str, bytes], **options: Any) -> tuple[bytes, bytes]:
    keys, nonces, sealed, tokens, handles = columns.values()
    opened: tuple[bytes, bytes] = crate.open_sealed(keys, nonces, sealed, _PREFIX, tokens, handles, **options)
    return opened


@pytest.mark.parametrize("width", [1, 15, 16, 274])
@pytest.mark.parametrize("count", [1, 2, 100])
@pytest.mark.parametrize("threads", [None, 1])
def test_every_envelope_is_opened(width: int, count: int, threads: int | None) -> None:
    columns, inside = _sealed(count, width)
    assert _open(columns, threads=threads) == (b"".join(inside), b"\x01" * count)


@pytest.mark.parametrize("column", ["keys", "nonces", "sealed", "tokens", "handles"])
def test_one_that_does_not_open_is_named_and_is_zeros(column: str) -> None:
    columns, inside = _sealed(5, 40)
    size = len(columns[column]) // 5
    for place in (2 * size, 3 * size - 1):
        changed = bytearray(columns[column])
        changed[place] ^= 1
        vectors, opened = _open({**columns, column: bytes(changed)})
        assert opened == b"\x01\x01\x00\x01\x01"
        assert vectors == b"".join([*inside[:2], bytes(40), *inside[3:]])


def test_another_prefix_opens_nothing() -> None:
    columns, _inside = _sealed(3, 8)
    keys, nonces, sealed, tokens, handles = columns.values()
    assert crate.open_sealed(keys, nonces, sealed, b"another", tokens, handles) == (bytes(24), bytes(3))


def test_no_envelopes_are_no_vectors() -> None:
    assert crate.open_sealed(b"", b"", b"", _PREFIX, b"", b"") == (b"", b"")


@pytest.mark.parametrize("column", ["keys", "nonces", "sealed", "tokens", "handles"])
def test_columns_of_another_length_are_refused(column: str) -> None:
    columns, _inside = _sealed(3, 8)
    for changed in (columns[column][:-1], columns[column] + b"\0", b""):
        with pytest.raises(crate.RejectedError) as refused:
            _open({**columns, column: changed})
        assert refused.value.args[1] is None


@pytest.mark.parametrize("size", [1, 55, 64, 300])
@pytest.mark.parametrize("prefix", [b"", b"\x00", b"p" * 63, b"p" * 130])
def test_rows_are_hashed_behind_their_prefix(size: int, prefix: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = os.urandom(70 * size)
    expected = b"".join(sha256(prefix + rows[start : start + size]).digest() for start in range(0, len(rows), size))
    assert crate.sha256_each(prefix, rows, size) == expected
    assert hashing.each(prefix, rows, size) == expected
    monkeypatch.setattr(backend, "module", lambda: None)
    assert hashing.each(prefix, rows, size) == expected
    assert hashing.each(prefix, b"", size) == b""


def test_rows_that_are_cut_are_refused() -> None:
    for size in (0, 2, 4):
        with pytest.raises(crate.RejectedError):
            crate.sha256_each(b"", b"abc", size)
