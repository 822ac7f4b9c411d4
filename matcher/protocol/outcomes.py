"""What comparing one field of two records gives (design section 4, "Comparison vector").

A comparator offers this twice: from two blinded encodings, at the service; and from two plain values, at an agency.
Both give the same outcome, always: that is what "the rule on plaintext" means. Rules read nothing but outcomes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

UNKNOWN_KIND = "unknown"
VALUE_KIND = "value"

STATE_VALUE = 0
STATE_UNKNOWN = 1
STATE_ZERO = 2
STATE_NEGATIVE = 3


class Outcome(NamedTuple):
    """How two values of one field compare: the answering side's against the asking side's.

    ``kind`` is one of the comparator's ``kinds``. ``number`` is a difference in the comparator's own unit (answering
    minus asking). ``codes`` is a bit set, for ``flags``.
    """

    kind: str
    number: int = 0
    codes: int = 0


UNKNOWN = Outcome(UNKNOWN_KIND)


class Comparator(Protocol):
    """One way to blind a value and to compare two blinded values.

    ``width`` is the size of an encoding in bytes, state byte included. ``kinds`` are the outcomes a rule may ask for by
    ``is``. ``keyed`` is False when ``encode`` ignores its key, which saves deriving it.
    """

    @property
    def name(self) -> str:
        """The comparator's name in an agreement."""

    @property
    def width(self) -> int:
        """Bytes of one encoding."""

    @property
    def kinds(self) -> frozenset[str]:
        """Outcome kinds."""

    @property
    def keyed(self) -> bool:
        """Whether encodings depend on the field key."""

    def encode(self, field_key: bytes, value: Any) -> bytes:
        """``value`` (None: unknown) blinded under ``field_key`` (32 bytes): state byte, then fixed width."""

    def compare(self, asking: bytes, answering: bytes) -> Outcome:
        """Compare two encodings made under one field key. Raises VerificationError when one is malformed."""

    def compare_plain(self, asking: Any, answering: Any) -> Outcome:
        """Compare two normalised values (None: unknown)."""


Comparators = Mapping[str, Comparator]
