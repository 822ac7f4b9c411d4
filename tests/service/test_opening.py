"""Gathering rows by position, and opening envelopes by columns: the crate's way and the portable one give the same."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from matcher.protocol import rows
from matcher.protocol.errors import VerificationError
from matcher.service.match.gathering import Reader
from matcher.service.match.opening import open_envelopes


@pytest.mark.usefixtures("backend")
@pytest.mark.parametrize("count", [0, 1, 50])
def test_what_opens_is_given_and_what_does_not_is_zeros(count: int) -> None:
    prefix, width = b"prefix", 27
    columns = [[os.urandom(size) for _ in range(count)] for size in (32, 12, width, 16, 16)]
    sealed = [
        AESGCM(key).encrypt(nonce, vector, rows.row_aad(prefix, token, handle))
        for key, nonce, vector, token, handle in zip(*columns, strict=True)
    ]
    keys, nonces, vectors, tokens, handles = columns
    broken = set(range(0, count, 7))
    given_keys = [os.urandom(32) if place in broken else key for place, key in enumerate(keys)]
    made, opened = open_envelopes(
        prefix, *map(_matrix, (given_keys, nonces, sealed, tokens, handles), (32, 12, width + 16, 16, 16))
    )
    assert opened.tolist() == [place not in broken for place in range(count)]
    expected = [bytes(width) if place in broken else vector for place, vector in enumerate(vectors)]
    assert [row.tobytes() for row in made] == expected


def _matrix(values: list[bytes], width: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, width)


def _batches(sizes: list[int]) -> Iterator[pa.RecordBatch]:
    """Row n holds n, as two bytes and as three; each batch is a slice of a larger one, as readers may give them."""
    first = 0
    for size in sizes:
        numbers = range(max(0, first - 1), first + size)
        columns = [pa.array([n.to_bytes(width, "big") for n in numbers], pa.binary(width)) for width in (2, 3)]
        yield pa.RecordBatch.from_arrays(columns, names=["two", "three"]).slice(len(numbers) - size, size)
        first += size


_wanted = st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=9), min_size=1, max_size=6)


@given(sizes=st.lists(st.integers(0, 9), min_size=1, max_size=8), steps=_wanted)
def test_rows_are_gathered_from_any_row_groups(sizes: list[int], steps: list[list[int]]) -> None:
    reader, first, count = Reader(_batches(sizes), ("two", "three")), 0, sum(sizes)
    for step in steps:
        positions = [first + offset for offset in step]
        if max(positions) >= count:
            with pytest.raises(VerificationError, match="ends before"):
                reader.rows(np.array(positions))
            return
        two, three = reader.rows(np.array(positions))
        assert [int.from_bytes(row.tobytes(), "big") for row in two] == positions
        assert [int.from_bytes(row.tobytes(), "big") for row in three] == positions
        first = max(positions) + 1
