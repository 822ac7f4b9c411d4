"""Handles of many rows: suite.handle with the key and the prefix hashed once, in half the time."""

from __future__ import annotations

from matcher.protocol.keyed_hash import keyed_states
from matcher.protocol.suite import HANDLE_SIZE


class Handles:
    """HMAC-SHA-256 under one handle key (at most 64 bytes) with one prefix (suite.handle_prefix)."""

    def __init__(self, handle_key: bytes, prefix: bytes) -> None:
        self._inner, self._outer = keyed_states(handle_key)
        self._inner.update(prefix)

    def of(self, vault_row_id: bytes, link_value: bytes) -> bytes:
        """The handle, 16 bytes; equal to suite.handle."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(
            len(vault_row_id).to_bytes(2, "big") + vault_row_id + len(link_value).to_bytes(2, "big") + link_value
        )
        outer.update(inner.digest())
        digest: bytes = outer.digest()
        return digest[:HANDLE_SIZE]
