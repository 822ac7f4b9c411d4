"""The agreements this agency knows: HOME/agreements/DIGEST/{matching.toml, agreement.toml, signatures.json}.

Exact bytes and every signature received. Nothing is believed because it lies here: what is in force is decided anew
each time, from the files' bytes, the data parties' signatures and the clock. Left to others: signing and the service
(agreement_signing.py), reading the files (protocol).
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from keys import files
from matcher.agency.home import AgencyHome
from matcher.protocol import bodies, messages, names, normalise
from matcher.protocol.agreement.model import Agreement, Matching
from matcher.protocol.agreement.parse import parse_both
from matcher.protocol.errors import AgreementError, StateError, VerificationError
from matcher.protocol.messages import SignedMessage

MATCHING_FILE = "matching.toml"
AGREEMENT_FILE = "agreement.toml"
_SIGNATURES_FILE = "signatures.json"
_FETCH = "Run `concordat agreement fetch`; `concordat agreement show` says whose signature is missing."


@dataclass(frozen=True, slots=True)
class Stored:
    """One agreement with its files' exact bytes and the verified signatures held, by data party."""

    matching_file: bytes
    agreement_file: bytes
    agreement: Agreement
    signatures: Mapping[str, SignedMessage]

    @property
    def missing(self) -> tuple[str, ...]:
        """Data parties that have not signed, as far as is known here."""
        return tuple(party for party in self.agreement.data_parties() if party not in self.signatures)


@lru_cache(maxsize=64)
def parse(matching_file: bytes, agreement_file: bytes) -> Agreement:
    """The agreement in two files, once per process: bytes name one value forever. Raises AgreementError."""
    return parse_both(matching_file, agreement_file)


def body_of(agreement: Agreement) -> dict[str, object]:
    """What the body of each party's signature says."""
    return {"agreement": agreement.id, "version": agreement.version, "matching": agreement.matching.digest.hex()}


def verified(agreement: Agreement, signatures: Iterable[SignedMessage]) -> dict[str, SignedMessage]:
    """The signatures by party, each one checked against the party's root in the agreement.

    Raises VerificationError for a signature that is wrong, for another agreement, of no data party, or without a person
    who may administer. The person's own signature is checked where the card is at hand (agreement_signing.py).
    """
    found: dict[str, SignedMessage] = {}
    for message in signatures:
        if message.sender not in agreement.data_parties() or message.sender in found:
            raise VerificationError(f"agreement {agreement.id}: a signature of {message.sender} has no place here")
        body = message.content()
        bodies.check("agreement", body)
        header = (message.kind, message.agreement, message.flow, message.period, message.recipient)
        if header != ("agreement", agreement.digest, "", "", "") or body != body_of(agreement):
            raise VerificationError(f"agreement {agreement.id}: {message.sender} signed something else")
        if "administer" not in agreement.parties[message.sender].people.get(message.person, ()):
            raise VerificationError(f"agreement {agreement.id}: {message.sender} signed without an administrator")
        party_alone = replace(message, person="", person_signature=b"")
        messages.verify(party_alone, agreement.parties[message.sender].root)
        found[message.sender] = message
    return found


def store(home: AgencyHome, matching_file: bytes, agreement_file: bytes, signatures: Iterable[SignedMessage]) -> Stored:
    """Keep files and signatures, together with the signatures kept before. Raises as ``parse`` and ``verified``."""
    agreement = parse(matching_file, agreement_file)
    directory = home.agreements_path / agreement.digest.hex()
    kept = _read(directory).signatures if (directory / _SIGNATURES_FILE).is_file() else {}
    merged = {**verified(agreement, signatures), **kept}
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    files.write(directory / MATCHING_FILE, matching_file, replace=True)
    files.write(directory / AGREEMENT_FILE, agreement_file, replace=True)
    lines = [messages.to_json(merged[party]) for party in sorted(merged)]
    # Written last: a directory without it is half written, and is not looked at.
    files.write(
        directory / _SIGNATURES_FILE, json.dumps(lines, ensure_ascii=False, indent=1).encode() + b"\n", replace=True
    )
    return Stored(matching_file, agreement_file, agreement, merged)


def every(home: AgencyHome) -> list[Stored]:
    """All agreements kept here, by id and version. Raises VerificationError when a file was changed."""
    directories = home.agreements_path.glob(f"*/{_SIGNATURES_FILE}")
    found = [_read(path.parent) for path in directories]
    return sorted(found, key=lambda item: (item.agreement.id, item.agreement.version, item.agreement.digest))


