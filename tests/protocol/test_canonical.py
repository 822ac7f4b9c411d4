"""Canonical JSON: one spelling, and every other one refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.protocol import canonical
from matcher.protocol.errors import VerificationError

_scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8"))
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
)


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), _values, max_size=6))
def test_round_trip(value: dict[str, object]) -> None:
    assert canonical.decode(canonical.encode(value)) == value


@pytest.mark.parametrize(
    "data",
    [
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":1e2}',
        b'{"a":NaN}',
        b'{"a":9007199254740992}',
        b'{"a":"\\u0041"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff"}',
        b"[1]",
        b"",
        b'{"a":1}\n',
        b"\xef\xbb\xbf{}",
        b'{"a":' + b"[" * 100_000,
    ],
)
def test_other_spellings_are_refused(data: bytes) -> None:
    with pytest.raises(VerificationError):
        canonical.decode(data)


def test_floats_and_odd_keys_are_refused() -> None:
    for value in ({"a": 0.5}, {1: "a"}, {"a": b"bytes"}, {"a": {"b": {3}}}):
        with pytest.raises(VerificationError):
            canonical.encode(value)


@given(st.binary(max_size=40))
def test_base64_round_trip(data: bytes) -> None:
    assert canonical.unb64(canonical.b64(data), len(data)) == data


@pytest.mark.parametrize("text", ["QQ", "QR==", "Q Q=", "QQ==\n", 5, None, "工"])
def test_base64_is_canonical(text: object) -> None:
    with pytest.raises(VerificationError):
        canonical.unb64(text)


@pytest.mark.parametrize("text", ["AB" * 32, "ab" * 31, "0x" + "ab" * 31, " " * 64, 7])
def test_hex_is_canonical(text: object) -> None:
    with pytest.raises(VerificationError):
        canonical.unhex(text, 32)


def test_encoding_is_what_json_reads() -> None:
    assert json.loads(canonical.encode({"项目": ["一", 1, True, None]})) == {"项目": ["一", 1, True, None]}
