"""Acknowledging an upload in groups: one sync and one record for many chunks, while the next ones are checked.

    chunks 1..8    checked, written | synced by the thread | recorded, acknowledged
    chunks 9..16                    | checked, written     | synced by the thread | recorded, acknowledged

Rows are recorded only after the sync that covers them, and acknowledged only after they are recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from matcher.service.store import uploads
from matcher.service.store.database import ControlDatabase
from matcher.service.store.spool import Spool
from matcher.service.store.uploads import Upload


class Acknowledging:
    """The acknowledgements of one stream into ``file``; ``recorded`` is told of each as soon as it is recorded."""

    def __init__(self, database: ControlDatabase, file: Spool, recorded: Callable[[Upload], None]) -> None:
        self._database = database
        self._file = file
        self._recorded = recorded
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sync")
        self._syncing: tuple[Upload, Future[None]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True)

    def begin(self, upload: Upload) -> Iterator[int]:
        """Begin to sync what ``upload`` counts, all of it written; yields what this makes known of the group before."""
        yield from self.finish()
        self._syncing = upload, self._thread.submit(self._file.sync)

    def finish(self) -> Iterator[int]:
        """Wait for the sync under way, if any, and record what it made durable; yields the rows on disk."""
        if self._syncing is None:
            return
        (upload, synced), self._syncing = self._syncing, None
        synced.result()
        with self._database.write() as transaction:
            uploads.advance(transaction, upload)
        # The write block above ended: commit point of the acknowledgement.
        self._recorded(upload)
        yield upload.spooled
