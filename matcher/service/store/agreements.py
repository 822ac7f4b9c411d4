"""Agreements as published: exact files, signatures, and which version serves which period.

Parsing is done once per digest and process: a digest names one value forever.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sqlite_utils import Database

from matcher.protocol import canonical, messages
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.agreement.parse import parse_agreement, parse_matching
from matcher.protocol.errors import AgreementError, NotFoundError
from matcher.protocol.messages import SignedMessage
from matcher.service import policy
from matcher.service.store.database import every, number, one


@dataclass(frozen=True, slots=True)
class Published:
    """An agreement with its files, signatures and what is missing. ``in_force``: all signed, and within the term."""

    agreement: Agreement
    matching_file: bytes
    agreement_file: bytes
    signatures: tuple[SignedMessage, ...]
    missing: tuple[str, ...]
    in_force: bool


@lru_cache(maxsize=64)
def parse(matching_file: bytes, agreement_file: bytes) -> Agreement:
    """The agreement in two files. Raises AgreementError or VerificationError."""
    return parse_agreement(agreement_file, parse_matching(matching_file))


def add(transaction: Database, agreement: Agreement, matching_file: bytes, agreement_file: bytes, by: str) -> None:
    """Keep a new agreement, without signatures."""
    transaction.execute(
        "INSERT INTO agreements VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
        [
            agreement.digest, agreement.id, agreement.version, agreement.matching.digest, matching_file,
            agreement_file, by,
        ],
    )  # fmt: skip
    for party in agreement.parties.values():
        transaction.execute("INSERT INTO agreement_parties VALUES (?, ?, ?)", [party.id, agreement.digest, party.kind])


def add_signature(transaction: Database, agreement: Agreement, message: SignedMessage, log_index: int) -> None:
    """Keep one party's signature."""
    transaction.execute(
        "INSERT INTO signatures VALUES (?, ?, ?, ?, ?, ?)",
        [
            agreement.digest, message.sender, agreement.id, agreement.version,
            canonical.encode(messages.to_json(message)), log_index,
        ],
    )  # fmt: skip


def bring_into_force(transaction: Database, digest: bytes, log_index: int) -> None:
    """Mark an agreement as signed by every data party."""
    transaction.execute("UPDATE agreements SET in_force_index = ? WHERE digest = ?", [log_index, digest])


def load(transaction: Database, digest: bytes) -> Agreement:
    """The agreement with this digest, signed or not. Raises AgreementError."""
    record = one(transaction, "SELECT matching_file, agreement_file FROM agreements WHERE digest = ?", [digest])
    if record is None:
        raise AgreementError(f"agreement {digest.hex()[:16]} is not published here", remedy="Publish it first.")
    return parse(record["matching_file"], record["agreement_file"])


def published(transaction: Database, digest: bytes, now: int) -> Published:
    """The agreement with this digest and how far its signing is. ``now`` in ms. Raises AgreementError."""
    agreement = load(transaction, digest)
    files = one(
        transaction, "SELECT matching_file, agreement_file, in_force_index FROM agreements WHERE digest = ?", [digest]
    )
    if files is None:
        raise AgreementError("the agreement is not published here")
    signatures = tuple(
        messages.from_json(canonical.decode(record["message"]))
        for record in every(transaction, "SELECT message FROM signatures WHERE digest = ? ORDER BY log_index", [digest])
    )
    signed = {message.sender for message in signatures}
    missing = tuple(party for party in agreement.data_parties() if party not in signed)
    within_term = agreement.valid_from <= now // 1000 < agreement.valid_until
    in_force = files["in_force_index"] is not None and within_term
    return Published(agreement, files["matching_file"], files["agreement_file"], signatures, missing, in_force)


def usable(transaction: Database, digest: bytes, now: int) -> Agreement:
    """The agreement, signed by all, within its term and not superseded. Raises AgreementError, DeniedError.

    A newer version in force replaces an older one at once where tokens do not change (people, quotas, witnesses).
    Where they do, the older one still serves the periods that began under it (design section 4).
    """
    agreement = load(transaction, digest)
    if number(transaction, "SELECT in_force_index IS NOT NULL FROM agreements WHERE digest = ?", [digest]) == 0:
        raise AgreementError(
            f"agreement {agreement.id} version {agreement.version} is not signed by every data party",
            remedy="Have every data party run `concordat agreement sign` and `publish`.",
        )
    agreement.require_in_force(now // 1000)
    newer = newest_in_force(transaction, agreement.id, now)
    if newer is None or newer.version <= agreement.version:
        return agreement
    serves_old_period = newer.matching.digest != agreement.matching.digest and number(
        transaction,
        "SELECT count(*) FROM periods WHERE agreement_id = ? AND matching = ? AND purged_at IS NULL",
        [agreement.id, agreement.matching.digest],
    )
    if not serves_old_period:
        raise policy.deny(
            "superseded", f"version {newer.version} of agreement {agreement.id} is in force",
            "Fetch it with `concordat agreement show`.",
        )  # fmt: skip
    return agreement


def newest_in_force(transaction: Database, agreement_id: str, now: int) -> Agreement | None:
    """The newest version that every data party signed and whose term includes ``now`` (ms)."""
    sql = "SELECT digest FROM agreements WHERE agreement_id = ? AND in_force_index IS NOT NULL ORDER BY version DESC"
    for record in every(transaction, sql, [agreement_id]):
        agreement = load(transaction, record["digest"])
        if agreement.valid_from <= now // 1000 < agreement.valid_until:
            return agreement
    return None


def newest(transaction: Database, agreement_id: str, party: str, now: int) -> bytes:
    """Digest of the newest version in force of an id, else of the newest published. Raises NotFoundError.

    With an empty id, the caller must be party to exactly one id. Only agreements of ``party`` are looked at.
    """
    mine = list(of_party(transaction, party))
    ids = sorted({agreement.id for agreement in mine})
    wanted = agreement_id or (ids[0] if len(ids) == 1 else "")
    versions = {agreement.digest: agreement for agreement in mine if agreement.id == wanted}
    if not versions:
        raise NotFoundError(f"{party} is party to {len(ids)} agreement ids here; name one of them")
    in_force = newest_in_force(transaction, wanted, now)
    if in_force is not None and in_force.digest in versions:
        return in_force.digest
    return max(versions.values(), key=lambda item: item.version).digest


def of_party(transaction: Database, party: str) -> Iterator[Agreement]:
    """The agreements that name ``party``."""
    for record in every(transaction, "SELECT digest FROM agreement_parties WHERE party = ?", [party]):
        yield load(transaction, record["digest"])


def shares_agreement(transaction: Database, one_party: str, other_party: str) -> bool:
    """Whether some published agreement names both."""
    sql = (
        "SELECT count(*) FROM agreement_parties a JOIN agreement_parties b USING (digest) "
        "WHERE a.party = ? AND b.party = ?"
    )
    return number(transaction, sql, [one_party, other_party]) > 0


def is_auditor(transaction: Database, party: str) -> bool:
    """Whether some agreement in force names ``party`` as auditor."""
    sql = (
        "SELECT count(*) FROM agreement_parties JOIN agreements USING (digest) "
        "WHERE party = ? AND kind = 'auditor' AND in_force_index IS NOT NULL"
    )
    return number(transaction, sql, [party]) > 0
