"""The comparison vector: a record's fields, blinded one by one, at fixed places (design section 4).

Every record of a flow gives a vector of the same width, so the size of a row says nothing about it. Field keys come
from the record's own comparison key: no value looks alike in two records, and a joined pair compares as its plaintext.

Left to others: sealing (the row), what a comparator does with its key, many pairs at once (comparing.py), which rules
fire.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matcher.protocol.agreement.model import Field
from matcher.protocol.comparators import COMPARATORS, Comparator
from matcher.protocol.errors import AgreementError, VerificationError
from matcher.protocol.keyed_hash import keyed_states
from matcher.protocol.outcomes import Outcome
from matcher.protocol.suite import lp

_FIELD_LABEL = b"concordat-v1 field"


def field_key_message(field: str, comparator: str) -> bytes:
    """What HMAC-SHA-256 under a record's comparison key takes to give the key of one field."""
    return lp(_FIELD_LABEL) + lp(field) + lp(comparator)


class VectorLayout:
    """Where each field of a flow stands in its vectors. ``width`` is in bytes."""

    def __init__(self, fields: Sequence[Field]) -> None:
        """The layout of ``fields``, in their order. Raises AgreementError for an unknown comparator."""
        for field in fields:
            if field.comparator not in COMPARATORS:
                raise AgreementError(f"field {field.name}: comparator {field.comparator!r} is not known")
        self.fields = tuple(fields)
        self._comparators = tuple(COMPARATORS[field.comparator] for field in fields)
        self._places: list[slice] = []
        end = 0
        for comparator in self._comparators:
            self._places.append(slice(end, end + comparator.width))
            end += comparator.width
        self.width = end

    def encode_columns(self, comparison_keys: Sequence[bytes], columns: Sequence[Sequence[Any]]) -> list[bytes]:
        """The vectors of many records. ``columns`` are the fields' normalised values in the fields' order, each as long
        as ``comparison_keys`` (32 bytes each); None is unknown, and no key is derived for it."""
        if len(columns) != len(self.fields):
            raise VerificationError(f"comparison vector: {len(columns)} values for {len(self.fields)} fields")
        states = [keyed_states(key) for key in comparison_keys]
        encoded = [
            _encode_keyed(comparator, field_key_message(field.name, field.comparator), states, column)
            if comparator.keyed
            else [comparator.encode(b"", value) for value in column]
            for field, comparator, column in zip(self.fields, self._comparators, columns, strict=True)
        ]
        return list(map(b"".join, zip(*encoded, strict=True)))

    def encode(self, comparison_key: bytes, values: Sequence[Any]) -> bytes:
        """The vector of one record; see ``encode_columns``."""
        return self.encode_columns((comparison_key,), [(value,) for value in values])[0]

    def outcomes(self, asking: bytes, answering: bytes) -> tuple[Outcome, ...]:
        """Compare two vectors of a joined pair. Raises VerificationError when one is malformed."""
        if len(asking) != self.width or len(answering) != self.width:
            raise VerificationError("comparison vector: its width is not the flow's")
        return tuple(
            comparator.compare(asking[place], answering[place])
            for comparator, place in zip(self._comparators, self._places, strict=True)
        )

    def outcomes_plain(self, asking: Sequence[Any], answering: Sequence[Any]) -> tuple[Outcome, ...]:
        """Compare two records' normalised values, in the fields' order; the same outcomes as blinded."""
        return tuple(
            comparator.compare_plain(left, right)
            for comparator, left, right in zip(self._comparators, asking, answering, strict=True)
        )


def _encode_keyed(
    comparator: Comparator, message: bytes, states: list[tuple[Any, Any]], column: Sequence[Any]
) -> list[bytes]:
    """One column under the field keys that ``message`` gives: hmac_sha256 with each key's own blocks hashed before."""
    encode = comparator.encode
    unknown = encode(bytes(32), None)
    encoded = []
    for (inner_state, outer_state), value in zip(states, column, strict=True):
        if value is None:
            encoded.append(unknown)
            continue
        inner, outer = inner_state.copy(), outer_state.copy()
        inner.update(message)
        outer.update(inner.digest())
        encoded.append(encode(outer.digest(), value))
    return encoded
