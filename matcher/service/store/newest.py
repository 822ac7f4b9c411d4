"""The newest checkpoint that this log is known to have signed, in a file beside the database (design section 7).

A log restored to an older state is ended, never repaired: what was signed after it stands in other people's hands. So
the service writes its newest checkpoint here when it starts, now and then, and when it stops; and a party that shows a
newer one (Hello) adds it. A database behind this file is an older state: nothing is appended to it any more.
"""

from __future__ import annotations

from pathlib import Path

from sqlite_utils import Database

from matcher.protocol import checkpoint, contract
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import StateError, VerificationError
from matcher.service.home import write_durably
from matcher.service.store import log

ENDED = contract.LOG_ENDED
_REMEDY = (
    "Let the operator restore the newest state, if it still exists. Otherwise make a new service with a new origin, "
    "and name it in the next version of the agreement."
)


class NewestCheckpoint:
    """The file ``path``; ``log_key`` is the log's verifier key."""

    def __init__(self, path: Path, log_key: str) -> None:
        self._path = path
        self._log_key = log_key

    def read(self) -> Checkpoint | None:
        """The newest checkpoint known, or None. Raises StateError when the file is damaged."""
        if not self._path.is_file():
            return None
        try:
            return checkpoint.verify(self._path.read_text(encoding="utf-8"), self._log_key)
        except (VerificationError, ValueError) as error:
            raise StateError(
                f"{self._path.name} is damaged or of another log",
                remedy="Put a checkpoint of this log there, such as a party kept.",
            ) from error

    def keep(self, note: str) -> Checkpoint:
        """Keep ``note`` if it is newer than the one kept. Raises VerificationError unless this log signed it."""
        seen = checkpoint.verify(note, self._log_key)
        known = self.read()
        if known is None or seen.size > known.size:
            write_durably(self._path, note.encode())
        return seen

    def keep_own(self, transaction: Database) -> None:
        """Keep the database's own newest checkpoint."""
        self.keep(log.checkpoint(transaction))

    def require_not_newer(self, transaction: Database, note: str) -> None:
        """Raise StateError (``log-ended``) when ``note`` is newer than the database, and keep it.

        Raises VerificationError unless this log signed it.
        """
        seen = checkpoint.verify(note, self._log_key)
        if seen.size > log.tree_size(transaction):
            self.keep(note)
            self.require_continued(transaction)

    def require_continued(self, transaction: Database) -> None:
        """Raise StateError (``log-ended``) when the database is an older state than the newest checkpoint known."""
        known = self.read()
        if known is None:
            return
        size = log.tree_size(transaction)
        if known.size > size:
            raise ended(known.size, size)
        own = checkpoint.verify(log.checkpoint(transaction), self._log_key)
        if known.size == size and known.root != own.root:
            raise ended(known.size, size)


def ended(known: int, size: int) -> StateError:
    """The error for a log of ``size`` entries whose checkpoint of ``known`` entries exists."""
    return StateError(
        f"this log was restored to an older state of {size} entries and is ended: it signed a checkpoint of {known}",
        code=ENDED, remedy=_REMEDY,
    )  # fmt: skip
