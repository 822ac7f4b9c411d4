"""The suite's framing and derived keys, against a second derivation written from the design's own words."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from matcher.protocol import suite
from matcher.protocol.errors import AgreementError


def test_only_one_suite_is_spoken() -> None:
    suite.require_suite("concordat-v1")
    with pytest.raises(AgreementError, match="concordat-v2"):
        suite.require_suite("concordat-v2")


def test_length_prefix_is_two_bytes_big_endian() -> None:
    assert suite.lp("工") == b"\x00\x03" + "工".encode()
    assert suite.lp(bytes(258))[:2] == b"\x01\x02"
    with pytest.raises(OverflowError):
        suite.lp(bytes(65536))


def test_link_input_binds_agreement_kind_and_value() -> None:
    made = suite.link_input(suite.link_prefix("daxing-wages", "account"), "6222")
    assert made == b"\x00\x0cconcordat-v1\x00\x0cdaxing-wages\x00\x07account\x00\x046222"


def _expand(key: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 section 2.3 with SHA-512, written out."""
    block, made, counter = b"", b"", 1
    while len(made) < length:
        block = hmac.new(key, block + info + bytes((counter,)), hashlib.sha512).digest()
        made += block
        counter += 1
    return made[:length]


def test_record_keys_are_the_design_s_slices() -> None:
    secret = bytes(range(64))
    info = b"\x00\x13concordat-v1 record" + bytes(32) + b"\x00\x04flow" + b"\x00\x072022-05"
    assert suite.record_info(bytes(32), "flow", "2022-05") == info
    keys = suite.record_keys(secret, info)
    assert b"".join(keys) == _expand(secret, info, 176)
    assert [len(part) for part in keys] == [16, 32, 32, 32, 32, 32]
    assert keys.claim.hex() not in repr(keys)


def test_record_keys_differ_by_flow_period_and_matching_digest() -> None:
    secret = bytes(64)
    infos = {
        suite.record_info(digest, flow, period)
        for digest in (bytes(32), b"\x01" * 32)
        for flow in ("a", "b")
        for period in ("2022-05", "2022-06")
    }
    tokens = {suite.record_keys(secret, info).token for info in infos}
    assert len(tokens) == len(infos) == 8


def test_handle_depends_on_row_and_link_without_ambiguity() -> None:
    prefix = suite.handle_prefix(bytes(32), "flow", "2022-05")
    assert suite.handle(b"k" * 32, prefix, "ab", "c") != suite.handle(b"k" * 32, prefix, "a", "bc")


def test_group_key_id_is_no_part_of_the_key() -> None:
    key = bytes(range(32))
    expected = hmac.new(key, b"\x00\x19concordat-v1 group key id", hashlib.sha512).digest()[:32]
    assert suite.group_key_id(key) == expected
