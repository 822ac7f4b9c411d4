"""Default deny: what a party that no agreement names may call, for every RPC of the contract."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from matcher.service.rpc.convert import message_to_wire
from matcher.wire import concordat_pb2 as pb
from matcher.wire import concordat_pb2_grpc as stubs
from tests.service import paper
from tests.service.bare import raw_channel
from tests.service.evaluation import ELEMENTS, ask
from tests.service.world import World

# What an admitted party that no agreement names may call: the log's head and proofs, and nothing of anybody.
OPEN_TO_ALL = frozenset({"Hello", "GetCheckpoint", "GetInclusionProof", "GetConsistencyProof"})
SHOW_NOTHING = frozenset({"ListAgreements", "Receive", "Upload"})


def calls(world: World) -> dict[str, Callable[[grpc.Channel], Any]]:
    digest, run = world.agreement.digest, bytes(32)
    place = {"agreement": digest, "flow": paper.FLOW, "period": paper.PERIOD}
    message = _wire(ask(world))
    return {
        "Hello": lambda channel: stubs.DirectoryStub(channel).Hello(pb.HelloRequest(suites=["concordat-v1"])),
        "PublishAgreement": lambda channel: stubs.DirectoryStub(channel).PublishAgreement(
            pb.PublishAgreementRequest(matching_file=world.files()[0], agreement_file=world.files()[1])
        ),
        "GetAgreement": lambda channel: stubs.DirectoryStub(channel).GetAgreement(
            pb.GetAgreementRequest(digest=digest)
        ),
        "ListAgreements": lambda channel: stubs.DirectoryStub(channel).ListAgreements(pb.ListAgreementsRequest()),
        "GetCard": lambda channel: stubs.DirectoryStub(channel).GetCard(pb.GetCardRequest(party=paper.ASKING)),
        "Open": lambda channel: stubs.SubmissionsStub(channel).Open(
            pb.OpenUploadRequest(submission_id=bytes(16), sequence=1, rows=1, **place)
        ),
        "Upload": lambda channel: list(stubs.SubmissionsStub(channel).Upload(iter([]))),
        "Seal": lambda channel: stubs.SubmissionsStub(channel).Seal(pb.SealRequest(manifest=message)),
        "List": lambda channel: stubs.SubmissionsStub(channel).List(pb.ListSubmissionsRequest(**place)),
        "Run": lambda channel: list(stubs.MatchingStub(channel).Run(pb.RunRequest(request=message))),
        "ListRuns": lambda channel: stubs.MatchingStub(channel).ListRuns(pb.ListRunsRequest(**place)),
        "ListFindings": lambda channel: list(
            stubs.MatchingStub(channel).ListFindings(pb.ListFindingsRequest(run_digest=run))
        ),
        "Send": lambda channel: stubs.MailboxStub(channel).Send(pb.SendRequest(message=message, attachment=ELEMENTS)),
        "Receive": lambda channel: stubs.MailboxStub(channel).Receive(pb.ReceiveRequest()),
        "GetCheckpoint": lambda channel: stubs.LogStub(channel).GetCheckpoint(pb.GetCheckpointRequest()),
        "AddCosignature": lambda channel: stubs.LogStub(channel).AddCosignature(pb.AddCosignatureRequest(size=1)),
        "GetEntries": lambda channel: list(stubs.LogStub(channel).GetEntries(pb.GetEntriesRequest())),
        "GetInclusionProof": lambda channel: stubs.LogStub(channel).GetInclusionProof(
            pb.InclusionProofRequest(index=0, size=1)
        ),
        "GetConsistencyProof": lambda channel: stubs.LogStub(channel).GetConsistencyProof(
            pb.ConsistencyProofRequest(first=1, second=2)
        ),
    }


def _wire(message: Any) -> pb.SignedMessage:
    return message_to_wire(message)


def test_default_deny(world: World) -> None:
    every_call = calls(world)
    contract = {
        method.name for service in pb.DESCRIPTOR.services_by_name.values() for method in service.methods
    }  # fmt: skip
    assert set(every_call) == contract, "a new RPC needs a line here"
    world.admit(paper.OTHER)
    with raw_channel(world, world.parties[paper.OTHER]) as channel:
        for name, call in every_call.items():
            if name in OPEN_TO_ALL:
                call(channel)
            elif name in SHOW_NOTHING:
                reply = call(channel)
                assert reply == [] or reply.ByteSize() == 0
            else:
                with pytest.raises(grpc.RpcError) as refused:
                    call(channel)
                assert refused.value.code() in (
                    grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT,
                ), name  # fmt: skip
    denied = [entry.facts["rpc"] for entry in world.log() if entry.type == "access-denied"]
    assert {"PublishAgreement", "GetAgreement", "Open", "Seal", "List", "Run", "ListRuns", "Send", "GetEntries"} <= set(
        denied
    )
