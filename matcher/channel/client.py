"""The client of the service: mutual TLS, deadlines, plain values in and out.

The service's certificate is pinned (it is the only root), and the caller's own certificate says who calls. Nothing
here verifies signatures or proofs: the callers do, with their own last checkpoint.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import grpc

from matcher import VERSION
from matcher.channel import convert, types
from matcher.channel.errors import from_rpc
from matcher.protocol import contract
from matcher.protocol.errors import StateError, UnreachableError
from matcher.protocol.messages import SignedMessage
from matcher.protocol.suite import SUITE
from matcher.wire import concordat_pb2 as pb
from matcher.wire import concordat_pb2_grpc as stubs

SERVER_NAME = "concordat"
_UNARY_SECONDS = 30.0
_STREAM_SECONDS = 3600.0
_MAX_MESSAGE = 8 << 20


@dataclass(frozen=True, slots=True)
class Greeting:
    """How a connection begins: ``shown`` gives the newest checkpoint that was verified here, or ""; with
    ``reads_ended`` a log that has ended is read all the same."""

    shown: Callable[[], str]
    reads_ended: bool = False


class Channel:
    """A connection to the service. Methods raise the ConcordatError that the service's status stands for.

    With a ``greeting`` every connection begins with ``Hello``, and again when the service was away in between: it may
    have come back as another version, or with an older state of its log. Programs dial through dialling.py.
    """

    def __init__(
        self, address: str, key_pem: bytes, certificate_pem: str, server_certificate_pem: str,
        greeting: Greeting | None = None,
    ) -> None:  # fmt: skip
        self._greeting = greeting
        self._is_settled = False
        # Without a greeting nothing is negotiated: both ends are of one program.
        self._revision = contract.OLDEST if greeting else contract.NEWEST
        credentials = grpc.ssl_channel_credentials(
            root_certificates=server_certificate_pem.encode(),
            private_key=key_pem,
            certificate_chain=certificate_pem.encode(),
        )
        options = [
            ("grpc.ssl_target_name_override", SERVER_NAME),
            ("grpc.max_receive_message_length", _MAX_MESSAGE),
            ("grpc.max_send_message_length", _MAX_MESSAGE),
        ]
        self._channel = grpc.secure_channel(address, credentials, options=options)
        self._directory = stubs.DirectoryStub(self._channel)
        self._submissions = stubs.SubmissionsStub(self._channel)
        self._matching = stubs.MatchingStub(self._channel)
        self._mailbox = stubs.MailboxStub(self._channel)
        self._log = stubs.LogStub(self._channel)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._channel.close()

    def greet(self) -> types.Greeted:
        """Say ``Hello`` as the greeting has it. Raises as ``hello``."""
        started = time.time()
        hello = self.hello(SUITE, VERSION, self._greeting.shown() if self._greeting else "")
        seconds = time.time() - started
        return types.Greeted(hello, started + seconds / 2, seconds)

    def hello(self, suite: str, client_version: str, checkpoint: str = "") -> types.Hello:
        """Negotiate; the first call of a connection. ``checkpoint`` is the newest one that was verified here.

        Raises AgreementError (no common suite or revision), StateError (the service lost entries: ``log-ended``).
        """
        request = pb.HelloRequest(
            suites=[suite], client_version=client_version, contract=contract.NEWEST, checkpoint=checkpoint
        )
        reply = _once(self._directory.Hello, request)
        self._revision = contract.settle(reply.contract)
        self._is_settled = True
        return types.Hello(
            reply.suite, reply.server_version, reply.time, reply.log_origin, reply.log_key, reply.max_chunk_bytes,
            reply.party,
        )  # fmt: skip

    def publish(self, matching: bytes, agreement: bytes, signatures: Iterable[SignedMessage]) -> types.Published:
        """Store an agreement's files and signatures."""
        request = pb.PublishAgreementRequest(
            matching_file=matching,
            agreement_file=agreement,
            signatures=[convert.message_to_wire(item) for item in signatures],
        )
        return convert.published(self._call(self._directory.PublishAgreement, request))

    def get_agreement(self, digest: bytes = b"", agreement_id: str = "") -> types.Published:
        """One agreement by digest, or the newest version of an id."""
        request = pb.GetAgreementRequest(digest=digest, agreement_id=agreement_id)
        return convert.published(self._call(self._directory.GetAgreement, request))

    def list_agreements(self) -> list[types.Published]:
        """The caller's agreements, without files."""
        reply = self._call(self._directory.ListAgreements, pb.ListAgreementsRequest())
        return [convert.published(item) for item in reply.agreements]

    def get_card(self, party: str) -> SignedMessage:
        """The admitted card of a party."""
        return convert.message_from_wire(self._call(self._directory.GetCard, pb.GetCardRequest(party=party)).card)

    def open_upload(
        self, submission_id: bytes, agreement: bytes, flow: str, period: str, sequence: int, rows: int
    ) -> types.UploadState:
        """Open an upload, or find it again."""
        request = pb.OpenUploadRequest(
            submission_id=submission_id, agreement=agreement, flow=flow, period=period, sequence=sequence, rows=rows
        )
        reply = self._call(self._submissions.Open, request)
        return types.UploadState(reply.next_row, reply.sealed)

    def upload(self, submission_id: bytes, chunks: Iterable[types.Chunk]) -> Iterator[int]:
        """Stream chunks; yields the number of rows on disk after each acknowledgement."""
        requests = (convert.chunk_to_wire(submission_id, chunk) for chunk in chunks)
        for acknowledgement in self._stream(self._submissions.Upload, requests):
            yield acknowledgement.next_row

    def seal(self, submission_id: bytes, manifest: SignedMessage) -> types.Logged:
        """Seal an upload with its manifest."""
        request = pb.SealRequest(submission_id=submission_id, manifest=convert.message_to_wire(manifest))
        return convert.logged(self._call(self._submissions.Seal, request, _STREAM_SECONDS).logged)

    def list_submissions(self, agreement: bytes, flow: str, period: str) -> list[types.SubmissionInfo]:
        """Sealed submissions, in order of sealing."""
        request = pb.ListSubmissionsRequest(agreement=agreement, flow=flow, period=period)
        return [
            types.SubmissionInfo(
                item.party, item.sequence, item.rows, item.manifest_digest, item.sealed_at, item.log_index
            )
            for item in self._call(self._submissions.List, request).submissions
        ]

    def run_match(self, request: SignedMessage) -> Iterator[types.RunProgress]:
        """Run a match; the last progress carries the run."""
        wire = pb.RunRequest(request=convert.message_to_wire(request))
        for item in self._stream(self._matching.Run, wire):
            run = convert.run(item.run) if item.HasField("run") else None
            yield types.RunProgress(item.stage, item.done, item.total, run)

    def list_runs(self, agreement: bytes, flow: str, period: str) -> list[types.RunInfo]:
        """Runs, newest last."""
        request = pb.ListRunsRequest(agreement=agreement, flow=flow, period=period)
        return [convert.run(item) for item in self._call(self._matching.ListRuns, request).runs]

    def list_findings(self, run_digest: bytes) -> Iterator[types.FindingItem]:
        """Findings of a run that concern the caller."""
        for item in self._stream(self._matching.ListFindings, pb.ListFindingsRequest(run_digest=run_digest)):
            yield types.FindingItem(
                item.leaf, item.index, item.size, tuple(item.inclusion), item.state, item.request_index, item.since
            )

    def speaks(self, revision: int) -> bool:
        """Whether the service speaks this revision of the contract, or a later one."""
        self._settle()
        return self._revision >= revision

    def finding_columns(self, run_digest: bytes) -> Iterator[types.FindingColumns]:
        """The same findings as columns; from revision ``contract.FINDING_COLUMNS`` on."""
        for item in self._stream(self._matching.ListFindingColumns, pb.ListFindingsRequest(run_digest=run_digest)):
            yield convert.finding_columns(item)

    def receipts(self, run_digest: bytes) -> types.Receipts:
        """Who learned what by a run: the caller's own receipt, or all for an auditor."""
        reply = self._call(self._matching.GetReceipts, pb.GetReceiptsRequest(run_digest=run_digest))
        return types.Receipts({item.party: item.note for item in reply.receipts}, convert.logged(reply.logged))

    def send(self, message: SignedMessage, attachment: bytes = b"") -> types.Logged:
        """Send a message; returns where it stands in the log."""
        request = pb.SendRequest(message=convert.message_to_wire(message), attachment=attachment)
        return convert.logged(self._call(self._mailbox.Send, request).logged)

    def receive(
        self, kinds: Iterable[str] = (), after: int = 0, limit: int = 64, wait_seconds: int = 0
    ) -> list[types.MailItem]:
        """Messages to the caller from log index ``after`` on; waits up to ``wait_seconds`` for the first."""
        request = pb.ReceiveRequest(kinds=list(kinds), after=after, limit=limit, wait_seconds=wait_seconds)
        reply = self._call(self._mailbox.Receive, request, _UNARY_SECONDS + wait_seconds)
        return [
            types.MailItem(convert.message_from_wire(item.message), item.attachment, item.index, item.entry)
            for item in reply.items
        ]

    def checkpoint(self, at_least: int = 0, agreement: bytes = b"", wait_seconds: int = 0) -> str:
        """The newest checkpoint of ``at_least`` entries, as a signed note; waits up to ``wait_seconds`` for it.

        With an agreement's digest only one that is cosigned as it asks. Raises NotFoundError (``not-cosigned``).
        """
        request = pb.GetCheckpointRequest(at_least=at_least, agreement=agreement, wait_seconds=wait_seconds)
        return str(self._call(self._log.GetCheckpoint, request, _UNARY_SECONDS + wait_seconds).note)

    def add_cosignature(self, size: int, line: str) -> int:
        """Hand in a witness's cosignature of the checkpoint of ``size``; returns how many it has now."""
        reply = self._call(self._log.AddCosignature, pb.AddCosignatureRequest(size=size, line=line))
        return int(reply.held)

    def entries(self, first: int, limit: int = 0) -> Iterator[tuple[int, bytes]]:
        """(index, entry) from ``first`` on; auditors only."""
        for item in self._stream(self._log.GetEntries, pb.GetEntriesRequest(first=first, limit=limit)):
            yield item.index, item.entry

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """RFC 6962 inclusion proof."""
        return list(self._call(self._log.GetInclusionProof, pb.InclusionProofRequest(index=index, size=size)).hashes)

    def consistency(self, first: int, second: int) -> list[bytes]:
        """RFC 6962 consistency proof."""
        request = pb.ConsistencyProofRequest(first=first, second=second)
        return list(self._call(self._log.GetConsistencyProof, request).hashes)

    def _call(self, method: Callable[..., Any], request: object, seconds: float = _UNARY_SECONDS) -> Any:
        self._settle()
        try:
            return _once(method, request, seconds)
        except UnreachableError:
            self._is_settled = False
            raise

    def _stream(self, method: Callable[..., Any], request: object) -> Iterator[Any]:
        self._settle()
        call = method(request, timeout=_STREAM_SECONDS)
        try:
            yield from call
        except grpc.RpcError as error:
            raised = from_rpc(error)
            self._is_settled = self._is_settled and not isinstance(raised, UnreachableError)
            raise raised from None
        finally:
            call.cancel()

    def _settle(self) -> None:
        # Two threads may both say it: that is harmless.
        if self._greeting is None or self._is_settled:
            return
        try:
            self.greet()
        except StateError as error:
            # The service settles suite and revision before it says so.
            if not self._greeting.reads_ended or error.code != contract.LOG_ENDED:
                raise
            self._is_settled = True


def _once(method: Callable[..., Any], request: object, seconds: float = _UNARY_SECONDS) -> Any:
    try:
        return method(request, timeout=seconds)
    except grpc.RpcError as error:
        raise from_rpc(error) from None
