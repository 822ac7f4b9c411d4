"""Checks 12 to 15: which agreement holds when, and that nothing is done under another.

The log holds digests; the files come from the service or from an export, and are believed by digest only.
"""

from __future__ import annotations

from collections.abc import Callable

from matcher.auditor.checks import CheckFailed, check
from matcher.auditor.replay.act import Act, require
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.agreement.parse import parse_agreement, parse_matching
from matcher.protocol.errors import AgreementError, DeniedError, NotFoundError, VerificationError
from matcher.protocol.suite import sha256

AgreementFiles = Callable[[bytes], tuple[bytes, bytes]]
ServesPeriod = Callable[[str, bytes], bool]


class Agreements:
    """Agreements by digest, who signed them, and which are in force.

    ``files`` gives (matching file, agreement file) of a digest or raises ConcordatError; ``origin`` and ``log_key``
    are this log's.
    """

    def __init__(self, files: AgreementFiles, origin: str, log_key: str) -> None:
        self._files = files
        self._log = (origin, log_key)
        self._read: dict[bytes, Agreement | str] = {}
        self._signed: dict[tuple[str, int], dict[str, bytes]] = {}
        self._in_force: dict[str, dict[int, Agreement]] = {}

    def find(self, digest: bytes) -> Agreement:
        """The agreement with this digest. Raises CheckFailed (12), each time again for one that cannot be read."""
        if digest not in self._read:
            try:
                self._read[digest] = self._load(digest)
            except (NotFoundError, DeniedError, AgreementError, VerificationError) as error:
                self._read[digest] = f"agreement {digest.hex()[:16]}: {error}"
        found = self._read[digest]
        if isinstance(found, str):
            raise CheckFailed(12, found)
        return found

    def _load(self, digest: bytes) -> Agreement:
        matching_file, agreement_file = self._files(digest)
        require(12, sha256(agreement_file) == digest, "the file has another digest than the log names")
        agreement = parse_agreement(agreement_file, parse_matching(matching_file))
        require(12, (agreement.log_origin, agreement.log_key) == self._log, "it names another log, or another log key")
        return agreement

    def sign(self, act: Act) -> None:
        """Take one party's signature in. Raises CheckFailed (13)."""
        agreement, message, body = act.agreement, act.message, act.entry.body
        with check(13):
            require(13, message.sender in agreement.data_parties(), f"{message.sender} is no data party")
            require(13, not message.recipient, "the signature is for a party, not for the log")
            named = (body["agreement"], body["version"], body["matching"])
            require(13, named == _names(agreement), "the signature names another id, version or matching digest")
            if agreement.version > 1:
                before = self._in_force.get(agreement.id, {}).get(agreement.version - 1)
                require(
                    13, before is not None and before.digest == agreement.previous,
                    f"version {agreement.version} does not follow the version in force",
                )  # fmt: skip
            signed = self._signed.setdefault((agreement.id, agreement.version), {})
            require(
                13, message.sender not in signed, f"{message.sender} signed version {agreement.version} twice"
            )  # fmt: skip
        signed[message.sender] = agreement.digest

    def bring_into_force(self, act: Act) -> None:
        """Take note that an agreement holds from now on. Raises CheckFailed (14)."""
        agreement, facts = act.agreement, act.entry.facts
        named = (facts["agreement_id"], facts["version"], facts["matching"])
        require(14, named == _names(agreement), "the entry names another id, version or matching digest than the files")
        signed = self._signed.get((agreement.id, agreement.version), {})
        missing = [party for party in agreement.data_parties() if signed.get(party) != agreement.digest]
        require(14, not missing, f"no signature of {', '.join(missing)} stands before it")
        versions = self._in_force.setdefault(agreement.id, {})
        require(14, agreement.version not in versions, f"version {agreement.version} is in force already")
        versions[agreement.version] = agreement

    def present(self) -> tuple[Agreement, ...]:
        """The newest version that came into force of every id."""
        return tuple(versions[max(versions)] for versions in self._in_force.values())

    def require_usable(self, act: Act, serves_period: ServesPeriod) -> None:
        """Raise CheckFailed (15) unless the act's agreement holds at its time.

        A newer version replaces an older one at once, except where tokens change: then the older one serves the
        periods that began under it, which ``serves_period`` (agreement id, matching digest) knows.
        """
        agreement = act.agreement
        versions = self._in_force.get(agreement.id, {})
        present = versions.get(agreement.version)
        if present is None or present.digest != agreement.digest:
            raise CheckFailed(15, f"version {agreement.version} of {agreement.id} is not in force")
        earliest, latest = act.moments
        if not _within_term(agreement, latest) and not _within_term(agreement, earliest):
            raise CheckFailed(15, f"version {agreement.version} of {agreement.id} is outside its term")
        if len(versions) == 1:
            return
        newest = max(
            version
            for version in versions
            if _within_term(versions[version], act.seconds) or version == agreement.version
        )
        if newest <= agreement.version:
            return
        changes_tokens = versions[newest].matching.digest != agreement.matching.digest
        require(
            15, changes_tokens and serves_period(agreement.id, agreement.matching.digest),
            f"version {newest} of {agreement.id} had replaced version {agreement.version}",
        )  # fmt: skip


def _names(agreement: Agreement) -> tuple[str, int, str]:
    return agreement.id, agreement.version, agreement.matching.digest.hex()


def _within_term(agreement: Agreement, seconds: int) -> bool:
    return agreement.valid_from <= seconds < agreement.valid_until
