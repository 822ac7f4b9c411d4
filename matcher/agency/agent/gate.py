"""The gate: what must be proved about the log before anything is evaluated or revealed (design section 5, step 3).

G1  the checkpoint the service shows is signed by the agreement's log key and extends our last one    ``gate-history``
G2  it is on one line with the asking side's last checkpoint, named in the request                ``gate-asking-side``
G3  enough witnesses cosigned it                                                                  ``gate-cosignatures``
G4  the request stands in it, at the index it was delivered under                                 ``gate-inclusion``

G3 is no refusal: a request that too few witnesses hold waits until enough do (UnwitnessedError).

Evaluations and reveals both pass here; the checks of a finding are in findings_gate.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from matcher.agency.exchange.inbox import Received, named
from matcher.agency.exchange.trust import LogTrust
from matcher.agency.home import AgencyHome
from matcher.protocol import cosignature, entries, merkle
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.entries import Entry
from matcher.protocol.errors import NotFoundError, UnwitnessedError, VerificationError


class LogSource(Protocol):
    """What the gate asks of the service; the service's channel is one."""

    def checkpoint(self, at_least: int = 0, agreement: bytes = b"", wait_seconds: int = 0) -> str:
        """The newest checkpoint's note; with an agreement's digest, the newest that is cosigned as it asks."""

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """Inclusion proof of an entry."""

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Consistency proof between two sizes."""


@dataclass(frozen=True, slots=True)
class Gate:
    """The checkpoint that a request was proved against; proves further entries against the same one."""

    source: LogSource
    seen: Checkpoint

    def require_entry(self, entry: bytes, index: int) -> Entry:
        """The parsed ``entry``, proved to stand at ``index``. Raises VerificationError."""
        proof = self.source.inclusion(index, self.seen.size)
        merkle.verify_inclusion(merkle.leaf_hash(entry), index, self.seen.size, proof, self.seen.root)
        return entries.parse(entry)


def pass_gate(home: AgencyHome, source: LogSource, received: Received, wait_seconds: int = 0) -> Gate:
    """Check G1 to G4 for ``received``. Raises VerificationError or DeniedError with the check's name as code.

    Raises UnwitnessedError when too few witnesses have cosigned within ``wait_seconds``: nothing is wrong, not yet.
    """
    agreement = received.agreement
    trust = LogTrust(home.path, source, agreement.log_origin, agreement.log_key)
    shown = _cosigned(source, agreement, received.index + 1, wait_seconds)
    with named("gate-history"):
        seen = trust.accept(cosignature.bare(shown, agreement.log_key))
    with named("gate-asking-side"):
        theirs = received.body["checkpoint"]
        if not theirs:
            raise VerificationError(f"{received.message.sender} names no checkpoint it has seen")
        trust.require_consistent_with(theirs, seen)
    with named("gate-inclusion"):
        gate = Gate(source, seen)
        entry = gate.require_entry(received.entry, received.index)
        if entry.message != received.message:
            raise VerificationError("the log entry holds another message than the one delivered")
    return gate


def _cosigned(source: LogSource, agreement: Agreement, size: int, wait_seconds: int) -> str:
    """Check G3: the newest checkpoint of ``size`` entries that enough witnesses cosigned, by our own count."""
    threshold = agreement.witness_threshold
    if threshold == 0:
        return source.checkpoint()
    try:
        shown = source.checkpoint(size, agreement.digest, wait_seconds)
        cosignature.require(shown, agreement.witnesses, threshold)
    except VerificationError as error:
        # What the service shows is its own doing, not the requester's: no ground to refuse the request.
        raise UnwitnessedError(
            f"a checkpoint without the cosignatures was shown: {error}", remedy="Tell an auditor; the request waits."
        ) from error
    except NotFoundError as error:
        raise UnwitnessedError(
            f"fewer than {threshold} of {len(agreement.witnesses)} witnesses have cosigned this request",
            remedy="Nothing is lost: it goes on as soon as they cosign. Ask the auditors whether their witnesses run.",
        ) from error
    return shown
