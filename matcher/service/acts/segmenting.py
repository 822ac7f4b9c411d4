"""Segments that are written while their uploads run, so that a seal has little left to write.

    the stream    | group 1 acknowledged | group 2 acknowledged    | ...
    a thread                             | rows of 1 in the segment | rows of 2 ...    the seal: the rest, sync, name

A segment follows its spool: rows that are recorded as acknowledged go in, whole row groups at a time, so it comes out
the same whenever it is written. They are the columns that came, still in memory; only what came before the segment was
begun, as before a restart, is read from the spool. At most one group waits here: a stream is no faster than its
segment. Nothing relies on it. What a disk has refused or another key has wrapped is written by the seal, from the spool
and from the first row on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pyarrow as pa

from matcher.protocol.errors import StateError
from matcher.service import journal, limits
from matcher.service.acts.chunks import Chunk
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
        self._ahead: dict[bytes, Ahead] = {}
        self._lock = threading.Lock()

    def key(self, name: PeriodName, *, is_begun: bool) -> PeriodKey:
        """The wrapping key of a period; ``is_begun``: rows are sealed under it. Raises NotFoundError: it is lost."""
        # Its loss must not be covered up by a fresh one.
        return self._period_keys.get(name.key_name()) if is_begun else self._period_keys.ensure(name.key_name())

    def ahead(self, upload: Upload) -> Ahead | None:
        """Who writes the segment beside the stream that is about to feed ``upload``; None where the seal will.

        That is where the rows fill no row group, and where there is no place.
        """
        if upload.rows < segments.GROUP_ROWS:
            return None
        lapsed = None
        with self._lock:
            if upload.submission not in self._ahead:
                if len(self._ahead) == limits.SEGMENTS_AHEAD and (lapsed := self._lapsed()) is None:
                    return None
                self._ahead[upload.submission] = Ahead(self._home, self._begin)
            taken = self._ahead[upload.submission]
            taken.followed_at = time.monotonic()
        if lapsed is not None:
            lapsed.discard()
        return taken

    def _lapsed(self) -> Ahead | None:
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
                writer.append([segments.unpacked(packed, upload.row_size)])
            writer.finish()
        except BaseException:
            writer.discard()
            raise

    def _taken(self, submission: bytes, key: PeriodKey) -> Writer | None:
        with self._lock:
            ahead = self._ahead.pop(submission, None)
        if ahead is None or (begun := ahead.finish()) is None:
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


class Ahead:
    """One segment, written by a thread of its own, which ``begin`` opens."""

    def __init__(self, home: ServiceHome, begin: Callable[[Upload], tuple[PeriodKey, Writer]]) -> None:
        self.followed_at = time.monotonic()
        self._home = home
        self._begin = begin
        self._begun: tuple[PeriodKey, Writer] | None = None
        self._groups = _Groups()
        self._stopped = threading.Event()
        self._writing: Future[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="segment")

    def follow(self, upload: Upload, chunks: Sequence[Chunk]) -> None:
        """Have ``chunks`` written, the last of the acknowledged rows of ``upload``, once those before them are."""
        self.followed_at = time.monotonic()
        if self._writing is not None:
            self._writing.result()
        if not self._stopped.is_set():
            self._writing = self._thread.submit(self._write, upload, chunks)

    def finish(self) -> tuple[PeriodKey, Writer] | None:
        """End the thread when it has written what it was given; what it wrote, None when it failed."""
        self._thread.shutdown()
        begun, self._begun = self._begun, None
        return begun

    def discard(self) -> None:
        """End the thread after the row group that it writes, and remove what it wrote."""
        self._stopped.set()
        if (begun := self.finish()) is not None:
            begun[1].discard()

    def _write(self, upload: Upload, chunks: Sequence[Chunk]) -> None:
        try:
            if self._begun is None:
                self._begun = self._begin(upload)
            writer = self._begun[1]
            for batch in self._batches(upload, chunks, writer.rows + self._groups.rows):
                for group in self._groups.add(batch):
                    if self._stopped.is_set():
                        return
                    writer.append(group)
            writer.sync()
        except Exception:
            # No upload fails by it: the seal writes the segment, and says what is wrong then.
            journal.failure("segment-not-ahead", party=upload.party)
            self._stopped.set()
            if self._begun is not None:
                self._begun[1].discard()
                self._begun = None

    def _batches(self, upload: Upload, chunks: Sequence[Chunk], reached: int) -> Iterator[pa.RecordBatch]:
        """The rows from ``reached`` on: those before the chunks from the spool."""
        if reached > chunks[0].first:
            raise StateError("rows were taken again that are in the segment")
        for packed in spool.read(
            self._home.spool, upload.submission, reached, chunks[0].first, upload.row_size, segments.GROUP_ROWS
        ):
            yield segments.unpacked(packed, upload.row_size)
        for chunk in chunks:
            yield segments.received(chunk.columns, upload.row_size)


class _Groups:
    """Rows that wait until they fill a row group; there are ``rows`` of them."""

    def __init__(self) -> None:
        self.rows = 0
        self._batches: list[pa.RecordBatch] = []

    def add(self, batch: pa.RecordBatch) -> Iterator[list[pa.RecordBatch]]:
        """More rows; yields the row groups that are whole now."""
        while self.rows + batch.num_rows >= segments.GROUP_ROWS:
            taken = segments.GROUP_ROWS - self.rows
            yield [*self._batches, batch.slice(0, taken)]
            self.rows, self._batches, batch = 0, [], batch.slice(taken)
        if batch.num_rows:
            self._batches.append(batch)
            self.rows += batch.num_rows
