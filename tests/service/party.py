"""A party for tests: its keys, its card, signed messages with rising numbers, and blinded rows made by hand."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from keys import tls
from keys.signing import SigningKey
from matcher.channel.client import Channel
from matcher.channel.types import Chunk
from matcher.protocol import canonical, merkle, messages, rows, suite
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.messages import NO_AGREEMENT, SignedMessage
from matcher.protocol.vector import VectorLayout
from tests.service import paper

Values = tuple[Any, Any, Any]


@dataclass
class Party:
    """One party. ``now`` gives seconds since 1970, as the world's clock does."""

    id: str
    now: Any
    root: SigningKey = field(default_factory=SigningKey.generate)
    people: dict[str, SigningKey] = field(default_factory=dict)
    sequences: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make a TLS identity."""
        self.renew_tls()

    def renew_tls(self) -> None:
        """A fresh TLS identity, which a new card has to carry."""
        self.tls_key, self.tls_certificate = tls.new_identity(self.id, self.now(), 400)

    def person(self, name: str) -> SigningKey:
        """The key of a person, made on first use."""
        return self.people.setdefault(name, SigningKey.generate())

    def card(self, serial: int = 1, days: int = 300, **changes: Any) -> SignedMessage:
        """The party's card."""
        body = {
            "party": self.id,
            "root": canonical.b64(self.root.public),
            "encryption_key": canonical.b64(bytes(1216)),
            "tls_certificate": self.tls_certificate,
            "people": [{"id": name, "key": canonical.b64(key.public)} for name, key in sorted(self.people.items())],
            "serial": serial,
            "not_after": self.now() + days * 86400,
        }
        return self.sign("card", {**body, **changes}, hours=0, agreement=NO_AGREEMENT, flow="", period="")

    def sign(
        self, kind: str, body: dict[str, Any], *, recipient: str = "", hours: int = 24, agreement: bytes,
        flow: str = paper.FLOW, period: str = paper.PERIOD, person: str = "", sequence: int | None = None,
    ) -> SignedMessage:  # fmt: skip
        """A signed message under the next number for its recipient."""
        if sequence is None:
            sequence = self.sequences[recipient] = self.sequences.get(recipient, 0) + 1
        message = SignedMessage(
            kind, agreement, flow, period, self.id, recipient, sequence, self.now() + hours * 3600 if hours else 0,
            canonical.encode(body), b"",
        )  # fmt: skip
        message = replace(message, signature=self.root.sign(message.signed_bytes()))
        if person:
            signature = self.person(person).sign(messages.person_bytes(message.digest(), person))
            message = replace(message, person=person, person_signature=signature)
        return message

    def channel(self, address: str, server_certificate: str) -> Channel:
        """A connection with this party's identity."""
        return Channel(address, self.tls_key.reveal(), self.tls_certificate, server_certificate)


def record_secret(link_value: str) -> bytes:
    """Stands in for F(x): both sides get the same bytes for one link value."""
    return hashlib.sha512(f"secret of {link_value}".encode()).digest()


def make_row(
    agreement: Agreement, party: str, link_value: str, values: Values, *, row_id: str = "", op: int = rows.PUT,
    period: str = paper.PERIOD, broken: bool = False, record: str = "",
) -> bytes:  # fmt: skip
    """One packed row. ``broken`` seals under a wrong key, as a damaged or lying side would.

    ``record`` stands for the link value in the handle: rows of one record under several link values.
    """
    flow = agreement.flow(paper.FLOW)
    keys = suite.record_keys(record_secret(link_value), suite.record_info(agreement.matching.digest, flow.id, period))
    handle = hashlib.sha256(f"{party} {record or link_value} {row_id}".encode()).digest()[:16]
    layout = VectorLayout(flow.fields)
    if op == rows.DELETE:
        return rows.delete(keys.token, handle, layout.width)
    side = flow.side_of(party)
    own, other = keys.asking_envelope, keys.answering_envelope
    if side == "answering":
        own, other = other, own
    nonce = os.urandom(12)
    aad = rows.row_aad(
        rows.row_aad_prefix(agreement.matching.digest, flow.id, period, side, party), keys.token, handle
    )  # fmt: skip
    vector = layout.encode(keys.comparison, values)
    sealed = AESGCM(bytes(32) if broken else own).encrypt(nonce, vector, aad)
    return rows.pack(rows.Row(rows.PUT, keys.token, handle, other, nonce, sealed))


def in_order(packed: Sequence[bytes]) -> list[bytes]:
    """Rows as they are sent: ascending by token and handle."""
    return sorted(packed, key=lambda row: row[rows.SORT_KEY])


def chunks(packed: Sequence[bytes], size: int = 3, start: int = 0) -> list[Chunk]:
    """Chunks of at most ``size`` rows from row ``start`` on."""
    return [
        Chunk(first, len(part), b"".join(part))
        for first in range(start, len(packed), size)
        if (part := packed[first : first + size])
    ]


def manifest_body(submission: bytes, packed: Sequence[bytes], sequence: int, previous: bytes) -> dict[str, Any]:
    """The body of a manifest over rows in order."""
    return {
        "submission": canonical.b64(submission),
        "sequence": sequence,
        "previous": previous.hex(),
        "rows": len(packed),
        "rows_root": merkle.root(packed).hex(),
        "link_epoch": 1,
    }
