"""Acknowledging an upload in groups: one sync and one record for many chunks, while the next ones are checked.

    chunks 1..8    checked, written | synced by the thread | recorded, acknowledged
    chunks 9..16                    | checked, written     | synced by the thread | recorded, acknowledged

Rows are recorded only after the sync that covers them, and acknowledged only after they are recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from matcher.service.acts.chunks import Chunk
from matcher.service.store import uploads
from matcher.service.store.database import ControlDatabase
from matcher.service.store.spool import Spool
from matcher.service.store.uploads import Upload

Recorded = Callable[[Upload, Sequence[Chunk]], None]


class Acknowledging:
    """The acknowledgements of one stream into ``file``; ``recorded`` gets the chunks of each as soon as it is recorded,
    where there is one who wants them: else they are not kept."""

    def __init__(self, database: ControlDatabase, file: Spool, recorded: Recorded | None) -> None:
        self._database = database
        self._file = file
        self._recorded = recorded
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sync")
        self._chunks: list[Chunk] = []
        self._syncing: tuple[Upload, Sequence[Chunk], Future[None]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True)

    def add(self, chunk: Chunk) -> None:
        """One more chunk of the group to come."""
        if self._recorded is not None:
            self._chunks.append(chunk)

    def begin(self, upload: Upload) -> Iterator[int]:
        """Begin to sync what ``upload`` counts, all of it written; yields what this makes known of the group before."""
        yield from self.finish()
        self._syncing = upload, self._chunks, self._thread.submit(self._file.sync)
        self._chunks = []

    def finish(self) -> Iterator[int]:
        """Wait for the sync under way, if any, and record what it made durable; yields the rows on disk."""
        if self._syncing is None:
            return
        (upload, chunks, synced), self._syncing = self._syncing, None
        synced.result()
        with self._database.write() as transaction:
            uploads.advance(transaction, upload)
        # The write block above ended: commit point of the acknowledgement.
        if self._recorded is not None:
            self._recorded(upload, chunks)
        yield upload.spooled
