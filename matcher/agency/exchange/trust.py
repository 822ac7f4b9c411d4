"""The log as this agency has seen it: one last verified checkpoint, and every newer one proved to extend it.

Design sections 4 and 5. A reply that says "this is in the log" is believed only with: the log's signature, the
inclusion proof of its entry, and consistency between its checkpoint and the one kept here. A fork or a rollback is
evidence: both notes are kept under HOME/evidence, and nothing goes on.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from keys import files
from matcher.agency.exchange import seen
from matcher.agency.home import AgencyHome
from matcher.channel.types import Logged
from matcher.protocol import checkpoint, entries, merkle
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import InputError, NotFoundError, StateError, VerificationError

EVIDENCE_DIRECTORY = "evidence"
_TELL_AN_AUDITOR = "Stop, keep the files under evidence/ in the home, and tell an auditor."


class ConsistencySource(Protocol):
    """Where consistency proofs come from: the service's channel."""

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Hashes of the proof from tree size ``first`` to ``second``."""


class LogTrust:
    """What one home believes of one log. ``log_key`` is a C2SP verifier key; ``origin`` the log's name."""

    def __init__(self, home: Path, source: ConsistencySource, origin: str, log_key: str) -> None:
        self._home = home
        self._source = source
        self._origin = origin
        self._path = seen.path_of(home, origin)
        self._log_key = log_key

    def verify_logged(self, logged: Logged) -> entries.Entry:
        """The entry that ``logged`` proves to stand in the log. Raises VerificationError."""
        seen = self.accept(logged.checkpoint)
        merkle.verify_inclusion(
            merkle.leaf_hash(logged.entry), logged.index, seen.size, logged.inclusion, seen.root
        )  # fmt: skip
        return entries.parse(logged.entry)

    def accept(self, note: str) -> Checkpoint:
        """Verify ``note`` against the log's key and the checkpoint kept here; keep the newer one of the two."""
        seen = self._read(note)
        while True:
            kept_note = self._kept()
            if kept_note is None:
                with self._lock():
                    if self._kept() is None:
                        self._keep(note)
                        return seen
                continue
            kept = self._read(kept_note)
            self._require_consistent(kept, kept_note, seen, note)
            if seen.size <= kept.size:
                return seen
            with self._lock():
                # Another command of this home may have kept a newer one meanwhile: then look again.
                if self._kept() == kept_note:
                    self._keep(note)
                    return seen

    def require_consistent_with(self, note: str, other: Checkpoint) -> None:
        """Raise VerificationError unless ``note`` (someone else's last checkpoint) lies on one line with ``other``.

        The note must be signed by the log; it is not kept.
        """
        theirs = self._read(note)
        if theirs.size == other.size and theirs.root == other.root:
            return
        self._require_consistent(theirs, note, other, "")

    def last(self) -> str:
        """The last verified checkpoint's note; empty when none was seen yet."""
        return self._kept() or ""

    def _read(self, note: str) -> Checkpoint:
        seen = checkpoint.verify(note, self._log_key)
        if seen.origin != self._origin:
            raise VerificationError(
                "checkpoint: it is of another log than the agreement names", remedy=_TELL_AN_AUDITOR
            )
        return seen

    def _require_consistent(self, first: Checkpoint, first_note: str, second: Checkpoint, second_note: str) -> None:
        older, newer = (first, second) if first.size <= second.size else (second, first)
        try:
            if older.size == newer.size:
                if older.root != newer.root:
                    raise VerificationError(f"log: two different trees of size {older.size}")
            elif older.size:
                proof = self._source.consistency(older.size, newer.size)
                merkle.verify_consistency(older.size, older.root, newer.size, newer.root, proof)
        except (VerificationError, InputError, NotFoundError, StateError) as error:
            # A service that cannot prove it either shows two histories or has lost one: the same to us.
            self._keep_evidence(first_note, second_note)
            raise VerificationError(
                f"log: checkpoints of size {older.size} and {newer.size} are not of one history (fork or rollback)",
                remedy=_TELL_AN_AUDITOR,
            ) from error

    def _kept(self) -> str | None:
        return self._path.read_text(encoding="utf-8") if self._path.is_file() else None

    def _keep(self, note: str) -> None:
        files.write(self._path, note.encode(), replace=True)

    def _keep_evidence(self, *notes: str) -> None:
        directory = self._home / EVIDENCE_DIRECTORY
        directory.mkdir(mode=0o700, exist_ok=True)
        start = len(list(directory.iterdir()))
        for position, note in enumerate(filter(None, notes)):
            files.write(directory / f"checkpoint-{start + position:04d}.note", note.encode(), replace=True)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        with self._path.with_name(f".{self._path.name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def trust_of(home: AgencyHome, channel: ConsistencySource, agreement: Agreement | None = None) -> LogTrust:
    """The log named by ``agreement``, or by service.json before there is any."""
    if agreement is None:
        return LogTrust(home.path, channel, home.service.origin, home.service.log_key)
    return LogTrust(home.path, channel, agreement.log_origin, agreement.log_key)


def verify_logged(
    home: AgencyHome, channel: ConsistencySource, logged: Logged, agreement: Agreement | None = None
) -> entries.Entry:
    """The entry that ``logged`` proves to stand in the log; see LogTrust. Raises VerificationError."""
    return trust_of(home, channel, agreement).verify_logged(logged)
