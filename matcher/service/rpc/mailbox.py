"""RPCs of ``Mailbox``: conversion only."""

from __future__ import annotations

from matcher.service.acts.mail import Mail
from matcher.service.rpc import convert
from matcher.service.rpc.call import Call
from matcher.service.rpc.places import Places
from matcher.wire import concordat_pb2 as pb
from matcher.wire import concordat_pb2_grpc as stubs

_ANSWER_SECONDS = 2.0


class MailboxService(stubs.MailboxServicer):
    """Messages from party to party."""

    def __init__(self, mail: Mail, places: Places) -> None:
        self._mail = mail
        self._places = places

    def Send(self, request: pb.SendRequest, call: Call) -> pb.SendReply:
        """Take a message."""
        message = convert.message_from_wire(request.message)
        return pb.SendReply(logged=self._places.logged(self._mail.send(call.party, message, request.attachment)))

    def Receive(self, request: pb.ReceiveRequest, call: Call) -> pb.ReceiveReply:
        """Messages to the caller; waits for the first, but leaves time to answer before the deadline."""
        wait = min(float(request.wait_seconds), max(0.0, call.remaining() - _ANSWER_SECONDS))
        items = self._mail.receive(call.party, list(request.kinds), request.after, request.limit, wait, call.check)
        return pb.ReceiveReply(
            items=[
                pb.MailItem(
                    message=convert.message_to_wire(item.message), attachment=item.attachment, index=item.index,
                    entry=item.entry,
                )
                for item in items
            ]
        )  # fmt: skip
