"""Comparator ``company-name`` (design section 4): the names package behind the comparators' one shape."""

from __future__ import annotations

from matcher.protocol import names
from matcher.protocol.outcomes import UNKNOWN_KIND, Outcome

_OUTCOMES = {
    kind: Outcome(kind)
    for kind in (names.SAME, names.VARIANT, names.BRANCH, names.DIFFERENT, names.REVIEW, UNKNOWN_KIND)
}


class CompanyName:
    """Values are company names as normalise.company_name gives them."""

    name = "company-name"
    width = names.WIDTH
    kinds = frozenset(_OUTCOMES)
    keyed = True

    def encode(self, field_key: bytes, value: str | None) -> bytes:
        """``value`` blinded under ``field_key`` (32 bytes)."""
        return names.encode(field_key, value)

    def compare(self, asking: bytes, answering: bytes) -> Outcome:
        """Compare two encodings. Raises VerificationError when one is malformed."""
        return _OUTCOMES[names.compare(asking, answering)]

    def compare_plain(self, asking: str | None, answering: str | None) -> Outcome:
        """Compare two normalised names (None: unknown)."""
        return _OUTCOMES[names.compare_plain(asking, answering)]
