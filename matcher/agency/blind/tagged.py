"""Which staged records have a link value that is meant: by tags, which are keyed hashes, so no link value is kept."""

from __future__ import annotations

import hashlib

from keys import native
from matcher.agency.records import staged

TAG_SIZE = 8


def link_tag(handle_key: bytes, link_value: bytes) -> bytes:
    """Eight bytes that stand for a link value inside this agency."""
    return hashlib.blake2b(link_value, digest_size=TAG_SIZE, key=handle_key).digest()


class Tagged:
    """The link values whose tags (``link_tag``) are among ``tags``."""

    def __init__(self, handle_key: bytes, tags: frozenset[bytes]) -> None:
        self._handle_key = handle_key
        self._tags = tags

    def __call__(self, link_value: bytes) -> bool:
        """Whether a link value is one of them."""
        return link_tag(self._handle_key, link_value) in self._tags

    def marks(self, data: bytes) -> bytes:
        """A byte for each of the staged records in ``data``, 1 where its link value is one of them."""
        if (crate := native.module()) is not None:
            return bytes(crate.staged_marks(data, self._handle_key, b"".join(self._tags)))
        return bytes(self(record.link_value) for record in staged.unpack(data))
