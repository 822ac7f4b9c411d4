"""The comparison vector: fixed width, fields in their places under their own keys, blinded equal to plain."""

from __future__ import annotations

import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.protocol.agreement.model import Field
from matcher.protocol.comparators import COMPARATORS
from matcher.protocol.errors import AgreementError, VerificationError
from matcher.protocol.suite import lp
from matcher.protocol.vector import VectorLayout, field_key_message

FIELDS = (Field("kind", "exact"), Field("paid", "ratio"), Field("day", "days"), Field("marks", "flags", ("a", "b")))
LAYOUT = VectorLayout(FIELDS)
keys = st.binary(min_size=32, max_size=32)
records = st.tuples(
    st.none() | st.text(max_size=9), st.none() | st.integers(-9, 10**12), st.none() | st.integers(0, 20000),
    st.none() | st.integers(0, 3),
)  # fmt: skip


@given(key=keys, asking=records, answering=records)
def test_blinded_equals_plain(key: bytes, asking: tuple[Any, ...], answering: tuple[Any, ...]) -> None:
    left, right = LAYOUT.encode_columns((key, key), list(zip(asking, answering, strict=True)))
    assert (left, right) == (LAYOUT.encode(key, asking), LAYOUT.encode(key, answering))
    assert len(left) == len(right) == LAYOUT.width
    assert LAYOUT.outcomes(left, right) == LAYOUT.outcomes_plain(asking, answering)


def test_the_vector_is_the_fields_side_by_side_under_their_own_keys() -> None:
    """Design section 4: fk = HMAC-SHA-256(comparison key, lp("concordat-v1 field") || lp(field) || lp(comparator))."""
    key, record = b"k" * 32, ("wage", 4200, 19000, 2)
    expected = b""
    for field, value in zip(FIELDS, record, strict=True):
        message = lp("concordat-v1 field") + lp(field.name) + lp(field.comparator)
        assert field_key_message(field.name, field.comparator) == message
        expected += COMPARATORS[field.comparator].encode(hmac.digest(key, message, "sha256"), value)
    assert LAYOUT.encode(key, record) == expected


def test_two_fields_of_one_value_look_different() -> None:
    layout = VectorLayout((Field("a", "exact"), Field("b", "exact")))
    vector = layout.encode(b"k" * 32, ("same", "same"))
    assert vector[:9] != vector[9:]


def test_what_does_not_fit_is_refused() -> None:
    good = LAYOUT.encode(bytes(32), (None,) * 4)
    for bad in (good[:-1], good + b"\0"):
        with pytest.raises(VerificationError, match="width"):
            LAYOUT.outcomes(good, bad)
        with pytest.raises(VerificationError, match="width"):
            LAYOUT.outcomes(bad, good)
    for count in (3, 5):
        with pytest.raises(VerificationError, match=f"{count} values for 4 fields"):
            LAYOUT.encode(bytes(32), (None,) * count)
    with pytest.raises(AgreementError, match="'soundex' is not known"):
        VectorLayout((Field("a", "soundex"),))
