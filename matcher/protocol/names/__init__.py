"""Company names, compared blind as on plaintext (design section 4, comparator ``company-name``).

splitting takes a name apart, blind turns the parts into symbols, verdict decides on parts or on symbols; data holds
what is known of regions, trades and legal forms. docs/names.md tells how a name is decided.
"""

from collections.abc import Sequence

from matcher.protocol.names.blind import WIDTH, decode, encode, forget
from matcher.protocol.names.data import data_digest
from matcher.protocol.names.parts import EMPTY, NameParts
from matcher.protocol.names.splitting import split
from matcher.protocol.names.verdict import (
    BRANCH,
    DIFFERENT,
    NOTHING_SAID,
    REVIEW,
    SAME,
    UNKNOWN,
    VARIANT,
    Decision,
    decide,
)

__all__ = [
    "BRANCH",
    "DIFFERENT",
    "EMPTY",
    "REVIEW",
    "SAME",
    "UNKNOWN",
    "VARIANT",
    "WIDTH",
    "Decision",
    "NameParts",
    "compare",
    "compare_columns",
    "compare_plain",
    "data_digest",
    "decide",
    "decode",
    "encode",
    "explain",
    "forget",
    "split",
]


def compare(asking: bytes, answering: bytes) -> str:
    """The verdict on two encodings made under one field key. Raises VerificationError when one is malformed."""
    return _decide(decode(asking), decode(answering)).verdict


def compare_columns(asking: Sequence[bytes], answering: Sequence[bytes]) -> list[str | None]:
    """The verdict on each pair of encodings of WIDTH bytes, as ``compare`` gives it; None where one is malformed."""
    from matcher.protocol.names import columns  # loads numpy, which only who compares needs

    return columns.verdicts(asking, answering, compare)


def compare_plain(asking: str | None, answering: str | None) -> str:
    """The verdict on two names; None, and a name of punctuation only, are unknown."""
    return explain(asking, answering).verdict


def explain(asking: str | None, answering: str | None) -> Decision:
    """The verdict on two names, and why it fell."""
    return _decide(split(asking) if asking else EMPTY, split(answering) if answering else EMPTY)


def _decide(asking: NameParts, answering: NameParts) -> Decision:
    if asking == EMPTY or answering == EMPTY:
        return NOTHING_SAID
    return decide(asking, answering)
