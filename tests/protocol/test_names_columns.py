"""Many pairs at once get the verdicts that ``compare`` gives one by one: on names, and on any symbols whatever.

The second kind is encodings that no name gives: a few symbols only, so that brands repeat, trades are reordered and
parts lie one edit apart far more often than in names.
"""

from __future__ import annotations

import hashlib
import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.protocol import names
from matcher.protocol.errors import VerificationError
from matcher.protocol.names.blind import HEAD
from matcher.protocol.names.parts import CAPS
from tests.protocol.test_names_blind import NAMES, near_pairs
from tests.protocol.test_names_verdict import HARMLESS, REAL

_PARTS = st.tuples(*(st.lists(st.integers(0, 3), max_size=min(cap, 6)) for cap in CAPS))


def _one_by_one(left: list[bytes], right: list[bytes]) -> list[str | None]:
    found: list[str | None] = []
    for one, other in zip(left, right, strict=True):
        try:
            found.append(names.compare(one, other))
        except VerificationError:
            found.append(None)
    return found


def _encoding(parts: tuple[list[int], ...]) -> bytes:
    symbols = b"".join(
        struct.pack(f"={len(part)}I", *part).ljust(4 * cap, b"\0") for part, cap in zip(parts, CAPS, strict=True)
    )
    return bytes((0, *map(len, parts))).ljust(HEAD, b"\0") + symbols


@st.composite
def _near_symbols(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Two encodings that differ in at most three parts, one of which may be an edit away."""
    one = draw(_PARTS)
    other = list(one)
    for place in draw(st.lists(st.sampled_from(range(len(CAPS))), max_size=3)):
        part = list(other[place])
        if part and draw(st.booleans()):
            part[draw(st.integers(0, len(part) - 1))] = draw(st.integers(0, 3))
            other[place] = draw(st.permutations(part)) if draw(st.booleans()) else part
        else:
            other[place] = draw(st.lists(st.integers(0, 3), max_size=min(CAPS[place], 6)))
    return _encoding(one), _encoding(tuple(other))


@settings(max_examples=60, deadline=None)
@given(st.lists(near_pairs() | st.tuples(NAMES, NAMES), min_size=1, max_size=20), st.binary(min_size=32, max_size=32))
def test_names_get_the_verdict_they_get_alone(pairs: list[tuple[str, str]], key: bytes) -> None:
    left, right = ([names.encode(key, pair[side]) for pair in pairs] for side in (0, 1))
    assert names.compare_columns(left, right) == _one_by_one(left, right)


@settings(max_examples=200, deadline=None)
@given(st.lists(_near_symbols(), min_size=1, max_size=20))
def test_any_symbols_get_the_verdict_they_get_alone(pairs: list[tuple[bytes, bytes]]) -> None:
    left, right = ([pair[side] for pair in pairs] for side in (0, 1))
    assert names.compare_columns(left, right) == _one_by_one(left, right)


@settings(max_examples=150, deadline=None)
@given(near_pairs(), st.integers(0, names.WIDTH - 1), st.integers(1, 255))
def test_a_changed_byte_is_malformed_or_decided_alike(pair: tuple[str, str], place: int, change: int) -> None:
    left, right = (names.encode(hashlib.sha256(b"key").digest(), name) for name in pair)
    changed = bytearray(left)
    changed[place] ^= change
    mutations = [bytes(changed), left, right], [right, bytes(changed), bytes(changed)]
    assert names.compare_columns(*mutations) == _one_by_one(*mutations)


def test_every_kind_of_pair_and_more_than_a_batch() -> None:
    pairs = HARMLESS + REAL
    keys = [hashlib.sha256(bytes([number])).digest() for number in range(len(pairs))]
    left = [names.encode(key, pair[0]) for key, pair in zip(keys, pairs, strict=True)]
    right = [names.encode(key, pair[1]) for key, pair in zip(keys, pairs, strict=True)]
    times = 8192 // len(pairs) + 2
    assert names.compare_columns(left * times, right * times) == [verdict for _, _, verdict in pairs] * times
    assert names.compare_columns(right, left) == [verdict for _, _, verdict in pairs]
    assert names.compare_columns([], []) == []
