"""One entry of the log, read and hashed once for all that need it: the tree, the copy, the replay."""

from __future__ import annotations

from typing import NamedTuple

from matcher.protocol import entries, merkle
from matcher.protocol.entries import Entry


class Leaf(NamedTuple):
    """An entry: its bytes ``data``, their leaf hash ``digest``, and what they say."""

    data: bytes
    digest: bytes
    entry: Entry

    @classmethod
    def read(cls, data: bytes) -> Leaf:
        """Raises VerificationError when the entry is malformed."""
        return cls(data, merkle.leaf_hash(data), entries.parse(data))
