"""Everything that reads bytes another party made, with a good example each, and mutations of it.

A decoder refuses by its own error tree; anything else it raises is a crash. Left to others: the wire (wire_attack.py).
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf import message_factory
from google.protobuf.message import DecodeError

from keys import container, tls
from keys.errors import KeyFileError, ReceivedError
from matcher.agency.exchange import service_card
from matcher.agency.reveal import payload, proofs
from matcher.protocol import (
    bodies,
    canonical,
    checkpoint,
    cosignature,
    entries,
    findings,
    merkle,
    messages,
    note,
    proof,
    rows,
    tiles,
)
from matcher.protocol.agreement.parse import parse_agreement, parse_matching
from matcher.protocol.errors import ConcordatError
from matcher.wire import concordat_pb2 as pb
from tests.auditor.world import LOG_KEY
from tests.auditor.world import World as AuditedWorld
from tests.service import paper

REFUSED = (ConcordatError, ReceivedError, KeyFileError, DecodeError)
Decode = Callable[[bytes], Any]


@dataclass(frozen=True, slots=True)
class Decoder:
    """``decode`` takes bytes from outside; ``examples`` are good ones."""

    decode: Decode
    examples: tuple[bytes, ...]


@dataclass
class Attack:
    """What an attack on decoders counted."""

    sent: int = 0
    accepted: int = 0
    crashes: list[str] = field(default_factory=list)


def _text(decode: Callable[[str], Any]) -> Decode:
    return lambda data: decode(data.decode("utf-8", "replace"))


def _json(decode: Callable[[Any], Any]) -> Decode:
    """Through canonical JSON, as it comes from the wire."""
    return lambda data: decode(canonical.decode(data))


def _body(data: bytes) -> None:
    kind, _line, rest = data.partition(b"\n")
    bodies.check(kind.decode("utf-8", "replace"), canonical.decode(rest))


def _inclusion(data: bytes) -> None:
    parts = [data[start : start + 32] for start in range(0, len(data), 32)]
    merkle.verify_inclusion(bytes(32), len(parts) % 7, len(parts), parts, bytes(32))


def _consistency(data: bytes) -> None:
    parts = [data[start : start + 32] for start in range(0, len(data), 32)]
    merkle.verify_consistency(len(parts) % 5, bytes(32), len(parts), bytes(32), parts)


def _protobuf(data: bytes) -> None:
    for descriptor in pb.DESCRIPTOR.message_types_by_name.values():
        message_factory.GetMessageClass(descriptor).FromString(data)


def decoders() -> dict[str, Decoder]:
    """All of them, by name."""
    story = AuditedWorld.good()
    entry = next(data for data in story.entries if b"reveal-requested" in data)
    parsed = [entries.parse(data) for data in story.entries]
    said = [item.message for item in parsed if item.message is not None]
    wire = [canonical.encode(messages.to_json(message)) for message in said]
    signed = story.checkpoint()
    finding = findings.Finding(bytes(32), "labour", bytes(16), "bank", bytes(16), ("frozen",))
    leaf = finding.leaf(finding.finding_id(bytes(32), "check", "2022-05"))
    matching = paper.matching_file()
    matched = parse_matching(matching)
    agreement = paper.agreement_file(
        matching=matched.digest.hex(), origin=LOG_KEY.split("+")[0], log_key=LOG_KEY,
        bureau="11" * 32, bank="22" * 32, audit="33" * 32,
    )  # fmt: skip
    opened = payload.encode(payload.Payload(bytes(32), {"kind": "wage"}, {"paid": 3}))
    proved = proofs.encode([proofs.FindingProof(leaf, 0, 1, ())], entry, 3)
    _key, certificate = tls.new_identity("bank", 1_700_000_000, 9)
    service = json.dumps({"address": "a:1", "origin": "o", "log_key": "k", "tls_certificate": "c"}).encode()
    ring = container.encode({"format": "f", "name": "n", "kind": "k", "sealed": "AAAA"})
    names = frozenset({"name", "kind", "sealed"})
    edge = merkle.CompactRange()
    edge.extend(story.entries)
    bundle = tiles.bundle(story.entries[:3])
    run_proof = proof.render(proof.Proof(0, (), signed))
    return {
        "canonical JSON": Decoder(canonical.decode, (entry, *wire[:3])),
        "message": Decoder(_json(messages.from_json), tuple(wire)),
        "body": Decoder(_body, tuple(message.kind.encode() + b"\n" + message.body for message in said)),
        "entry": Decoder(entries.parse, tuple(story.entries)),
        "note": Decoder(_text(note.parse), (signed.encode(),)),
        "checkpoint": Decoder(_text(lambda text: checkpoint.verify(text, LOG_KEY)), (signed.encode(),)),
        "verifier key": Decoder(_text(note.parse_verifier_key), (LOG_KEY.encode(),)),
        "witness key": Decoder(
            _text(cosignature.parse_verifier_key), (cosignature.verifier_key("audit/one", bytes(32)).encode(),)
        ),
        "proof file": Decoder(_text(proof.parse), (run_proof.encode(),)),
        "finding": Decoder(findings.from_leaf, (leaf,)),
        "row": Decoder(rows.unpack, (bytes(200),)),
        "request proofs": Decoder(proofs.decode, (proved,)),
        "payload": Decoder(payload.decode, (opened,)),
        "tree's edge": Decoder(merkle.CompactRange.from_bytes, (edge.to_bytes(),)),
        "inclusion proof": Decoder(_inclusion, (bytes(96),)),
        "consistency proof": Decoder(_consistency, (bytes(96),)),
        "entry bundle": Decoder(lambda data: tiles.parse_bundle(data, 3), (bundle,)),
        "hash tile": Decoder(lambda data: tiles.parse_hashes(data, 3), (bytes(96),)),
        "matching file": Decoder(parse_matching, (matching,)),
        "agreement file": Decoder(lambda data: parse_agreement(data, matched), (agreement,)),
        "certificate": Decoder(tls.fingerprint, (certificate.encode(),)),
        "service.json": Decoder(service_card.parse, (service,)),
        "key file": Decoder(lambda data: container.decode(data, Path("x"), "f", names), (ring,)),
        "protobuf": Decoder(_protobuf, (pb.SealRequest(submission_id=bytes(16)).SerializeToString(),)),
    }


_TOKENS = (
    b"", b"\0", b"\xff" * 8, b'"', b"{", b"}", b"[" * 200, b"9" * 400, b"-1", b"1e999", b"null", b"true", b"\\u0000",
    b"\xed\xa0\x80", b"\n", b"=", b"'''", b"\xe2\x80\x94 ", b"0" * 64, b"A" * 44, b'{"a":' * 60, b"NaN", b"\r\n",
)  # fmt: skip


def mutate(data: bytes, chance: random.Random, other: bytes = b"") -> bytes:
    """One to four small mutations: cut, flip, insert a token, repeat, splice with another example, or noise."""
    for _round in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice((1, 2, 8, 64, 512)))
        match chance.randrange(8):
            case 0:
                data = data[:at]
            case 1 if data:
                at %= len(data)
                data = data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]
            case 2:
                data = data[:at] + chance.choice(_TOKENS) + data[at:]
            case 3:
                data = data[:at] + data[end:]
            case 4:
                data = data[:at] + data[at:end] * chance.choice((2, 3, 50)) + data[end:]
            case 5:
                data = data[:at] + other[chance.randrange(len(other) + 1) :]
            case 6:
                data = data[:at] + chance.randbytes(end - at) + data[end:]
            case _:
                data = data[:at] + chance.choice(_TOKENS) + data[end:]
    return data[: 1 << 17]


def attack(count: int, seed: int = 0, names: Iterable[str] = ()) -> Attack:
    """Give ``count`` mutated inputs to the decoders by turns."""
    chance = random.Random(seed)  # noqa: S311 - mutations, not secrets
    table = decoders()
    chosen = [(name, table[name]) for name in (names or table)]
    tally = Attack()
    while tally.sent < count:
        for name, decoder in chosen:
            examples = decoder.examples
            data = mutate(chance.choice(examples), chance, chance.choice(examples))
            tally.sent += 1
            try:
                decoder.decode(data)
                tally.accepted += 1
            except REFUSED:
                pass
            except Exception as error:
                tally.crashes.append(f"{name}: {type(error).__name__}: {error!s:.120} for {data[:200]!r}")
    return tally
