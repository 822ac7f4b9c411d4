"""The payload: its length tells nothing, and it opens only for whom, where and what it was sealed for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keys.agency import AgencyKeys
from matcher.agency.reveal import payload
from matcher.agency.reveal.payload import Payload
from matcher.protocol.errors import InputError, VerificationError
from tests.agency.exchange.world import BUREAU, REGULATOR, Templates

LEAF = bytes(range(32))
INFO = payload.reveal_info(bytes(32), bytes(32), 7, REGULATOR, BUREAU)
VALUES = st.one_of(st.none(), st.text(max_size=20), st.integers(-(2**53) + 1, 2**53 - 1))
TEXT = st.text(st.characters(codec="utf-8"), max_size=40)


@given(st.dictionaries(TEXT, TEXT, max_size=8), st.dictionaries(TEXT, VALUES, max_size=8))
def test_it_round_trips_and_is_padded(columns: dict[str, str], values: dict[str, int | str | None]) -> None:
    plain = payload.encode(Payload(LEAF, columns, values))
    assert len(plain) % 1024 == 0
    assert payload.decode(plain) == Payload(LEAF, columns, values)


def test_equal_payloads_have_unequal_digests() -> None:
    one = Payload(LEAF, {"holder": "x"}, {})
    assert payload.digest(payload.encode(one)) != payload.digest(payload.encode(one))
    assert "x" not in repr(one)


def test_the_length_does_not_depend_on_short_fields() -> None:
    lengths = {len(payload.encode(Payload(LEAF, {"holder": "x" * number}, {}))) for number in range(0, 800, 50)}
    assert lengths == {1024}


@pytest.mark.parametrize("change", ["cut", "padding", "more", "size", "unknown", "type"])
def test_another_form_is_refused(change: str) -> None:
    plain = payload.encode(Payload(LEAF, {"holder": "x"}, {"a": 1}))
    if change == "cut":
        plain = plain[:-1]
    elif change == "padding":
        plain = plain[:-1] + b"\x01"
    elif change == "more":
        plain = plain + bytes(1024)
    elif change == "size":
        plain = plain[:64] + b"\xff\xff" + plain[66:]
    else:
        fields = b'{"columns":{},"values":{},"x":1}' if change == "unknown" else b'{"columns":{"a":1},"values":{}}'
        head = plain[:64] + len(fields).to_bytes(2, "big") + fields
        plain = head + bytes(-len(head) % 1024)
    with pytest.raises(VerificationError):
        payload.decode(plain)


def test_too_long_a_row_is_refused() -> None:
    with pytest.raises(InputError):
        payload.encode(Payload(LEAF, {"holder": "x" * 70_000}, {}))


@pytest.fixture(scope="module")
def bureau(home_templates: Templates) -> AgencyKeys:
    return home_templates.keys[BUREAU]


def test_both_seals_are_needed(bureau: AgencyKeys, home_templates: Templates) -> None:
    plain = payload.encode(Payload(LEAF, {"holder": "x"}, {}))
    sealed = payload.seal(plain, bytes(32), bureau.encryption.public, INFO)
    assert payload.open_sealed(sealed, bytes(32), bureau, INFO) == plain
    with pytest.raises(VerificationError, match="link value"):
        payload.open_sealed(sealed, bytes(31) + b"\x01", bureau, INFO)
    with pytest.raises(VerificationError, match="this party"):
        payload.open_sealed(sealed, bytes(32), home_templates.keys[REGULATOR], INFO)
    with pytest.raises(VerificationError):
        payload.open_sealed(sealed[:-1] + bytes([sealed[-1] ^ 1]), bytes(32), bureau, INFO)


@pytest.mark.parametrize(
    "other",
    [
        payload.reveal_info(b"\x01" * 32, bytes(32), 7, REGULATOR, BUREAU),
        payload.reveal_info(bytes(32), b"\x01" * 32, 7, REGULATOR, BUREAU),
        payload.reveal_info(bytes(32), bytes(32), 8, REGULATOR, BUREAU),
        payload.reveal_info(bytes(32), bytes(32), 7, BUREAU, REGULATOR),
        payload.reveal_info(bytes(32), bytes(32), 7, REGULATOR, "other"),
    ],
)
def test_agreement_finding_index_and_parties_are_bound(bureau: AgencyKeys, other: bytes) -> None:
    sealed = payload.seal(payload.encode(Payload(LEAF, {}, {})), bytes(32), bureau.encryption.public, INFO)
    with pytest.raises(VerificationError):
        payload.open_sealed(sealed, bytes(32), bureau, other)
