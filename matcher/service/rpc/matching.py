"""RPCs of ``Matching``: conversion only."""

from __future__ import annotations

from collections.abc import Iterator

from matcher.service.acts.listing import Listing
from matcher.service.acts.matching import Matching
from matcher.service.match.run import Progress
from matcher.service.rpc import convert
from matcher.service.rpc.call import Call
from matcher.service.rpc.places import Places
from matcher.wire import concordat_pb2 as pb
from matcher.wire import concordat_pb2_grpc as stubs


class MatchingService(stubs.MatchingServicer):
    """Match runs and findings."""

    def __init__(self, matching: Matching, listing: Listing, places: Places) -> None:
        self._matching = matching
        self._listing = listing
        self._places = places

    def Run(self, request: pb.RunRequest, call: Call) -> Iterator[pb.RunProgress]:
        """Run a match; the last message carries the run."""
        for step in self._matching.run(call.party, convert.message_from_wire(request.request), call.check):
            if isinstance(step, Progress):
                yield pb.RunProgress(stage=step.stage, done=step.done, total=step.total)
            else:
                yield pb.RunProgress(
                    stage="record", done=step.findings, total=step.findings, run=self._places.run(step)
                )  # fmt: skip

    def ListRuns(self, request: pb.ListRunsRequest, call: Call) -> pb.ListRunsReply:
        """Runs of a flow and period."""
        items = self._matching.runs(call.party, request.agreement, request.flow, request.period)
        return pb.ListRunsReply(runs=[self._places.run(item) for item in items])

    def ListFindings(self, request: pb.ListFindingsRequest, call: Call) -> Iterator[pb.FindingItem]:
        """Findings of a run that concern the caller."""
        for item in self._listing.one_by_one(call.party, request.run_digest):
            call.check()
            yield pb.FindingItem(
                leaf=item.leaf, index=item.position, size=item.size, inclusion=item.inclusion, state=item.state,
                request_index=item.request_index, since=item.since,
            )  # fmt: skip

    def ListFindingColumns(self, request: pb.ListFindingsRequest, call: Call) -> Iterator[pb.FindingColumns]:
        """Findings of a run that concern the caller, as columns."""
        for item in self._listing.by_columns(call.party, request.run_digest):
            call.check()
            yield convert.finding_columns(item)

    def GetReceipts(self, request: pb.GetReceiptsRequest, call: Call) -> pb.GetReceiptsReply:
        """Receipts of a run."""
        items = self._matching.receipts(call.party, request.run_digest)
        return pb.GetReceiptsReply(
            receipts=[pb.Receipt(party=item.party, note=item.note) for item in items],
            logged=self._places.logged(items[0].log_index),
        )
