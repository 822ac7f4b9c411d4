"""RPCs of ``Directory``: conversion only."""

from __future__ import annotations

import re

from matcher import VERSION
from matcher.protocol import contract, rows
from matcher.protocol.errors import AgreementError
from matcher.protocol.suite import SUITE, require_suite
from matcher.service import journal
from matcher.service.acts.directory import Directory
from matcher.service.acts.greeting import Greeting
from matcher.service.rpc import convert
from matcher.service.rpc.call import Call
from matcher.service.store.log import Clock
from matcher.wire import concordat_pb2 as pb
from matcher.wire import concordat_pb2_grpc as stubs

_VERSION = re.compile(r"[0-9A-Za-z.+-]{1,32}")


def _version(text: str) -> str:
    """A client's version for the log; a text of any other form is not repeated there."""
    return text if _VERSION.fullmatch(text) else "unknown"


class DirectoryService(stubs.DirectoryServicer):
    """First contact, agreements and cards."""

    def __init__(self, directory: Directory, origin: str, log_key: str, clock: Clock, greeting: Greeting) -> None:
        self._directory = directory
        self._greeting = greeting
        self._origin = origin
        self._log_key = log_key
        self._clock = clock

    def Hello(self, request: pb.HelloRequest, call: Call) -> pb.HelloReply:
        """Negotiate the suite, of which one is known, and the contract's revision; anything else is refused."""
        if SUITE not in request.suites:
            if request.suites:
                require_suite(request.suites[0])
            raise AgreementError(f"the client names no suite; this service speaks {SUITE!r}")
        revision = contract.settle(request.contract)
        self._greeting.take(request.checkpoint)
        journal.event("hello", party=call.party, client=_version(request.client_version))
        return pb.HelloReply(
            suite=SUITE, server_version=VERSION, time=self._clock(), log_origin=self._origin, log_key=self._log_key,
            max_chunk_bytes=rows.MAX_CHUNK_BYTES, party=call.party, contract=revision,
        )  # fmt: skip

    def PublishAgreement(self, request: pb.PublishAgreementRequest, call: Call) -> pb.AgreementReply:
        """Store files and signatures."""
        signatures = [convert.message_from_wire(item) for item in request.signatures]
        result = self._directory.publish(call.party, request.matching_file, request.agreement_file, signatures)
        return convert.published(result)

    def GetAgreement(self, request: pb.GetAgreementRequest, call: Call) -> pb.AgreementReply:
        """One agreement."""
        return convert.published(self._directory.get(call.party, request.digest, request.agreement_id))

    def ListAgreements(self, request: pb.ListAgreementsRequest, call: Call) -> pb.ListAgreementsReply:  # noqa: ARG002
        """The caller's agreements."""
        items = self._directory.listed(call.party)
        return pb.ListAgreementsReply(agreements=[convert.published(item, with_files=False) for item in items])

    def GetCard(self, request: pb.GetCardRequest, call: Call) -> pb.GetCardReply:
        """A party's card."""
        return pb.GetCardReply(card=convert.message_to_wire(self._directory.card(call.party, request.party)))
