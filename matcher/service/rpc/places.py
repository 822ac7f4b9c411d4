"""Where acts stand in the log, for replies: entry, newest checkpoint and the proof between them, from one snapshot."""

from __future__ import annotations

from matcher.service.rpc import convert
from matcher.service.store import log
from matcher.service.store.database import ControlDatabase
from matcher.service.store.runs import Run
from matcher.wire import concordat_pb2 as pb


class Places:
    """Looks entries up."""

    def __init__(self, database: ControlDatabase) -> None:
        self._database = database

    def logged(self, index: int) -> pb.Logged:
        """Entry ``index`` with its proof."""
        with self._database.read() as transaction:
            return convert.logged(log.place(transaction, index))

    def run(self, item: Run) -> pb.RunInfo:
        """A run with the proof of its log entry."""
        with self._database.read() as transaction:
            return convert.run(item, log.place(transaction, item.log_index))
