"""Cards and agreements: admission by the operator, publication by the parties.

An agreement comes into force here when the last data party's signature is logged. A party signs one file per version,
and a version names the digest it follows, so that an agreement's id has one history.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlite_utils import Database

from keys import tls
from keys.errors import ReceivedError
from matcher.protocol import entries
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import AgreementError, InputError, QuotaError, VerificationError
from matcher.protocol.messages import SignedMessage
from matcher.service import limits, policy
from matcher.service.acts import letters
from matcher.service.store import agreements, cards
from matcher.service.store.agreements import Published
from matcher.service.store.database import ControlDatabase, number, one
from matcher.service.store.log import Clock, LogWriter
from matcher.service.store.writing import Transaction


def admit(database: ControlDatabase, log: LogWriter, message: SignedMessage, clock: Clock) -> cards.Card:
    """Admit a party by its card, or renew it; the operator has checked with the party that the root is its own.

    Raises VerificationError for a card that does not verify, StateError for one that renews nothing.
    """
    card = cards.verify(message)
    try:
        fingerprint, expires = tls.fingerprint(card.certificate), tls.not_after(card.certificate)
    except ReceivedError as error:
        raise VerificationError(f"card of {card.party}: the TLS certificate is malformed") from error
    if expires < card.not_after:
        raise VerificationError(f"card of {card.party}: it outlives its TLS certificate")
    with database.write() as transaction:
        cards.require_admissible(transaction, card, fingerprint, clock())
        # The log tells a first card from one that brings other keys: whoever watches for that finds it.
        name = "key-rotated" if cards.root(transaction, card.party) is not None else "card-admitted"
        position = log.append(transaction, lambda time: entries.for_message(time, message, name=name))
        cards.add(transaction, card, fingerprint, position.index)
    # The write block above ended: commit point.
    return card


class Directory:
    """Agreements and cards for their parties."""

    def __init__(self, database: ControlDatabase, log: LogWriter, log_key: str, clock: Clock) -> None:
        self._database = database
        self._log = log
        self._log_key = log_key
        self._clock = clock

    def publish(
        self, party: str, matching_file: bytes, agreement_file: bytes, signatures: Sequence[SignedMessage]
    ) -> Published:
        """Store the files and whatever signatures are new; the last one brings the agreement into force."""
        if max(len(matching_file), len(agreement_file)) > limits.MAX_AGREEMENT_FILE_BYTES:
            raise InputError(f"an agreement's file has at most {limits.MAX_AGREEMENT_FILE_BYTES} bytes")
        if len(signatures) > limits.MAX_SIGNATURES_PER_CALL:
            raise InputError(f"at most {limits.MAX_SIGNATURES_PER_CALL} signatures at once")
        agreement = agreements.parse(matching_file, agreement_file)
        policy.require_party(agreement, party)
        # A term that has not begun may be signed; one that is over may not.
        agreement.require_in_force(max(self._clock() // 1000, agreement.valid_from))
        if (agreement.log_origin, agreement.log_key) != (self._log.origin, self._log_key):
            raise AgreementError(
                f"agreement {agreement.id} names the log {agreement.log_origin!r}; this is {self._log.origin!r}",
                remedy="Put this service's origin and log key into the agreement.",
            )
        with self._database.write() as transaction:
            if one(transaction, "SELECT 1 FROM agreements WHERE digest = ?", [agreement.digest]) is None:
                self._add(transaction, agreement, matching_file, agreement_file, party)
            for message in signatures:
                self._add_signature(transaction, agreement, message)
            self._bring_into_force(transaction, agreement)
            result = agreements.published(transaction, agreement.digest, self._clock())
            if not result.signatures:
                raise AgreementError(f"agreement {agreement.id} comes with no signature", remedy="Sign it first.")
        # The write block above ended: commit point.
        return result

    def _add(
        self, transaction: Database, agreement: Agreement, matching_file: bytes, agreement_file: bytes, party: str
    ) -> None:
        _require_successor(transaction, agreement)
        drafts = number(
            transaction, "SELECT count(*) FROM agreements WHERE publisher = ? AND in_force_index IS NULL", [party]
        )
        if drafts >= limits.MAX_DRAFTS_PER_PARTY:
            raise QuotaError(f"{party} has {drafts} agreements that are not fully signed")
        agreements.add(transaction, agreement, matching_file, agreement_file, party)

    def _add_signature(self, transaction: Transaction, agreement: Agreement, message: SignedMessage) -> None:
        body = letters.read_body(message, "agreement", message.sender)
        expected = {
            "agreement": agreement.id,
            "version": agreement.version,
            "matching": agreement.matching.digest.hex(),
        }
        if message.agreement != agreement.digest or body != expected or message.recipient:
            raise VerificationError(f"the signature of {message.sender} is for another agreement")
        if message.sender not in agreement.data_parties():
            raise policy.deny("not-a-party", f"{message.sender} is no data party of agreement {agreement.id}")
        letters.check_signatures(transaction, message, agreement)
        letters.require_person(message, agreement, "administer")
        held = one(
            transaction, "SELECT digest FROM signatures WHERE agreement_id = ? AND version = ? AND party = ?",
            [agreement.id, agreement.version, message.sender],
        )  # fmt: skip
        if held is None:
            position = self._log.append(transaction, lambda time: entries.for_message(time, message))
            agreements.add_signature(transaction, agreement, message, position.index)
        elif held["digest"] != agreement.digest:
            raise AgreementError(
                f"{message.sender} signed another file as version {agreement.version} of {agreement.id}",
                remedy="Raise the version number in the changed file.",
            )

    def _bring_into_force(self, transaction: Transaction, agreement: Agreement) -> None:
        state = agreements.published(transaction, agreement.digest, self._clock())
        pending = number(
            transaction, "SELECT in_force_index IS NULL FROM agreements WHERE digest = ?", [agreement.digest]
        )
        if pending and not state.missing:
            facts = {
                "agreement_id": agreement.id, "version": agreement.version,
                "matching": agreement.matching.digest.hex(),
            }  # fmt: skip
            position = self._log.append(
                transaction,
                lambda time: entries.without_message("agreement-in-force", time, facts, agreement=agreement.digest),
            )
            agreements.bring_into_force(transaction, agreement.digest, position.index)

    def get(self, party: str, digest: bytes, agreement_id: str) -> Published:
        """One agreement the caller is a party to, by digest or by id. Raises NotFoundError, DeniedError."""
        now = self._clock()
        with self._database.read() as transaction:
            wanted = digest or agreements.newest(transaction, agreement_id, party, now)
            result = agreements.published(transaction, wanted, now)
            policy.require_party(result.agreement, party)
            return result

    def listed(self, party: str) -> list[Published]:
        """Every agreement the caller is a party to."""
        with self._database.read() as transaction:
            digests = [agreement.digest for agreement in agreements.of_party(transaction, party)]
            return [agreements.published(transaction, digest, self._clock()) for digest in digests]

    def card(self, party: str, wanted: str) -> SignedMessage:
        """The newest card of a party that shares an agreement with the caller. Raises NotFoundError."""
        with self._database.read() as transaction:
            if wanted != party and not agreements.shares_agreement(transaction, party, wanted):
                raise policy.ConcealedError(
                    "not-a-party", "no party of that name shares an agreement with the caller"
                )  # fmt: skip
            return cards.newest(transaction, wanted).message


def _require_successor(transaction: Database, agreement: Agreement) -> None:
    if agreement.version == 1:
        return
    previous = one(
        transaction,
        "SELECT agreement_id, version FROM agreements WHERE digest = ? AND in_force_index IS NOT NULL",
        [agreement.previous],
    )
    if previous is None or (previous["agreement_id"], previous["version"]) != (agreement.id, agreement.version - 1):
        raise AgreementError(
            f"version {agreement.version} of {agreement.id} does not follow a version signed by all here",
            remedy="Name the digest of the version in force as `previous`.",
        )
