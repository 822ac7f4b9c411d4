"""Canonical JSON: one spelling, and every other one refused."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.protocol import canonical, checks
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


def _both(data: bytes) -> tuple[object, object]:
    """(what ``decode`` gives, what the standard library alone gives): a value, or why it is refused."""
    answers: list[object] = []
    for decode in (canonical.decode, canonical._decode):
        try:
            answers.append(decode(data))
        except VerificationError as error:
            answers.append(str(error))
    return answers[0], answers[1]


def _require_alike(data: bytes) -> None:
    found, expected = _both(data)
    assert found == expected
    assert repr(found) == repr(expected)  # True is not 1, nor is 1.0


_any_numbers = st.integers(-(2**70), 2**70) | st.floats() | st.integers(2**53 - 3, 2**53 + 3)
_any_values = st.recursive(
    _scalars | _any_numbers | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
)


@given(
    st.dictionaries(st.text(max_size=5), _any_values, max_size=6),
    st.booleans(),
    st.booleans(),
    st.sampled_from([(",", ":"), (", ", ": "), (",", ": ")]),
)
def test_the_quick_way_is_the_standard_library_s(
    value: dict[str, object], ascii_only: bool, in_order: bool, separators: tuple[str, str]
) -> None:
    """Floats, large integers, lone surrogates, escapes, spaces and members out of order among them."""
    text = json.dumps(value, ensure_ascii=ascii_only, sort_keys=in_order, separators=separators)
    _require_alike(text.encode(errors="surrogatepass"))


@settings(max_examples=300)
@given(st.dictionaries(st.text(max_size=5), _values, min_size=1, max_size=4), st.data())
def test_a_changed_byte_is_judged_alike(value: dict[str, object], data: st.DataObject) -> None:
    changed = bytearray(canonical.encode(value))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(changed) - 1))
        kind = data.draw(st.sampled_from(["put", "insert", "drop", "repeat"]))
        byte = data.draw(st.sampled_from(list(b'{}[],:"\\0123456789-+.eEtrufalsn \n\x00\x7f\xed\xff')))
        if kind == "put":
            changed[place] = byte
        elif kind == "insert":
            changed.insert(place, byte)
        elif kind == "repeat":
            changed[place:place] = changed[: data.draw(st.integers(0, len(changed)))]
        elif len(changed) > 1:
            del changed[place]
    _require_alike(bytes(changed))


@given(st.binary(max_size=60))
def test_any_bytes_are_judged_alike(data: bytes) -> None:
    _require_alike(data)


@pytest.mark.parametrize("code", [*range(0x20), 0x22, 0x2F, 0x5C, 0x7F, 0x80, 0x9F, 0x2028, 0xFEFF, 0xFFFF, 0x10000])
def test_every_escape_is_spelled_alike(code: int) -> None:
    data = canonical.encode({"a": chr(code), chr(code): "b"})
    assert canonical.encode_decoded(canonical.decode(data)) == data
    _require_alike(data)
    for spelling in (f"\\u{code:04x}", f"\\u{code:04X}", chr(code)):
        _require_alike(f'{{"a":"{spelling}"}}'.encode())


def test_members_go_by_code_point() -> None:
    """Not by UTF-16 unit, where U+10000 would come before U+FFFF."""
    data = '{"\uffff":1,"\U00010000":2}'.encode()
    assert canonical.encode(canonical.decode(data)) == canonical.encode_decoded(canonical.decode(data)) == data


@pytest.mark.parametrize("depth", [6, 7, 8, 9, 10, 50, 900, 2_000, 30_000])
@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"a":', "}")])
def test_depth_is_judged_alike(depth: int, opens: str, closes: str) -> None:
    _require_alike(f'{{"a":{opens * depth}1{closes * depth}}}'.encode())
    _require_alike(f'{{"a":{opens * depth}1.5{closes * depth}}}'.encode())


@given(_values)
def test_a_part_is_spelled_again(value: object) -> None:
    data = canonical.encode({"part": value})
    assert canonical.encode_decoded(canonical.decode(data)["part"]) == canonical.encode(value)


def test_what_is_too_deep_to_be_spelled_is_refused() -> None:
    value: object = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(VerificationError, match="too deep"):
        canonical.encode_decoded(value)


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


_nearly_hex = st.text(st.sampled_from("0123456789abcdefABF \t\n\x00０ａgx_"), min_size=62, max_size=66)


@given(_nearly_hex | st.text("0123456789abcdef", min_size=63, max_size=65))
def test_a_digest_is_64_lower_case_digits(text: str) -> None:
    expected = re.fullmatch(r"[0-9a-f]{64}", text) is not None and text.isascii()
    assert checks.is_digest(text) == expected
    try:
        assert canonical.unhex(text, 32).hex() == text
        assert expected
    except VerificationError:
        assert not expected


@pytest.mark.parametrize("value", [None, 5, True, ["a"], {"a": 1}, b"ab" * 32])
def test_no_other_type_is_an_id_a_digest_or_base64(value: object) -> None:
    assert not checks.is_id(value)
    assert not checks.is_digest(value)
    for read in (canonical.unb64, lambda given: canonical.unhex(given, 32)):
        with pytest.raises(VerificationError):
            read(value)


def test_encoding_is_what_json_reads() -> None:
    assert json.loads(canonical.encode({"项目": ["一", 1, True, None]})) == {"项目": ["一", 1, True, None]}
