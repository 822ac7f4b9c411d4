"""Checkpoints and their cosignatures: served to whoever waits for them, taken from witnesses that an agreement names.

The service verifies a cosignature before it keeps it, so that no line it serves spoils a note; whoever relies on one
verifies it again. Nothing here is an entry of the log: a cosignature is about the log, not in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlite_utils import Database

from matcher.protocol import cosignature, note
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import InputError, NotFoundError
from matcher.protocol.note import VerifierKey
from matcher.service import limits, policy
from matcher.service.acts.waiting import WaitingRoom
from matcher.service.store import agreements, cosignatures, log
from matcher.service.store.database import ControlDatabase
from matcher.service.store.log import Clock

NOT_COSIGNED = "not-cosigned"
_MAX_LINE = 1024
_MAX_SIZE = 2**53 - 1
# What another process appends (admit, purge) wakes nobody here.
_RECHECK_SECONDS = 1.0


class Witnessing:
    """Serves checkpoints and takes cosignatures."""

    def __init__(self, database: ControlDatabase, room: WaitingRoom, clock: Clock) -> None:
        self._database = database
        self._room = room
        self._clock = clock
        self._stopped = False

    def stop(self) -> None:
        """Send those who wait home."""
        self._stopped = True
        self._database.wake()

    def checkpoint(
        self, party: str, at_least: int, agreement_digest: bytes, wait_seconds: float, check: Callable[[], None]
    ) -> str:
        """The newest checkpoint of ``at_least`` entries, cosigned as the agreement asks where one is named.

        Waits for it up to ``wait_seconds``; ``check`` raises to stop. Raises NotFoundError (``not-cosigned``) when
        there is none then, DeniedError and AgreementError for an agreement that is not the caller's or not here.
        """
        if at_least > _MAX_SIZE:
            raise InputError("no log is as large as that")
        seen = self._database.changes()
        found = self._find(party, at_least, agreement_digest)
        ends = time.monotonic() + min(wait_seconds, limits.MAX_WAIT_SECONDS)
        if found is None and wait_seconds > 0:
            with self._room.place(party):
                while found is None and not self._stopped and (left := ends - time.monotonic()) > 0:
                    seen = self._database.wait_for_change(seen, min(left, _RECHECK_SECONDS))
                    check()
                    found = self._find(party, at_least, agreement_digest)
        if found is None:
            raise NotFoundError(
                f"there is no checkpoint of {at_least} entries with the cosignatures that are asked for",
                code=NOT_COSIGNED, remedy="Wait, and ask the auditors whether their witnesses run.",
            )  # fmt: skip
        return found

    def _find(self, party: str, at_least: int, agreement_digest: bytes) -> str | None:
        with self._database.read() as transaction:
            size = log.tree_size(transaction)
            if agreement_digest:
                agreement = agreements.load(transaction, agreement_digest)
                policy.require_party(agreement, party)
                if agreement.witness_threshold:
                    witnesses, threshold = agreement.witnesses, agreement.witness_threshold
                    cosigned = cosignatures.newest(transaction, witnesses, threshold, at_least)
                    if cosigned is None:
                        return None
                    size = cosigned
            if size < at_least:
                return None
            return cosignatures.attached(transaction, size, log.checkpoint_of(transaction, size))

    def cosign(self, party: str, size: int, line: str) -> int:
        """Take a cosignature; returns how many the checkpoint has now. The same one again changes nothing.

        Raises DeniedError (no auditor; no witness of an agreement in force), NotFoundError (no such checkpoint),
        VerificationError (malformed, or does not verify).
        """
        if len(line) > _MAX_LINE or size > _MAX_SIZE:
            raise InputError("a cosignature's line, or a size, is not as long as that")
        with self._database.write() as transaction:
            if not agreements.is_auditor(transaction, party):
                raise policy.deny("auditors-only", f"{party} is no auditor")
            item = note.parse_signature(line.removesuffix("\n"))
            witness = self._witness(transaction, party, item)
            text = note.parse(log.checkpoint_of(transaction, size)).text
            cosignature.verify_line(text, line, cosignature.parse_verifier_key(witness))
            return cosignatures.add(transaction, size, witness, line.removesuffix("\n") + "\n")
        # Leaving the write block is the commit point.

    def _witness(self, transaction: Database, party: str, item: note.NoteSignature) -> str:
        """The verifier key of the line, from an agreement in force that the auditor is a party to."""
        for agreement in agreements.of_party(transaction, party):
            for witness in agreement.witnesses:
                if _is_of(item, cosignature.parse_verifier_key(witness)) and self._in_force(transaction, agreement):
                    return witness
        raise policy.deny("not-a-witness", f"no agreement in force of {party} names this witness key")

    def _in_force(self, transaction: Database, agreement: Agreement) -> bool:
        return agreements.published(transaction, agreement.digest, self._clock()).in_force


def _is_of(item: note.NoteSignature, key: VerifierKey) -> bool:
    return (item.name, item.key_id) == (key.name, key.key_id)
