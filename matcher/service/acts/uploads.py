"""Uploading: open, stream, resume. An acknowledged row is on disk before the acknowledgement leaves.

One party has one upload under way per flow and period, and one stream at a time feeds it. Opening with another
submission id gives the former up: the agency made a new spool.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from sqlite_utils import Database

from matcher.protocol import merkle, rows
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import InputError, OverloadedError, StateError
from matcher.protocol.vector import VectorLayout
from matcher.service import journal, limits, policy
from matcher.service.acts import chunks
from matcher.service.acts.acknowledging import Acknowledging
from matcher.service.acts.segmenting import Segmenting
from matcher.service.store import agreements, periods, spool, uploads
from matcher.service.store.database import ControlDatabase
from matcher.service.store.log import Clock
from matcher.service.store.periods import PeriodName
from matcher.service.store.uploads import Upload

SUBMISSION_ID_SIZE = 16
_BUSY_RETRY_SECONDS = 2.0
_EMPTY_EDGE = merkle.CompactRange().to_bytes()


class Uploads:
    """The acts around one spool directory."""

    def __init__(
        self, database: ControlDatabase, spool_directory: Path, segmenting: Segmenting, clock: Clock
    ) -> None:  # fmt: skip
        self._database = database
        self._spool = spool_directory
        self._segmenting = segmenting
        self._clock = clock
        self._streams: set[bytes] = set()
        self._streams_lock = threading.Lock()

    def open(
        self, party: str, submission: bytes, agreement_digest: bytes, flow: str, period: str, sequence: int, count: int
    ) -> tuple[int, bool]:
        """(rows on disk, sealed already). Raises when the agreement, the period, a quota or the sequence refuses."""
        if len(submission) != SUBMISSION_ID_SIZE:
            raise InputError(f"a submission id has {SUBMISSION_ID_SIZE} bytes")
        replaced = None
        with self._database.write() as transaction:
            if uploads.sealed_by_id(transaction, submission, party) is not None:
                return count, True
            now = self._clock()
            agreement = agreements.usable(transaction, agreement_digest, now)
            policy.require_party(agreement, party)
            policy.require_member(agreement.flow(flow), party)
            name = PeriodName(agreement.id, flow, period)
            require_room(transaction, agreement, name, party, sequence, count, now)
            present = uploads.under_way(transaction, name, party)
            if present is not None and present.submission == submission:
                _require_same(present, sequence, count)
                # Never while a stream appends: its unrecorded bytes would be cut off under it.
                with self.exclusively(submission):
                    return self._reopen(transaction, present), False
            if uploads.is_taken(transaction, submission):
                raise policy.ConcealedError("not-the-sender", "no such upload of this party is open")
            if present is not None:
                with self.exclusively(present.submission):
                    uploads.remove(transaction, present.submission)
                    replaced = present.submission
            uploads.add(transaction, _new(agreement, name, party, submission, sequence, count))
        # The write block above ended: commit point. A crash before this line leaves a spool that start-up removes.
        if replaced is not None:
            self._segmenting.discard(replaced)
            spool.remove(self._spool, replaced)
        return 0, False

    def _reopen(self, transaction: Database, upload: Upload) -> int:
        try:
            with spool.Spool(self._spool, upload.submission, upload.spooled, upload.row_size):
                return upload.spooled
        except StateError:
            # Acknowledged rows are gone: say so, and take all rows again rather than seal something else.
            journal.warning("spool-lost-rows", party=upload.party, acknowledged=upload.spooled)
            uploads.advance(transaction, replace(upload, spooled=0, edge=_EMPTY_EDGE, last_key=b"", repeats=0))
            self._segmenting.discard(upload.submission)
            spool.remove(self._spool, upload.submission)
            return 0

    def receive(
        self, party: str, submission: bytes, stream: Iterable[chunks.Chunk | None], check: Callable[[], None]
    ) -> Iterator[int]:
        """Store chunks as they come; yields the rows on disk, after each group of chunks.

        None in the stream says that no chunk is there yet: what came so far is then acknowledged, as it is at the end.
        ``check`` raises when the call is over.
        """
        with self.exclusively(submission):
            with self._database.read() as transaction:
                upload = uploads.find(transaction, submission, party)
            ahead = self._segmenting.ahead(upload)
            with (
                spool.Spool(self._spool, submission, upload.spooled, upload.row_size) as file,
                Acknowledging(self._database, file, ahead.follow if ahead is not None else None) as group,
            ):
                waiting = 0
                for chunk in stream:
                    if chunk is not None:
                        check()
                        packed = chunks.check(chunk, upload)
                        upload = chunks.accept(packed, upload)
                        file.append(packed)
                        group.add(chunk)
                        waiting += len(packed)
                    if waiting >= limits.ACKNOWLEDGED_BYTES or (chunk is None and waiting):
                        waiting = 0
                        yield from group.begin(upload)
                    if chunk is None:
                        yield from group.finish()
                if waiting:
                    yield from group.begin(upload)
                yield from group.finish()

    @contextmanager
    def exclusively(self, submission: bytes) -> Iterator[None]:
        """Hold an upload against other streams and against sealing. Raises OverloadedError when it is held."""
        with self._streams_lock:
            if submission in self._streams:
                raise OverloadedError("another stream feeds this upload", retry_seconds=_BUSY_RETRY_SECONDS)
            self._streams.add(submission)
        try:
            yield
        finally:
            with self._streams_lock:
                self._streams.discard(submission)


def require_room(
    transaction: Database, agreement: Agreement, name: PeriodName, party: str, sequence: int, count: int, now: int
) -> None:
    """Raise unless the party may submit ``count`` rows as its ``sequence``-th submission of the period now (ms)."""
    epoch = agreement.matching.links[agreement.flow(name.flow).link].epoch
    period = periods.require_open(transaction, agreement, name, epoch, now)
    policy.require_window(agreement, period.opened_at if period else None, now)
    mine = [item for item in uploads.sealed_in(transaction, name) if item.party == party]
    quotas = agreement.quotas[party]
    policy.require_quota(len(mine), 1, quotas.submissions, "submissions of this period")
    policy.require_quota(sum(item.rows for item in mine), count, quotas.rows, "rows of this period")
    if sequence != len(mine) + 1:
        raise StateError(f"submission {len(mine) + 1} of {party} is next; this is {sequence}")


def _require_same(present: Upload, sequence: int, count: int) -> None:
    if (present.sequence, present.rows) != (sequence, count):
        raise StateError(f"this upload was opened as submission {present.sequence} with {present.rows} rows")


def _new(
    agreement: Agreement, name: PeriodName, party: str, submission: bytes, sequence: int, count: int
) -> Upload:  # fmt: skip
    flow = agreement.flow(name.flow)
    per_token = flow.multiple if flow.side_of(party) == "asking" else 1
    return Upload(
        submission, agreement.digest, name, party, sequence, count, rows.row_size(VectorLayout(flow.fields).width),
        per_token, 0, _EMPTY_EDGE, b"", 0,
    )  # fmt: skip
