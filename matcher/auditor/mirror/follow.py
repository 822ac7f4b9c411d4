"""Following a log: bring the auditor's copy up to a checkpoint, believing nothing that is not proved on the way.

    1  the checkpoint is signed by the log's key
    2  it extends the last one held: not smaller, the same root at the same size, a consistency proof else
    3  the entries come without a gap, each one canonical JSON of a known type
    4  every batch leads to the checkpoint: by a consistency proof, the last one by its root

Each batch that passes is durable before the next is asked for, so whoever is stopped goes on there. What fails is a
HistoryError, which carries what shows it; witness and mirror keep that as evidence.

Left to others: what the entries say (replay/), cosigning (witness/).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from matcher.auditor.leaf import Leaf
from matcher.auditor.mirror.store import Head, MirrorStore
from matcher.protocol import checkpoint, merkle
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import InputError, NotFoundError, StateError, VerificationError

_BATCH_ENTRIES = 1024
_TELL = "Keep the files under evidence/ in the home, and tell the other auditors and the parties."


class LogReader(Protocol):
    """What following asks of the service; the service's channel is one."""

    def entries(self, first: int, limit: int) -> Iterator[tuple[int, bytes]]:
        """(index, entry) from ``first`` on."""

    def consistency(self, first: int, second: int) -> list[bytes]:
        """Consistency proof between two sizes."""


class HistoryError(VerificationError):
    """The log is not what it was, or not what its checkpoint says. Keep the evidence; tell auditors and parties.

    ``leaf`` is the entry that shows it, at ``index``; empty where two checkpoints do.
    """

    code = "log-history"

    def __init__(self, reason: str, leaf: bytes = b"", index: int = 0) -> None:
        super().__init__(reason, remedy=_TELL)
        self.leaf = leaf
        self.index = index


def follow(
    reader: LogReader, store: MirrorStore, log_key: str, signed: str, progress: Callable[[int], None] = lambda _: None
) -> Checkpoint:
    """Keep every leaf under the checkpoint ``signed``, then that checkpoint; ``progress`` is told the leaves held.

    Raises HistoryError (a fork, a rollback, a gap, an invalid entry), VerificationError (not signed by ``log_key``),
    and what reading raises (UnreachableError, OverloadedError, DeniedError).
    """
    point = checkpoint.verify(signed, log_key)
    head = store.head()
    _require_extends(reader, head, point, log_key)
    while head.size < point.size:
        first = head.size
        leaves = _fetch(reader, first, min(_BATCH_ENTRIES, point.size - first))
        is_last = first + len(leaves) == point.size
        _require_leads(reader, head.edge, leaves, point)
        head = _keep(store, first, leaves, signed if is_last else "")
        progress(head.size)
    if store.checkpoint(point.size) is None:
        # The leaves were held already, fetched for a larger checkpoint.
        _keep(store, point.size, [], signed)
    return point


def _keep(store: MirrorStore, first: int, leaves: list[Leaf], signed: str) -> Head:
    try:
        return store.keep(first, leaves, signed)
    except VerificationError as error:
        raise HistoryError(str(error)) from error


def _require_extends(reader: LogReader, head: Head, point: Checkpoint, log_key: str) -> None:
    if not head.note:
        return
    held = checkpoint.verify(head.note, log_key)
    if point.size < held.size:
        raise HistoryError(f"the log has {point.size} entries; it had {held.size} before (rollback)")
    if point.size == held.size:
        if point.root != held.root:
            raise HistoryError(f"two different logs of {point.size} entries are signed (fork)")
        return
    _require_consistent(reader, held.size, held.root, point)


def _require_consistent(reader: LogReader, size: int, root: bytes, point: Checkpoint) -> None:
    if size == 0:
        return  # every tree extends the empty one
    try:
        proof = reader.consistency(size, point.size)
        merkle.verify_consistency(size, root, point.size, point.root, proof)
    except (VerificationError, InputError, NotFoundError, StateError) as error:
        # A service that cannot prove it either shows two histories or has lost one: the same to us.
        raise HistoryError(
            f"the log of {point.size} entries does not extend the {size} entries held (fork): {error}"
        ) from error


def _fetch(reader: LogReader, first: int, count: int) -> list[Leaf]:
    leaves: list[Leaf] = []
    for index, data in reader.entries(first, count):
        due = first + len(leaves)
        if index != due or len(leaves) == count:
            raise HistoryError(f"the service sent entry {index} where {due} was due (gap)", data, index)
        try:
            leaves.append(Leaf.read(data))
        except VerificationError as error:
            raise HistoryError(f"entry {index} is not valid: {error}", data, index) from error
    if not leaves:
        raise HistoryError(f"the service has no entry {first}, which its own checkpoint covers (gap)")
    return leaves


def _require_leads(reader: LogReader, edge: merkle.CompactRange, leaves: list[Leaf], point: Checkpoint) -> None:
    """Nothing is kept that the checkpoint does not cover, not even for a while."""
    grown = merkle.CompactRange.from_bytes(edge.to_bytes())
    grown.extend_hashes(b"".join(leaf.digest for leaf in leaves))
    if grown.size < point.size:
        _require_consistent(reader, grown.size, grown.root(), point)
    elif grown.root() != point.root:
        raise HistoryError(f"the {point.size} entries do not hash to the signed checkpoint")
