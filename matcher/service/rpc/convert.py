"""Between generated protobuf types and plain values, once, at the edge."""

from __future__ import annotations

from matcher.protocol import rows
from matcher.protocol.messages import SignedMessage
from matcher.service.acts.chunks import Chunk
from matcher.service.acts.listing import ShownColumns
from matcher.service.store.agreements import Published
from matcher.service.store.log import Placed
from matcher.service.store.runs import Run
from matcher.service.store.uploads import Submission
from matcher.wire import concordat_pb2 as pb


def message_from_wire(wire: pb.SignedMessage) -> SignedMessage:
    """A signed message; nothing is verified here."""
    return SignedMessage(
        kind=wire.kind, agreement=wire.agreement, flow=wire.flow, period=wire.period, sender=wire.sender,
        recipient=wire.recipient, sequence=wire.sequence, expiry=wire.expiry, body=wire.body,
        signature=wire.signature, person=wire.person, person_signature=wire.person_signature,
    )  # fmt: skip


def message_to_wire(message: SignedMessage) -> pb.SignedMessage:
    """A signed message for the wire."""
    return pb.SignedMessage(
        kind=message.kind, agreement=message.agreement, flow=message.flow, period=message.period,
        sender=message.sender, recipient=message.recipient, sequence=message.sequence, expiry=message.expiry,
        body=message.body, signature=message.signature, person=message.person,
        person_signature=message.person_signature,
    )  # fmt: skip


def logged(placed: Placed) -> pb.Logged:
    """Where an act stands in the log."""
    return pb.Logged(
        index=placed.index, entry=placed.entry, checkpoint=pb.Checkpoint(note=placed.note),
        inclusion=placed.inclusion,
    )  # fmt: skip


def published(item: Published, *, with_files: bool = True) -> pb.AgreementReply:
    """An agreement and how far its signing is."""
    return pb.AgreementReply(
        digest=item.agreement.digest,
        matching_file=item.matching_file if with_files else b"",
        agreement_file=item.agreement_file if with_files else b"",
        signatures=[message_to_wire(message) for message in item.signatures],
        missing=item.missing,
        in_force=item.in_force,
    )


def chunk(wire: pb.RowChunk) -> Chunk:
    """A run of rows as columns."""
    columns = {name: getattr(wire, name) for name, _width in rows.COLUMNS}
    return Chunk(wire.first_row, wire.rows, {**columns, "sealed": wire.sealed})


def submission(item: Submission) -> pb.SubmissionInfo:
    """One sealed submission. The digest goes to both sides: whoever asks for a match names all manifests."""
    return pb.SubmissionInfo(
        party=item.party, sequence=item.sequence, rows=item.rows, manifest_digest=item.manifest,
        sealed_at=item.sealed_at, log_index=item.log_index,
    )  # fmt: skip


def run(item: Run, placed: Placed) -> pb.RunInfo:
    """One match run."""
    return pb.RunInfo(
        run_digest=item.run, findings_root=item.findings_root, findings=item.findings, logged=logged(placed)
    )


def finding_columns(item: ShownColumns) -> pb.FindingColumns:
    """Findings as columns, little-endian."""
    columns = item.columns
    return pb.FindingColumns(
        first=item.first, end=item.end,
        kinds=[pb.FindingKind(answering=kind.answering, codes=kind.codes) for kind in columns.kinds],
        positions=item.positions.astype("<u4").tobytes(),
        numbers=columns.numbers.astype("<u2").tobytes(),
        asking_handles=columns.asking_handles.tobytes(),
        answering_handles=columns.answering_handles.tobytes(),
        cases=[
            pb.FindingCase(
                position=case.position, state=case.state, request_index=case.request_index, since=case.since
            )
            for case in item.cases
        ],
        hidden=b"".join(item.hidden), since=item.since,
    )  # fmt: skip
