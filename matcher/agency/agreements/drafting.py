"""Drafting an agreement: templates, cards and the service's card become the two files that parties then sign."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from keys import files
from matcher.agency.agreements import known
from matcher.agency.exchange import cards
from matcher.agency.exchange.service_card import ServiceCard
from matcher.protocol import canonical, cosignature, messages, names, normalise
from matcher.protocol.agreement import render
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.agreement.parse import parse_agreement, parse_matching
from matcher.protocol.errors import InputError, StateError, VerificationError


class LinkKey(NamedTuple):
    """What tells the parties the key of one link kind: a public key (oprf) or a group-key id (hmac), 32 bytes."""

    kind: str
    mode: Literal["oprf", "hmac"]
    key: bytes


def link_key(text: str, mode: Literal["oprf", "hmac"]) -> LinkKey:
    """A link key from ``KIND=HEX``. Raises InputError."""
    kind, _, key = text.partition("=")
    try:
        return LinkKey(kind, mode, canonical.unhex(key, 32))
    except VerificationError as error:
        raise InputError(f"key of link kind {kind!r}: KIND=HEX with 32 bytes in lower-case hex is expected") from error


def card_root(path: Path, now: int) -> tuple[str, bytes]:
    """(party, root) of a card file, whose own signature must hold. Raises VerificationError, InputError."""
    try:
        message = messages.from_json(canonical.decode(path.read_bytes()))
        root = canonical.unb64(message.content()["root"], 32)
    except (VerificationError, KeyError) as error:
        raise InputError(f"{path.name} is no card", remedy="Ask that party for its card.json again.") from error
    return message.sender, cards.verify(message, message.sender, root, now).root


def witness_key(path: Path) -> str:
    """The verifier key in a file of an auditor's. Raises InputError."""
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    try:
        cosignature.parse_verifier_key(text)
    except VerificationError as error:
        raise InputError(
            f"{path.name} holds no witness's key", remedy="Ask the auditor for the witness.vkey of its home."
        ) from error
    return text


def draft(
    matching_template: bytes, agreement_template: bytes, roots: Mapping[str, bytes], service: ServiceCard,
    link_keys: Iterable[LinkKey], witnesses: Iterable[str] = (),
) -> tuple[bytes, bytes, Agreement]:  # fmt: skip
    """(matching file, agreement file, what they say). Raises AgreementError for a template that does not come out."""
    link_keys = tuple(link_keys)
    values = {
        "data.normaliser_vectors": normalise.vectors_digest().hex(),
        "data.name_data": names.data_digest().hex(),
        **{f"link.{item.kind}.mode": item.mode for item in link_keys},
    }
    lines = {f"link.{item.kind}.key": render.key_line(item.mode, item.key) for item in link_keys}
    matching_file = render.fill(matching_template, values, lines)
    matching = parse_matching(matching_file)
    values = {
        "matching": matching.digest.hex(),
        **{f"root.{party}": root.hex() for party, root in roots.items()},
        "log.origin": service.origin,
        "log.key": service.log_key,
        **{f"witness.{cosignature.party_of(key.partition('+')[0])}": key for key in witnesses},
    }
    agreement_file = render.fill(agreement_template, values, {})
    return matching_file, agreement_file, parse_agreement(agreement_file, matching)


def write(directory: Path, matching_file: bytes, agreement_file: bytes) -> None:
    """Write both files into ``directory``. Raises StateError rather than replace a file that says something else."""
    directory.mkdir(parents=True, exist_ok=True)
    papers = {known.MATCHING_FILE: matching_file, known.AGREEMENT_FILE: agreement_file}
    for name, data in papers.items():
        path = directory / name
        if path.exists() and path.read_bytes() != data:
            raise StateError(f"{path} is there already and says something else", remedy="Choose another --out.")
    for name, data in papers.items():
        files.write(directory / name, data, replace=True)
