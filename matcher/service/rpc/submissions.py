"""RPCs of ``Submissions``: conversion only."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from matcher.protocol.errors import InputError
from matcher.service import limits
from matcher.service.acts.chunks import Chunk
from matcher.service.acts.sealing import Sealing
from matcher.service.acts.uploads import Uploads
from matcher.service.metrics import Metrics
from matcher.service.rpc import convert
from matcher.service.rpc.ahead import ReadAhead
from matcher.service.rpc.call import Call
from matcher.service.rpc.places import Places
from matcher.wire import concordat_pb2 as pb
from matcher.wire import concordat_pb2_grpc as stubs


class SubmissionsService(stubs.SubmissionsServicer):
    """Blinded submissions."""

    def __init__(self, uploads: Uploads, sealing: Sealing, places: Places, metrics: Metrics) -> None:
        self._uploads = uploads
        self._sealing = sealing
        self._places = places
        self._metrics = metrics

    def Open(self, request: pb.OpenUploadRequest, call: Call) -> pb.OpenUploadReply:
        """Open an upload, or find it again."""
        next_row, sealed = self._uploads.open(
            call.party, request.submission_id, request.agreement, request.flow, request.period, request.sequence,
            request.rows,
        )  # fmt: skip
        return pb.OpenUploadReply(next_row=next_row, sealed=sealed)

    def Upload(self, request: Iterator[pb.RowChunk], call: Call) -> Iterator[pb.UploadAck]:
        """Store chunks; acknowledgements as they are on disk."""
        first = next(request, None)
        if first is None:
            return
        submission = first.submission_id
        before = first.first_row
        chunks = _chunks(chain([first], request), submission)
        with ReadAhead(chunks, limits.CHUNKS_AHEAD, limits.QUIET_STREAM_SECONDS) as ahead:
            for next_row in self._uploads.receive(call.party, submission, ahead, call.check):
                self._metrics.rows.inc(next_row - before)
                before = next_row
                yield pb.UploadAck(next_row=next_row)

    def Seal(self, request: pb.SealRequest, call: Call) -> pb.SealReply:
        """Seal an upload with its manifest."""
        manifest = convert.message_from_wire(request.manifest)
        index = self._sealing.seal(call.party, request.submission_id, manifest, call.check)
        self._metrics.sealed.inc()
        return pb.SealReply(logged=self._places.logged(index))

    def List(self, request: pb.ListSubmissionsRequest, call: Call) -> pb.ListSubmissionsReply:
        """Sealed submissions of a flow and period."""
        items = self._sealing.listed(call.party, request.agreement, request.flow, request.period)
        return pb.ListSubmissionsReply(submissions=[convert.submission(item) for item in items])


def _chunks(stream: Iterator[pb.RowChunk], submission: bytes) -> Iterator[Chunk]:
    for wire in stream:
        if wire.submission_id != submission:
            raise InputError("a stream carries chunks of one upload only")
        yield convert.chunk(wire)
