"""The first call of a session: a caller may show a newer checkpoint of this log than the database has.

Then this is an older state of the log, however it came back. The log is ended: from now on nothing is appended, and
whoever calls is told (design section 7). A checkpoint counts only if this log's own key signed it.
"""

from __future__ import annotations

from matcher.protocol.errors import StateError, VerificationError
from matcher.service import journal
from matcher.service.store.database import ControlDatabase
from matcher.service.store.log import LogWriter
from matcher.service.store.newest import NewestCheckpoint


class Greeting:
    """Takes the checkpoints that callers show."""

    def __init__(self, database: ControlDatabase, log: LogWriter, newest: NewestCheckpoint) -> None:
        self._database = database
        self._log = log
        self._newest = newest

    def take(self, note: str) -> None:
        """Take the newest checkpoint a caller has verified, or nothing. Raises StateError when the log is ended."""
        self._log.require_continued()
        if not note:
            return
        try:
            with self._database.read() as transaction:
                self._newest.require_not_newer(transaction, note)
        except VerificationError:
            return  # of another log, or of none: the caller finds that out from ours
        except StateError as reason:
            self._log.end(reason)
            journal.warning("log-ended", reason=str(reason))
            raise
