"""RPCs of ``Log``: any admitted party may check the log's growth; its entries are for auditors."""

from __future__ import annotations

from collections.abc import Iterator

from matcher.service import policy
from matcher.service.acts.witnessing import Witnessing
from matcher.service.rpc.call import Call
from matcher.service.store import agreements, log
from matcher.service.store.database import ControlDatabase
from matcher.wire import concordat_pb2 as pb
from matcher.wire import concordat_pb2_grpc as stubs

_ANSWER_SECONDS = 2.0


class LogService(stubs.LogServicer):
    """The audit log."""

    def __init__(self, database: ControlDatabase, witnessing: Witnessing) -> None:
        self._database = database
        self._witnessing = witnessing

    def GetCheckpoint(self, request: pb.GetCheckpointRequest, call: Call) -> pb.Checkpoint:
        """The newest checkpoint, or the newest cosigned one; waits, but leaves time to answer before the deadline."""
        wait = min(float(request.wait_seconds), max(0.0, call.remaining() - _ANSWER_SECONDS))
        found = self._witnessing.checkpoint(call.party, request.at_least, request.agreement, wait, call.check)
        return pb.Checkpoint(note=found)

    def AddCosignature(self, request: pb.AddCosignatureRequest, call: Call) -> pb.AddCosignatureReply:
        """Take a witness's cosignature."""
        return pb.AddCosignatureReply(held=self._witnessing.cosign(call.party, request.size, request.line))

    def GetEntries(self, request: pb.GetEntriesRequest, call: Call) -> Iterator[pb.LogEntry]:
        """Entries by index; limit 0 reads to the end as it stands now."""
        with self._database.read() as transaction:
            if not agreements.is_auditor(transaction, call.party):
                raise policy.deny("auditors-only", f"{call.party} is no auditor")
            size = log.tree_size(transaction)
        position = request.first
        end = min(size, position + request.limit) if request.limit else size
        while position < end:
            with self._database.read() as transaction:
                page = list(log.entries(transaction, position, end - position))
            for index, entry in page:
                call.check()
                yield pb.LogEntry(index=index, entry=entry)
            position += len(page)

    def GetInclusionProof(self, request: pb.InclusionProofRequest, call: Call) -> pb.Proof:  # noqa: ARG002
        """RFC 6962 inclusion proof."""
        with self._database.read() as transaction:
            return pb.Proof(hashes=log.inclusion(transaction, request.index, request.size))

    def GetConsistencyProof(self, request: pb.ConsistencyProofRequest, call: Call) -> pb.Proof:  # noqa: ARG002
        """RFC 6962 consistency proof."""
        with self._database.read() as transaction:
            return pb.Proof(hashes=log.consistency(transaction, request.first, request.second))
