"""A request for evaluation under way, and how it is kept: the message as it is, link values and blinds sealed.

A blind opens its element to whoever also sees the request, so it is kept like a record secret (cache.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

from keys import native
from keys.native import Column
from matcher.agency.secrets.cache import CacheKeys, Pending
from matcher.protocol import canonical, messages
from matcher.protocol.errors import StateError
from matcher.protocol.messages import SignedMessage


@dataclass(frozen=True, slots=True)
class Request:
    """``elements`` are the blinded ones, padding behind; ``log_index`` is -1 until the service has the message."""

    message: SignedMessage
    link_values: Column = field(repr=False)
    blinds: bytes = field(repr=False)
    elements: bytes = field(repr=False)
    log_index: int

    @property
    def digest(self) -> bytes:
        """The message's digest, which the answer names."""
        return self.message.digest()

    @property
    def count(self) -> int:
        """How many link values it is about, without padding."""
        return native.count(self.link_values)

    def sent(self, log_index: int) -> Request:
        """The same, standing in the log."""
        return replace(self, log_index=log_index)


def seal_request(keys: CacheKeys, request: Request) -> tuple[str, bytes]:
    """(message as JSON, sealed content) for SecretCache.put_pending."""
    content = json.dumps(
        [
            [value.decode() for value in native.values(*request.link_values)],
            canonical.b64(request.blinds),
            canonical.b64(request.elements),
        ]
    )
    message = canonical.encode(messages.to_json(request.message)).decode()
    return message, keys.seal(request.digest + keys.head, content.encode())


def open_request(keys: CacheKeys, kept: Pending) -> Request | None:
    """The request from the cache, or None when it is of another link kind, epoch or key."""
    message = messages.from_json(canonical.decode(kept.message.encode()))
    try:
        content = keys.open(message.digest() + keys.head, kept.sealed)
    except StateError:
        return None
    values, blinds, elements = json.loads(content)
    return Request(
        message, native.column([value.encode() for value in values]), canonical.unb64(blinds),
        canonical.unb64(elements), kept.log_index,
    )  # fmt: skip
