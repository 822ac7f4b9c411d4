"""The comparison vector: a record's fields, blinded one by one, at fixed places (design section 4).

Every record of a flow gives a vector of the same width, so the size of a row says nothing about it. Field keys come
from the record's own comparison key: no value looks alike in two records, and a joined pair compares as its plaintext.

Left to others: sealing (the row), what a comparator does with its key, which rules fire.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from matcher.protocol.agreement.model import Field
from matcher.protocol.comparators import COMPARATORS
from matcher.protocol.errors import AgreementError, VerificationError
from matcher.protocol.keyed_hash import keyed_states
from matcher.protocol.outcomes import Outcome
from matcher.protocol.suite import lp

_FIELD_LABEL = b"concordat-v1 field"
Encoder = Callable[[bytes, Sequence[Any]], bytes]


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

    def encoder(self) -> Encoder:
        """A function from (comparison key, 32 bytes; normalised values in the fields' order, None for unknown) to the
        vector. Made once for many records: labels are prepared, and no key is derived for an unknown value."""
        steps = [
            (field_key_message(field.name, field.comparator) if comparator.keyed else b"", comparator.encode,
             comparator.encode(bytes(32), None))
            for field, comparator in zip(self.fields, self._comparators, strict=True)
        ]  # fmt: skip
        count = len(steps)

        def encode(comparison_key: bytes, values: Sequence[Any]) -> bytes:
            if len(values) != count:
                raise VerificationError(f"comparison vector: {len(values)} values for {count} fields")
            inner_state, outer_state = keyed_states(comparison_key)
            parts = []
            for (message, encode_field, unknown), value in zip(steps, values, strict=True):
                if value is None:
                    parts.append(unknown)
                elif message:
                    # hmac_sha256(comparison_key, message), the key's own blocks hashed once for all fields.
                    inner, outer = inner_state.copy(), outer_state.copy()
                    inner.update(message)
                    outer.update(inner.digest())
                    parts.append(encode_field(outer.digest(), value))
                else:
                    parts.append(encode_field(b"", value))
            return b"".join(parts)

        return encode

    def encode(self, comparison_key: bytes, values: Sequence[Any]) -> bytes:
        """One vector; see ``encoder``, which is quicker for many."""
        return self.encoder()(comparison_key, values)

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
