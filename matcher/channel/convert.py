"""Between generated protobuf types and plain values, for the client."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from keys import native
from matcher.channel import types
from matcher.protocol import rows
from matcher.protocol.messages import SignedMessage
from matcher.wire import concordat_pb2 as pb


def message_to_wire(message: SignedMessage) -> pb.SignedMessage:
    """A signed message for the wire."""
    return pb.SignedMessage(
        kind=message.kind,
        agreement=message.agreement,
        flow=message.flow,
        period=message.period,
        sender=message.sender,
        recipient=message.recipient,
        sequence=message.sequence,
        expiry=message.expiry,
        body=message.body,
        signature=message.signature,
        person=message.person,
        person_signature=message.person_signature,
    )


def message_from_wire(wire: pb.SignedMessage) -> SignedMessage:
    """A signed message from the wire; nothing is verified here."""
    return SignedMessage(
        kind=wire.kind,
        agreement=wire.agreement,
        flow=wire.flow,
        period=wire.period,
        sender=wire.sender,
        recipient=wire.recipient,
        sequence=wire.sequence,
        expiry=wire.expiry,
        body=wire.body,
        signature=wire.signature,
        person=wire.person,
        person_signature=wire.person_signature,
    )


def logged(wire: pb.Logged) -> types.Logged:
    """Where an act stands in the log."""
    return types.Logged(wire.index, wire.entry, wire.checkpoint.note, tuple(wire.inclusion))


def published(wire: pb.AgreementReply) -> types.Published:
    """An agreement and its signatures."""
    return types.Published(
        digest=wire.digest,
        matching_file=wire.matching_file,
        agreement_file=wire.agreement_file,
        signatures=tuple(message_from_wire(item) for item in wire.signatures),
        missing=tuple(wire.missing),
        in_force=wire.in_force,
    )


def run(wire: pb.RunInfo) -> types.RunInfo:
    """One match run."""
    return types.RunInfo(wire.run_digest, wire.findings_root, wire.findings, logged(wire.logged))


def finding_columns(wire: pb.FindingColumns) -> types.FindingColumns:
    """Findings as columns."""
    return types.FindingColumns(
        wire.first, wire.end, tuple((kind.answering, tuple(kind.codes)) for kind in wire.kinds), wire.positions,
        wire.numbers, wire.asking_handles, wire.answering_handles,
        tuple(types.FindingCase(case.position, case.state, case.request_index, case.since) for case in wire.cases),
        wire.hidden, wire.since,
    )  # fmt: skip


def chunk_to_wire(submission_id: bytes, chunk: types.Chunk) -> pb.RowChunk:
    """A run of packed rows as columns. Raises ValueError when the bytes are not ``count`` equal rows."""
    width, rest = divmod(len(chunk.rows), chunk.count)
    if rest or width <= rows.FIXED_SIZE:
        raise ValueError(f"{len(chunk.rows)} bytes are not {chunk.count} rows")
    names = [name for name, _size in rows.COLUMNS]
    widths = [size for _name, size in rows.COLUMNS]
    columns = _columns(chunk.rows, [*widths, width - rows.FIXED_SIZE])
    return pb.RowChunk(
        submission_id=submission_id,
        first_row=chunk.first,
        rows=chunk.count,
        **dict(zip([*names, "sealed"], columns, strict=True)),
    )


def _columns(data: bytes, widths: list[int]) -> Sequence[bytes]:
    """The columns, of these widths, of rows end to end."""
    if (crate := native.module()) is not None:
        return tuple(crate.split_columns(data, widths))
    packed = native.split(data, sum(widths))
    places = [slice(end - width, end) for width, end in zip(widths, accumulate(widths), strict=True)]
    return [b"".join([row[place] for row in packed]) for place in places]
