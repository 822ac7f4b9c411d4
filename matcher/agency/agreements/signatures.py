"""Signing an agreement, publishing it, and taking over what the other parties signed.

A party signs an agreement id once, then only its successors (design section 4): the key of a link kind is derived from
the id, so a second agreement of the same id could ask this party's key for things nobody meant to allow. What was
signed is written down before the signature leaves.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from keys import files
from matcher.agency.agreements import known
from matcher.agency.agreements.known import Stored
from matcher.agency.exchange.cards import CardBook
from matcher.agency.exchange.outbox import sign_message
from matcher.agency.home import AgencyHome, Person
from matcher.channel.types import Published
from matcher.protocol import messages, suite
from matcher.protocol.agreement.model import Agreement, Link
from matcher.protocol.errors import AgreementError, StateError, VerificationError

if TYPE_CHECKING:
    from matcher.channel.client import Channel

_SIGNED_FILE = "signed.json"


def sign(home: AgencyHome, person: Person, matching_file: bytes, agreement_file: bytes) -> Stored:
    """Sign the two files as this party, with the signature of ``person``, who must hold the role administer.

    Signing the same files again gives the signature made before. Raises AgreementError (malformed, not a successor,
    another root, other data, other keys than this home holds), DeniedError (role).
    """
    agreement = known.parse(matching_file, agreement_file)
    known.require_own_place(home, agreement)
    known.require_own_data(agreement.matching)
    # A term that has not begun may be signed; one that is over may not.
    agreement.require_in_force(max(home.now(), agreement.valid_from))
    agreement.require_role(home.party, person.id, "administer")
    for link in agreement.matching.links.values():
        if link.holder == home.party:
            _require_own_key(home, agreement, link)
    _record(home, agreement)
    stored = known.store(home, matching_file, agreement_file, ())
    if home.party in stored.signatures:
        return stored
    message = sign_message(home, "agreement", agreement.digest, "", "", "", known.body_of(agreement), 0, person)
    return known.store(home, matching_file, agreement_file, [message])


def publish(home: AgencyHome, channel: Channel, stored: Stored) -> Stored:
    """Send files and all signatures held to the service, and keep the signatures that it has beyond those."""
    if home.party not in stored.signatures:
        raise StateError(f"{home.party} has not signed this agreement", remedy="Run `concordat agreement sign` first.")
    signatures = [stored.signatures[party] for party in sorted(stored.signatures)]
    published = channel.publish(stored.matching_file, stored.agreement_file, signatures)
    return _take_over(home, channel, stored.agreement, stored.matching_file, stored.agreement_file, published)


def fetch(home: AgencyHome, channel: Channel, digest: bytes = b"", agreement_id: str = "") -> Stored:
    """Download an agreement, verify every signature in it, and keep it. Raises VerificationError, AgreementError."""
    published = channel.get_agreement(digest, agreement_id)
    agreement = known.parse(published.matching_file, published.agreement_file)
    if agreement.digest != published.digest or (digest and agreement.digest != digest):
        raise VerificationError("the service sent another agreement than the one it names")
    if agreement_id and agreement.id != agreement_id:
        raise VerificationError("the service sent an agreement of another id")
    known.require_own_place(home, agreement)
    return _take_over(home, channel, agreement, published.matching_file, published.agreement_file, published)


def _take_over(
    home: AgencyHome, channel: Channel, agreement: Agreement, matching_file: bytes, agreement_file: bytes,
    published: Published,
) -> Stored:  # fmt: skip
    signatures = known.verified(agreement, published.signatures)
    cards = CardBook(home, channel)
    for party, message in signatures.items():
        key = cards.person_key(agreement, party, message.person)
        messages.verify(message, agreement.parties[party].root, key)
    return known.store(home, matching_file, agreement_file, signatures.values())


def oprf_public_key(home: AgencyHome, agreement_id: str, link: str, epoch: int) -> bytes:
    """The public key, 32 bytes, under which this home will answer for a link kind. Raises StateError: no holder."""
    from keys import oprf  # loads libsodium, which only the holder's commands need

    seed = home.keys.oprf_seed
    if seed is None:
        raise StateError(
            f"{home.party} holds no evaluation key", remedy="A holder's home is made with `concordat init --holder`."
        )
    return oprf.derive_key_pair(seed, suite.oprf_key_info(agreement_id, link, epoch))[1]


def _require_own_key(home: AgencyHome, agreement: Agreement, link: Link) -> None:
    if link.mode == "oprf":
        own, agreed = oprf_public_key(home, agreement.id, link.kind, link.epoch), link.public_key
        remedy = f"Draft it with the output of `concordat agreement oprf-key --link {link.kind}`."
    else:
        own, agreed = suite.group_key_id(home.keys.group_key(link.kind).reveal()), link.group_key_id
        remedy = f"Draft it with the output of `concordat group-key create --link {link.kind}`."
    if own != agreed:
        raise AgreementError(
            f"agreement {agreement.id}: the key of link kind {link.kind} is not the one this home holds", remedy=remedy
        )


def _record(home: AgencyHome, agreement: Agreement) -> None:
    """Write down that ``agreement`` is signed. Raises AgreementError when it does not follow what was signed last."""
    path = home.agreements_path / _SIGNED_FILE
    signed: dict[str, Any] = json.loads(path.read_bytes()) if path.is_file() else {}
    last = signed.get(agreement.id)
    if last is not None and last["digest"] == agreement.digest.hex():
        return
    if last is not None and (agreement.version, agreement.previous.hex()) != (last["version"] + 1, last["digest"]):
        raise AgreementError(
            f"{home.party} signed version {last['version']} of {agreement.id} ({last['digest'][:16]}) before, and this "
            "is not its successor",
            remedy=f"Draft version {last['version'] + 1} with that digest as `previous`, or choose a new agreement id.",
        )
    home.agreements_path.mkdir(mode=0o700, exist_ok=True)
    signed[agreement.id] = {"version": agreement.version, "digest": agreement.digest.hex()}
    files.write(path, json.dumps(signed, indent=1, sort_keys=True).encode() + b"\n", replace=True)
