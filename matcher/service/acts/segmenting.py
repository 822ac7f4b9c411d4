"""Segments that are written while their uploads run, so that a seal has little left to write.

    the stream    | group 1 acknowledged | group 2 acknowledged    | ...
    a thread                             | rows of 1 in the segment | rows of 2 ...    the seal: the rest, sync, name

A segment follows its spool: rows that are recorded as acknowledged go in, whole row groups at a time, so it comes out
the same whenever it is written. Nothing relies on it. What a restart has ended, a disk has refused or another key has
wrapped is written by the seal, from the spool and from the first row on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from matcher.service import journal, limits
from matcher.service.home import ServiceHome
from matcher.service.store import segments, spool, uploads
from matcher.service.store.database import ControlDatabase
from matcher.service.store.period_keys import PeriodKey, PeriodKeys
from matcher.service.store.periods import PeriodName
from matcher.service.store.segments import Writer
from matcher.service.store.uploads import Upload


class Segmenting:
    """The segments of one home: a few are written ahead, the others when they are sealed."""

    def __init__(self, database: ControlDatabase, home: ServiceHome, period_keys: PeriodKeys) -> None:
        self._database = database
        self._home = home
        self._period_keys = period_keys
        self._ahead: dict[bytes, _Ahead] = {}
        self._lock = threading.Lock()

    def key(self, name: PeriodName, *, is_begun: bool) -> PeriodKey:
        """The wrapping key of a period; ``is_begun``: rows are sealed under it. Raises NotFoundError: it is lost."""
        # Its loss must not be covered up by a fresh one.
        return self._period_keys.get(name.key_name()) if is_begun else self._period_keys.ensure(name.key_name())

    def follow(self, upload: Upload) -> None:
        """Write, beside, what of the acknowledged rows fills row groups; where there is no place, the seal will."""
        if upload.spooled < segments.GROUP_ROWS:
            return
        lapsed = None
        with self._lock:
            if upload.submission not in self._ahead:
                if len(self._ahead) == limits.SEGMENTS_AHEAD and (lapsed := self._lapsed()) is None:
                    return
                self._ahead[upload.submission] = _Ahead(self._home, self._begin)
            self._ahead[upload.submission].follow(upload)
        if lapsed is not None:
            lapsed.discard()

    def _lapsed(self) -> _Ahead | None:
        """Take one out that no stream has fed for long."""
        before = time.monotonic() - limits.SEGMENT_REST_SECONDS
        for submission, ahead in self._ahead.items():
            if ahead.followed_at < before:
                return self._ahead.pop(submission)
        return None

    def _begin(self, upload: Upload) -> tuple[PeriodKey, Writer]:
        with self._database.read() as transaction:
            is_begun = bool(uploads.sealed_in(transaction, upload.name))
        key = self.key(upload.name, is_begun=is_begun)
        return key, self._writer(upload, key)

    def _writer(self, upload: Upload, key: PeriodKey) -> Writer:
        return Writer(self._home.segments, upload.submission, upload.row_size, key)

    def finish(self, upload: Upload, key: PeriodKey, check: Callable[[], None]) -> None:
        """Write the segment to its end and give it its name. ``check`` raises when nobody waits any more."""
        writer = self._taken(upload.submission, key) or self._writer(upload, key)
        try:
            for packed in spool.read(
                self._home.spool, upload.submission, writer.rows, upload.rows, upload.row_size, segments.GROUP_ROWS
            ):
                check()
                writer.append(packed)
            writer.finish()
        except BaseException:
            writer.discard()
            raise

    def _taken(self, submission: bytes, key: PeriodKey) -> Writer | None:
        with self._lock:
            ahead = self._ahead.pop(submission, None)
        if ahead is None or (begun := ahead.stop()) is None:
            return None
        if begun[0].is_same(key):
            return begun[1]
        begun[1].discard()
        return None

    def discard(self, submission: bytes) -> None:
        """Give up what was written of an upload that was replaced or lost."""
        with self._lock:
            ahead = self._ahead.pop(submission, None)
        if ahead is not None:
            ahead.discard()

    def close(self) -> None:
        """Give up all of them: the service stops."""
        for submission in list(self._ahead):
            self.discard(submission)


class _Ahead:
    """One segment, written by a thread of its own, which ``begin`` opens."""

    def __init__(self, home: ServiceHome, begin: Callable[[Upload], tuple[PeriodKey, Writer]]) -> None:
        self.followed_at = time.monotonic()
        self._home = home
        self._begin = begin
        self._begun: tuple[PeriodKey, Writer] | None = None
        self._stopped = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="segment")

    def follow(self, upload: Upload) -> None:
        """Have the rows of ``upload`` written."""
        self.followed_at = time.monotonic()
        self._thread.submit(self._write, upload)

    def stop(self) -> tuple[PeriodKey, Writer] | None:
        """End the thread after the row group that it writes; what it wrote, None when it failed."""
        self._stopped.set()
        self._thread.shutdown(cancel_futures=True)
        begun, self._begun = self._begun, None
        return begun

    def discard(self) -> None:
        """End the thread and remove what it wrote."""
        if (begun := self.stop()) is not None:
            begun[1].discard()

    def _write(self, upload: Upload) -> None:
        if self._stopped.is_set():
            return
        end = upload.spooled // segments.GROUP_ROWS * segments.GROUP_ROWS
        try:
            if self._begun is None:
                self._begun = self._begin(upload)
            writer = self._begun[1]
            for packed in spool.read(
                self._home.spool, upload.submission, writer.rows, end, upload.row_size, segments.GROUP_ROWS
            ):
                writer.append(packed)
                if self._stopped.is_set():
                    return
            writer.sync()
        except Exception:
            # No upload fails by it: the seal writes the segment, and says what is wrong then.
            journal.failure("segment-not-ahead", party=upload.party)
            self._stopped.set()
            if self._begun is not None:
                self._begun[1].discard()
                self._begun = None
