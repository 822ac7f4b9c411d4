"""The matrix of denials: every RPC of the contract by every role, and every kind of message by every sender.

The RPCs come from the proto's service descriptors and the kinds from the service's own table, so a new one without a
row here fails. A row gives the requests that are right for whoever may make them, and names who that is; whoever is
not named must be refused, or be shown nothing. At the end the right caller makes the same call and must succeed: a
row whose request nobody could make would prove nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import message_factory

from keys.signing import SigningKey
from matcher.channel.convert import chunk_to_wire
from matcher.protocol import canonical, checkpoint, cosignature, entries, note
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.messages import SignedMessage
from matcher.service import policy
from matcher.service.acts.mail import KINDS
from matcher.service.rpc.convert import message_to_wire
from matcher.service.store import log
from matcher.wire import concordat_pb2 as pb
from tests.service import paper
from tests.service.case import SEALED, Case
from tests.service.evaluation import ELEMENTS, answer, ask, refuse
from tests.service.party import Party, chunks, manifest_body
from tests.service.roles import OTHER_AUDIT, OTHER_BANK, OTHER_BUREAU, Role
from tests.service.world import World

Files = tuple[bytes, bytes, Agreement]
WITNESS = "audit/one"
_SECONDS_TO_READ = 5.0
_ANOTHER_PERIOD = "2022-06"
DATA = frozenset({paper.ASKING, paper.ANSWERING})
MEMBERS = DATA | {paper.AUDITOR}
KNOWN = MEMBERS | {paper.OTHER, OTHER_BUREAU, OTHER_BANK, OTHER_AUDIT}
AUDITORS = frozenset({paper.AUDITOR, OTHER_AUDIT})
REFUSALS = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND})
# Refused with a signed message of their own: what they sign is for an agreement they have no part in.
OWN_REFUSALS = REFUSALS | {grpc.StatusCode.INVALID_ARGUMENT}


@dataclass(frozen=True, slots=True)
class Row:
    """``requests`` are right for ``allowed``; ``own`` signs the same as another party would, where it can."""

    method: str
    allowed: frozenset[str]
    requests: Callable[[], list[Any]]
    own: Callable[[Party], list[Any]] | None = None
    is_harmless: Callable[[list[Any]], bool] = lambda _replies: False
    label: str = ""


@dataclass
class Result:
    """What became of the matrix: cells tried, what was wrongly allowed, refusals that the log lacks."""

    cells: int = 0
    wrongly_allowed: list[str] = field(default_factory=list)
    wrong_status: list[str] = field(default_factory=list)
    unlogged: list[str] = field(default_factory=list)
    wrongly_refused: list[str] = field(default_factory=list)


def contract() -> set[str]:
    """Every method of the contract, as ``Service/Method``."""
    services = pb.DESCRIPTOR.services_by_name.values()
    return {f"{service.name}/{method.name}" for service in services for method in service.methods}


def invoke(channel: grpc.Channel, method: str, requests: Iterable[Any], timeout: float = 20.0) -> list[Any]:
    """Call ``Service/Method`` as its descriptor says; the replies as a list."""
    service, _slash, name = method.partition("/")
    descriptor = pb.DESCRIPTOR.services_by_name[service].methods_by_name[name]
    reply = message_factory.GetMessageClass(descriptor.output_type)
    path = f"/{descriptor.containing_service.full_name}/{name}"
    kinds = {(False, False): "unary_unary", (False, True): "unary_stream", (True, True): "stream_stream"}
    make = getattr(channel, kinds[descriptor.client_streaming, descriptor.server_streaming])
    call = make(path, request_serializer=lambda item: item.SerializeToString(), response_deserializer=reply.FromString)
    given: Any = iter(requests) if descriptor.client_streaming else next(iter(requests))
    answered = call(given, timeout=timeout)
    return list(answered) if descriptor.server_streaming else [answered]


class Matrix:
    """The rows, on a world whose case has come as far as each row needs."""

    def __init__(self, world: World, everyone: dict[str, Role], files: Files, witness: SigningKey) -> None:
        self.world = world
        self._files = files
        self._witness = witness
        self.roles = everyone
        self.result = Result()
        self._kinds: set[str] = set()
        self._methods: set[str] = set()

    def run(self) -> Result:
        """Try every cell. Raises AssertionError when a method of the contract or a kind of mail has no row."""
        for row in self._rows():
            self._methods.add(row.method)
            for role in self.roles.values():
                if role.name not in row.allowed:
                    self._denied(row, role, row.requests(), REFUSALS)
                    if row.own is not None and role.party is not None:
                        self._denied(row, role, row.own(role.party), OWN_REFUSALS)
            for name in sorted(row.allowed):
                self._allowed(row, self.roles[name])
        assert self._methods == contract(), "a new RPC needs a row"
        assert self._kinds == set(KINDS), "a new kind of message needs a row"
        return self.result

    def _allowed(self, row: Row, role: Role) -> None:
        self.result.cells += 1
        try:
            invoke(role.channel, row.method, row.requests())
        except grpc.RpcError as error:
            self.result.wrongly_refused.append(f"{row.method} {row.label} by {role.name}: {error.details()}")

    def _denied(self, row: Row, role: Role, requests: list[Any], statuses: frozenset[grpc.StatusCode]) -> None:
        self.result.cells += 1
        cell = f"{row.method} {row.label} by {role.name}"
        before = self._size()
        if role.refused_by_tls:
            self._refused_by_tls(cell, row, role, requests)
            return
        try:
            replies = invoke(role.channel, row.method, requests)
        except grpc.RpcError as error:
            if error.code() not in statuses:
                self.result.wrong_status.append(f"{cell}: {error.code().name} {error.details()}")
            reasons = self._reasons(before)
            if len(reasons) != 1 or reasons[0] not in policy.REASONS:
                self.result.unlogged.append(f"{cell}: {error.code().name} {error.details()}")
        else:
            if not (role.is_known and row.is_harmless(replies)):
                self.result.wrongly_allowed.append(cell)

    def _refused_by_tls(self, cell: str, row: Row, role: Role, requests: list[Any]) -> None:
        before = self._size()
        try:
            # A connection of its own: gRPC waits before it dials again.
            with role.dial() as channel:
                invoke(channel, row.method, requests)
            self.result.wrongly_allowed.append(cell)
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                self.result.wrong_status.append(f"{cell}: {error.code().name}")
        self._until(lambda: self._size() > before)
        if set(self._reasons(before)) != {role.refused_by_tls}:
            self.result.unlogged.append(f"{cell}: {self._reasons(before)}")

    @staticmethod
    def _until(is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _SECONDS_TO_READ
        while not is_so() and time.monotonic() < deadline:
            time.sleep(0.002)

    def _size(self) -> int:
        with self.world.storage.database.read() as transaction:
            return log.tree_size(transaction)

    def _reasons(self, first: int) -> list[str]:
        """The reasons of the entries from ``first`` on; a type that is no denial stands for itself."""
        with self.world.storage.database.read() as transaction:
            found = [entries.parse(entry) for _index, entry in log.entries(transaction, first, 512)]
        return [entry.facts["reason"] if entry.type == "access-denied" else entry.type for entry in found]

    def _rows(self) -> Iterator[Row]:
        world, digest = self.world, self.world.agreement.digest
        place = {"agreement": digest, "flow": paper.FLOW, "period": paper.PERIOD}
        yield from self._directory(digest)
        yield from self._log(digest)
        yield from self._evaluations()
        yield from self._submissions({**place, "period": _ANOTHER_PERIOD})
        case = Case(world)
        yield from self._matching(case, place)
        yield from self._reveals(case)
        yield Row(
            "Mailbox/Receive", DATA, lambda: [pb.ReceiveRequest()],
            is_harmless=lambda replies: not replies[0].items,
        )  # fmt: skip

    def _directory(self, digest: bytes) -> Iterator[Row]:
        world = self.world
        yield Row("Directory/Hello", KNOWN, lambda: [pb.HelloRequest(suites=["concordat-v1"])])
        yield Row(
            "Directory/ListAgreements", MEMBERS, lambda: [pb.ListAgreementsRequest()],
            is_harmless=lambda replies: all(item.digest != digest for item in replies[0].agreements),
        )  # fmt: skip
        yield Row("Directory/GetAgreement", MEMBERS, lambda: [pb.GetAgreementRequest(digest=digest)])
        yield Row("Directory/GetCard", MEMBERS, lambda: [pb.GetCardRequest(party=paper.ASKING)])
        files = self._files

        def publish() -> list[Any]:
            signatures = [message_to_wire(world.signature(paper.ASKING, files[2]))]
            return [pb.PublishAgreementRequest(matching_file=files[0], agreement_file=files[1], signatures=signatures)]

        yield Row("Directory/PublishAgreement", MEMBERS, publish)

    def _log(self, digest: bytes) -> Iterator[Row]:
        yield Row("Log/GetCheckpoint", KNOWN, lambda: [pb.GetCheckpointRequest()])
        yield Row("Log/GetInclusionProof", KNOWN, lambda: [pb.InclusionProofRequest(index=0, size=1)])
        yield Row("Log/GetConsistencyProof", KNOWN, lambda: [pb.ConsistencyProofRequest(first=1, second=2)])
        yield Row("Log/GetEntries", AUDITORS, lambda: [pb.GetEntriesRequest(limit=3)])

        def cosign() -> list[Any]:
            signed = self.world.channel(paper.AUDITOR).checkpoint()
            line = cosignature.sign(
                note.parse(signed).text, WITNESS, self._witness.public, self.world.now(), self._witness.sign
            )
            return [pb.AddCosignatureRequest(size=checkpoint.parse(note.parse(signed).text).size, line=line)]

        yield Row("Log/AddCosignature", frozenset({paper.AUDITOR}), cosign)
        # Now one is cosigned as the agreement asks.
        yield Row(
            "Log/GetCheckpoint", MEMBERS, lambda: [pb.GetCheckpointRequest(agreement=digest)], label="of an agreement"
        )

    def _mail(
        self, kind: str, sender: str, message: SignedMessage, attachment: bytes = b"", *, works: bool = True
    ) -> Row:
        """A row of Mailbox.Send: the right message, stolen by everybody else, and everybody's own copy of it."""
        self._kinds.add(kind)

        def own(party: Party) -> list[Any]:
            other = message.recipient if message.recipient != party.id else sender
            signed = party.sign(
                kind, message.content(), recipient=other, agreement=message.agreement, flow=message.flow,
                period=message.period, person=next(iter(sorted(party.people)), ""),
            )  # fmt: skip
            return [pb.SendRequest(message=message_to_wire(signed), attachment=attachment)]

        return Row(
            "Mailbox/Send", frozenset({sender}) if works else frozenset(),
            lambda: [pb.SendRequest(message=message_to_wire(message), attachment=attachment)], own, label=kind,
        )  # fmt: skip

    def _evaluations(self) -> Iterator[Row]:
        world = self.world
        request, refused = ask(world), ask(world)
        yield self._mail("evaluation-request", paper.ASKING, request, ELEMENTS)
        yield self._mail("evaluation-answer", paper.ANSWERING, answer(world, request), ELEMENTS)
        world.channel(paper.ASKING).send(refused, ELEMENTS)
        yield self._mail("evaluation-refusal", paper.ANSWERING, refuse(world, refused))
        body = {"link": paper.LINK, "group_key_id": "22" * 32, "sealed_sha256": "00" * 32}
        key = world.parties[paper.ANSWERING].sign(
            "group-key", body, recipient=paper.ASKING, agreement=world.agreement.digest, flow="", period=""
        )
        # The link kind has mode oprf: nobody may send a group key for it.
        yield self._mail("group-key", paper.ANSWERING, key, b"sealed", works=False)

    def _submissions(self, place: dict[str, Any]) -> Iterator[Row]:
        world = self.world
        row = world.row(paper.ANSWERING, "one", ("91", 10_000, 0), period=_ANOTHER_PERIOD)
        submission, packed = b"s" * 16, [row]

        def opening() -> list[Any]:
            return [pb.OpenUploadRequest(submission_id=submission, sequence=1, rows=1, **place)]

        yield Row(
            "Submissions/Open", DATA,
            lambda: [pb.OpenUploadRequest(submission_id=os.urandom(16), sequence=1, rows=1, **place)],
            label="of one's own",
        )  # fmt: skip
        invoke(self.roles[paper.ANSWERING].channel, "Submissions/Open", opening())
        yield Row("Submissions/Open", frozenset({paper.ANSWERING}), opening, label="of another")
        [chunk] = chunks(packed)
        yield Row(
            "Submissions/Upload", frozenset({paper.ANSWERING}),
            lambda: [chunk_to_wire(submission, chunk)],
        )  # fmt: skip

        def seal(party: Party) -> SignedMessage:
            return party.sign(
                "manifest", manifest_body(submission, packed, 1, b""), hours=0, agreement=world.agreement.digest,
                period=_ANOTHER_PERIOD,
            )  # fmt: skip

        manifest = seal(world.parties[paper.ANSWERING])

        def own(party: Party) -> list[Any]:
            signed = seal(party)
            return [pb.SealRequest(submission_id=submission, manifest=message_to_wire(signed))]

        yield Row(
            "Submissions/Seal", frozenset({paper.ANSWERING}),
            lambda: [pb.SealRequest(submission_id=submission, manifest=message_to_wire(manifest))], own,
        )  # fmt: skip
        yield Row("Submissions/List", DATA, lambda: [pb.ListSubmissionsRequest(**place)])

    def _matching(self, case: Case, place: dict[str, Any]) -> Iterator[Row]:
        world = self.world
        # The run is there already: the same inputs give it again.
        request = world.match_request()

        def own(party: Party) -> list[Any]:
            signed = party.sign(
                "match", request.content(), agreement=request.agreement,
                person=next(iter(sorted(party.people)), ""),
            )  # fmt: skip
            return [pb.RunRequest(request=message_to_wire(signed))]

        yield Row(
            "Matching/Run", frozenset({paper.ASKING}), lambda: [pb.RunRequest(request=message_to_wire(request))], own
        )
        yield Row("Matching/ListRuns", DATA, lambda: [pb.ListRunsRequest(**place)])
        for name in ("ListFindings", "ListFindingColumns"):
            yield Row(f"Matching/{name}", DATA, lambda: [pb.ListFindingsRequest(run_digest=case.run.run_digest)])
        yield Row("Matching/GetReceipts", MEMBERS, lambda: [pb.GetReceiptsRequest(run_digest=case.run.run_digest)])

    def _reveals(self, case: Case) -> Iterator[Row]:
        request = case.request()
        proofs = canonical.encode({"proofs": [{}]})
        yield self._mail("reveal-request", paper.ASKING, request, proofs)
        index = case.send_request(request).index  # the same message again gets the index it got
        yield self._mail("reveal-decision", paper.ANSWERING, case.decision(request))
        delivery = case.delivery(request, index)
        yield self._mail("delivery", paper.ANSWERING, delivery, SEALED)
        yield self._mail("opening", paper.ASKING, case.opening(delivery))
        # A second finding's way, for the dispute.
        case.finding = case.by_codes["frozen",]
        second = case.delivered()
        yield self._mail("dispute", paper.ASKING, case.dispute(second))
