"""The audit log in the control database: append, checkpoint, proofs (RFC 6962; C2SP tlog-checkpoint).

``append`` runs inside the caller's transaction and reads the tree's right edge from the database, so several
processes may append. A checkpoint is signed in the same transaction: nothing takes effect that no checkpoint covers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlite_utils import Database

from matcher.protocol import merkle
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import NotFoundError, StateError
from matcher.protocol.suite import u64
from matcher.service.store.database import every, number, one

Clock = Callable[[], int]
MakeEntry = Callable[[int], bytes]
SignCheckpoint = Callable[[Checkpoint], str]
MAX_ENTRIES_PER_READ = 512


@dataclass(frozen=True, slots=True)
class Position:
    """Where an entry stands, and its time in ms."""

    index: int
    time: int


@dataclass(frozen=True, slots=True)
class Placed:
    """An entry with the newest checkpoint (a signed note) and the inclusion proof that ties them."""

    index: int
    entry: bytes
    note: str
    inclusion: tuple[bytes, ...]


class LogWriter:
    """Appends entries and signs checkpoints; ``clock`` gives ms since 1970."""

    def __init__(self, origin: str, sign: SignCheckpoint, clock: Clock) -> None:
        self.origin = origin
        self._sign = sign
        self._clock = clock
        self._ended: StateError | None = None

    def end(self, reason: StateError) -> None:
        """Append nothing any more: this is an older state of a log that went on elsewhere."""
        self._ended = reason

    @property
    def is_ended(self) -> bool:
        """Whether nothing is appended any more."""
        return self._ended is not None

    def require_continued(self) -> None:
        """Raise the reason for which this log was ended, if it was."""
        if self._ended is not None:
            raise self._ended

    def append(self, transaction: Database, make: MakeEntry) -> Position:
        """Append the entry that ``make`` builds for its time, and a checkpoint over it. Times never decrease.

        Raises StateError when the log was ended.
        """
        self.require_continued()
        size = tree_size(transaction)
        last = number(transaction, "SELECT max(time) FROM entries")
        time = max(self._clock(), last)
        entry = make(time)
        edge = _edge(transaction, size)
        for level, position, digest in edge.append(merkle.leaf_hash(entry)):
            transaction.execute("INSERT INTO nodes VALUES (?, ?, ?)", [level, position, digest])
        transaction.execute("INSERT INTO entries VALUES (?, ?, ?)", [size, time, entry])
        self._write_checkpoint(transaction, size + 1, edge.root())
        return Position(size, time)

    def start(self, transaction: Database) -> None:
        """Sign the checkpoint of the empty tree, so that there always is one."""
        self._write_checkpoint(transaction, 0, merkle.EMPTY_ROOT)

    def _write_checkpoint(self, transaction: Database, size: int, root: bytes) -> None:
        note = self._sign(Checkpoint(self.origin, size, root))
        transaction.execute("INSERT INTO checkpoints VALUES (?, ?)", [size, note])


def tree_size(transaction: Database) -> int:
    """Number of entries."""
    return number(transaction, "SELECT max(position) + 1 FROM entries")  # they are numbered without a gap


def checkpoint(transaction: Database) -> str:
    """The newest signed checkpoint."""
    record = one(transaction, "SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
    if record is None:
        raise NotFoundError("the log has no checkpoint")
    return str(record["note"])


def checkpoint_of(transaction: Database, size: int) -> str:
    """The signed checkpoint of exactly ``size`` entries. Raises NotFoundError."""
    record = one(transaction, "SELECT note FROM checkpoints WHERE size = ?", [size])
    if record is None:
        raise NotFoundError(f"the log has no checkpoint of {size} entries")
    return str(record["note"])


def place(transaction: Database, index: int) -> Placed:
    """Entry ``index`` with its proof to the newest checkpoint. Raises NotFoundError."""
    record = one(transaction, "SELECT entry FROM entries WHERE position = ?", [index])
    if record is None:
        raise NotFoundError(f"the log has no entry {index}")
    proof = inclusion(transaction, index, tree_size(transaction))
    return Placed(index, record["entry"], checkpoint(transaction), tuple(proof))


def inclusion(transaction: Database, index: int, size: int) -> list[bytes]:
    """RFC 6962 inclusion proof of entry ``index`` in the tree of ``size``. Raises NotFoundError beyond the tree."""
    if not index < size <= tree_size(transaction):
        raise NotFoundError(f"no entry {index} in a tree of {size}")
    return merkle.build_inclusion_proof(index, size, _nodes(transaction))


def consistency(transaction: Database, first: int, second: int) -> list[bytes]:
    """RFC 6962 consistency proof between two sizes. Raises NotFoundError beyond the tree."""
    if not first <= second <= tree_size(transaction):
        raise NotFoundError(f"no trees of sizes {first} and {second}")
    if first == 0:
        return []  # every tree extends the empty one: there is nothing to prove
    return merkle.build_consistency_proof(first, second, _nodes(transaction))


def entries(transaction: Database, first: int, limit: int) -> Iterator[tuple[int, bytes]]:
    """At most ``limit`` entries from ``first`` on."""
    sql = "SELECT position, entry FROM entries WHERE position >= ? ORDER BY position LIMIT ?"
    for record in every(transaction, sql, [first, min(limit, MAX_ENTRIES_PER_READ)]):
        yield record["position"], record["entry"]


def _nodes(transaction: Database) -> merkle.NodeGetter:
    def node(level: int, position: int) -> bytes:
        record = one(transaction, "SELECT hash FROM nodes WHERE level = ? AND position = ?", [level, position])
        if record is None:
            raise NotFoundError(f"the tree has no complete node {level}/{position}")
        digest: bytes = record["hash"]
        return digest

    return node


def _edge(transaction: Database, size: int) -> merkle.CompactRange:
    node = _nodes(transaction)
    levels = [level for level in range(size.bit_length()) if size >> level & 1]
    # The peak of level L is the last complete node there: (size >> L) - 1 is even, so no sibling follows it.
    return merkle.CompactRange.from_bytes(u64(size) + b"".join(node(level, (size >> level) - 1) for level in levels))
