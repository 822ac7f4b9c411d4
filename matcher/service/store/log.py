"""The audit log in the control database: append, checkpoint, proofs (RFC 6962; C2SP tlog-checkpoint).

``append`` runs inside the caller's transaction. The first append of a transaction reads the tree's right edge from the
database, so several processes may append; later ones go on from there, while no one else can write. One checkpoint is
signed for all of them, in the same transaction: nothing takes effect that no checkpoint covers.
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
from matcher.service.store.writing import Transaction

Clock = Callable[[], int]
MakeEntry = Callable[[int], bytes]
SignCheckpoint = Callable[[Checkpoint], str]
MAX_ENTRIES_PER_READ = 512
_TAIL = "log"


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


@dataclass(frozen=True, slots=True)
class _Tail:
    """The tree as the open transaction has it, and the last entry's time."""

    edge: merkle.CompactRange
    time: int


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

    def append(self, transaction: Transaction, make: MakeEntry) -> Position:
        """Append the entry that ``make`` builds for its time; the commit checkpoints it. Times never decrease.

        Raises StateError when the log was ended.
        """
        self.require_continued()
        tail: _Tail | None = transaction.kept.get(_TAIL)
        if tail is None:
            size = tree_size(transaction)
            tail = _Tail(_edge(transaction, size), number(transaction, "SELECT max(time) FROM entries"))
        index, time = tail.edge.size, max(self._clock(), tail.time)
        entry = make(time)
        transaction.kept.pop(_TAIL, None)  # until all of it is written
        nodes = tail.edge.append(merkle.leaf_hash(entry))
        transaction.conn.executemany("INSERT INTO nodes VALUES (?, ?, ?)", nodes)
        transaction.execute("INSERT INTO entries VALUES (?, ?, ?)", [index, time, entry])
        transaction.kept[_TAIL] = _Tail(tail.edge, time)
        transaction.before_commit(_TAIL, self._checkpoint_due)
        return Position(index, time)

    def _checkpoint_due(self, transaction: Transaction) -> None:
        size = tree_size(transaction)
        # Acts that were undone after they had appended may have left nothing to sign.
        if one(transaction, "SELECT 1 FROM checkpoints WHERE size = ?", [size]) is None:
            self._write_checkpoint(transaction, size, _edge(transaction, size).root())

    def start(self, transaction: Database) -> None:
        """Sign the checkpoint of the empty tree, so that there always is one."""
        self._write_checkpoint(transaction, 0, merkle.EMPTY_ROOT)

    def _write_checkpoint(self, transaction: Database, size: int, root: bytes) -> None:
        note = self._sign(Checkpoint(self.origin, size, root))
        transaction.execute("INSERT INTO checkpoints VALUES (?, ?)", [size, note])


def tree_size(transaction: Database) -> int:
    """Number of entries."""
    return number(transaction, "SELECT max(position) + 1 FROM entries")  # they are numbered without a gap


def last_time(transaction: Database) -> int:
    """Time of the newest entry, in ms; 0 for an empty log."""
    return number(transaction, "SELECT max(time) FROM entries")


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