def find(home: AgencyHome, digest_prefix: str = "") -> Stored:
    """The agreement whose digest begins so; without a prefix, the highest version of the only id.

    Raises StateError when there is none, or more than one fits.
    """
    fitting = [item for item in every(home) if item.agreement.digest.hex().startswith(digest_prefix)]
    if not digest_prefix and len({item.agreement.id for item in fitting}) == 1:
        fitting = [item for item in fitting if item.agreement.version == fitting[-1].agreement.version]
    if len(fitting) != 1:
        raise StateError(
            f"{len(fitting)} agreements here fit; one is needed",
            remedy="Name one by the beginning of its digest; `concordat agreement show --all` lists them."
            if fitting
            else _FETCH,
        )
    return fitting[0]


def in_force(home: AgencyHome, flow: str | None = None, digest: bytes | None = None) -> Agreement:
    """The agreement to act under: the one of ``digest``, else the highest version that is in force and has ``flow``.

    In force: every data party has signed it, its term includes now, this party's root stands in it, and this program
    has the data it names. Raises AgreementError.
    """
    if digest is not None:
        chosen = [item for item in every(home) if item.agreement.digest == digest]
        if not chosen:
            raise AgreementError(f"agreement {digest.hex()[:16]} is not known here", remedy=_FETCH)
        _require_usable(home, chosen[0])
        return chosen[0].agreement
    newest: dict[str, Agreement] = {}
    refusals: list[AgreementError] = []
    for item in every(home):
        if flow is not None and flow not in item.agreement.matching.flows:
            continue
        try:
            _require_usable(home, item)
        except AgreementError as error:
            refusals.append(error)
        else:
            newest[item.agreement.id] = item.agreement
    if len(newest) > 1:
        raise AgreementError(
            f"{len(newest)} agreements in force fit here: {', '.join(newest)}", remedy="Name the flow: --flow ID."
        )
    if newest:
        return next(iter(newest.values()))
    if refusals:
        raise refusals[-1]
    wanted = f" with flow {flow!r}" if flow is not None else ""
    raise AgreementError(f"no agreement{wanted} is known here", remedy=_FETCH)


def require_own_place(home: AgencyHome, agreement: Agreement) -> None:
    """Raise AgreementError unless this home is a data party of ``agreement``, under its own root."""
    party = agreement.parties.get(home.party)
    if party is None or party.kind != "data":
        raise AgreementError(f"{home.party} is no data party of agreement {agreement.id}")
    if not hmac.compare_digest(party.root, home.keys.root.public):
        raise AgreementError(
            f"agreement {agreement.id} names another signing root of {home.party} than the one here",
            remedy="Do not sign it: ask where that root comes from. Draft it again with this home's card.json.",
        )


def require_own_data(matching: Matching) -> None:
    """Raise AgreementError unless this program's normaliser and name data are those the matching file names."""
    for what, own, agreed in (
        ("normaliser vectors", normalise.vectors_digest(), matching.normaliser_digest),
        ("name data", names.data_digest(), matching.name_data_digest),
    ):
        if own != agreed:
            raise AgreementError(
                f"agreement {matching.agreement_id}: the {what} of this program are not the agreed ones",
                remedy="Install the version of the program that the parties agreed on, or amend the agreement.",
            )


def _require_usable(home: AgencyHome, item: Stored) -> None:
    agreement = item.agreement
    if item.missing:
        raise AgreementError(
            f"agreement {agreement.id} version {agreement.version} is not signed by {', '.join(item.missing)}",
            remedy=_FETCH,
        )
    require_own_place(home, agreement)
    agreement.require_in_force(home.now())
    require_own_data(agreement.matching)


def _read(directory: Path) -> Stored:
    matching_file = (directory / MATCHING_FILE).read_bytes()
    agreement_file = (directory / AGREEMENT_FILE).read_bytes()
    agreement = parse(matching_file, agreement_file)
    if agreement.digest.hex() != directory.name:
        raise VerificationError(
            f"agreement {directory.name[:16]}: its file was changed after it was stored",
            remedy=f"Remove {directory} and run `concordat agreement fetch`.",
        )
    try:
        lines = json.loads((directory / _SIGNATURES_FILE).read_bytes())
        signatures = [messages.from_json(line) for line in lines]
    except (ValueError, TypeError) as error:
        raise VerificationError(f"agreement {directory.name[:16]}: {_SIGNATURES_FILE} is damaged") from error
    return Stored(matching_file, agreement_file, agreement, verified(agreement, signatures))
