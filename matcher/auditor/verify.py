"""Verifying a log: the tree from its leaves, then every entry replayed (checks 1 to 28; checks.py states each).

    1, 2, 3    the log is whole, signed, and one with what was seen before
    4, 5       entries are well-formed and in order
    6 .. 11    everybody is who they say, and says it once and in time
    12 .. 15   under an agreement that all have signed
    16 .. 27   nothing was done that the agreement does not allow
    28         an auditor's own copy says of each entry what the entry says (mirror/reading.py compares)

The log is read once, as a stream. Memory grows with what the replay must remember - cards, agreements, periods,
findings asked for, counts - and not with the number of entries. All failures are counted, the first ones kept.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from matcher.auditor.checks import HISTORY_CHECKS, CheckFailed, Failure, check
from matcher.auditor.leaf import Leaf
from matcher.auditor.replay.replay import Replay
from matcher.auditor.source import LogSource
from matcher.protocol import checkpoint, cosignature, merkle, note
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import ConcordatError, VerificationError

MAX_FAILURES_KEPT = 100
_BATCH_ENTRIES = 256
Progress = Callable[[int], None]
RequireSame = Callable[[int, Leaf], None]


@dataclass(slots=True)
class Report:
    """What a verification found. ``size`` and ``root`` are the checkpoint's; ``note`` is the checkpoint as signed.

    ``failures`` holds the first ones, ``failed`` counts all by check. ``entry_counts`` is by type; ``states`` counts
    the findings that were asked for, by the state of their case. ``cosigned`` are the agreements' witnesses that
    cosigned the checkpoint, with their times in seconds; ``witnessed``: as many of them as every agreement asks for.
    ``agreements`` are the newest versions that came into force. ``edge`` is the tree's after all that was read
    (CompactRange.to_bytes), ``roots`` holds its root at each size that was asked for.
    """

    origin: str
    note: str = ""
    size: int = 0
    root: bytes = b""
    read: int = 0
    failed: Counter[int] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    entry_counts: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    cosigned: dict[str, int] = field(default_factory=dict)
    witnessed: bool = False
    agreements: tuple[Agreement, ...] = ()
    edge: bytes = b""
    roots: dict[int, bytes] = field(default_factory=dict)

    def add(self, failed: CheckFailed, index: int | None) -> None:
        """Note one broken check."""
        self.failed[failed.number] += 1
        if len(self.failures) < MAX_FAILURES_KEPT:
            self.failures.append(Failure(failed.number, index, str(failed)))

    @property
    def history_holds(self) -> bool:
        """Whether the log is whole and one with what was seen before, whatever else is wrong with it."""
        return bool(self.note) and not HISTORY_CHECKS & set(self.failed)

    def require_clean(self) -> None:
        """Raise VerificationError if any check failed."""
        if self.failed:
            raise VerificationError(
                f"the log does not verify: {self.failed.total()} failures, the first is {self.failures[0]}",
                remedy="Keep this log as evidence (`concordat audit export`), and ask the parties named.",
            )


def verify(
    source: LogSource, log_key: str, seen: Checkpoint | None = None, progress: Progress = lambda _: None,
    require_same: RequireSame = lambda _index, _leaf: None, sizes: Iterable[int] = (),
) -> Report:  # fmt: skip
    """Verify the log that ``source`` gives, with the log's verifier key.

    ``seen`` is the last checkpoint verified before; ``progress`` is told the number of entries done; ``require_same``
    (index, leaf) raises VerificationError where a source keeps something else beside an entry than the entry says;
    ``sizes`` are those at which the caller wants the root. Raises only what reading raises (UnreachableError,
    InputError); what is wrong with the log is in the report.
    """
    report = Report(note.parse_verifier_key(log_key).name)
    text = source.checkpoint()
    try:
        with check(1):
            point = checkpoint.verify(text, log_key)
    except CheckFailed as failed:
        report.add(failed, None)
        return report
    report.note, report.size, report.root = text, point.size, point.root
    _compare_sizes(report, point, seen)
    replay = Replay(source.agreement_files, point.origin, log_key)
    tree = merkle.CompactRange()
    leaves = source.entries(point.size)
    wanted = {*sizes, *((seen.size,) if seen is not None else ())}
    stops = sorted(wanted)
    while True:
        if tree.size in wanted:
            report.roots[tree.size] = tree.root()
            _compare_roots(report, tree, seen)
        batch = _read(report, leaves, _batch_size(tree.size, stops))
        if not batch:
            break
        hashes = _replay(report, replay, tree.size, batch, require_same)
        tree.extend_hashes(b"".join(hashes))
        progress(tree.size)
    report.edge = tree.to_bytes()
    report.read = tree.size
    if tree.size != point.size:
        report.add(CheckFailed(3, f"the checkpoint has {point.size} entries, {tree.size} were there to read"), None)
    elif tree.root() != point.root:
        report.add(CheckFailed(3, "the entries do not hash to the checkpoint's root"), None)
    report.entry_counts, report.states, report.agreements = replay.counts, replay.states(), replay.agreements()
    _count_witnesses(report)
    return report


def _batch_size(size: int, stops: Sequence[int]) -> int:
    """How many entries to take next: a batch ends where a root is wanted."""
    following = bisect_right(stops, size)
    return min(_BATCH_ENTRIES, stops[following] - size) if following < len(stops) else _BATCH_ENTRIES


def _read(report: Report, leaves: Iterator[bytes], count: int) -> list[bytes]:
    """The next ``count`` entries; fewer at the end, or where reading shows that the log is not whole."""
    batch: list[bytes] = []
    try:
        batch.extend(islice(leaves, count))
    except VerificationError as error:
        report.add(CheckFailed(3, str(error)), None)
    return batch


def _count_witnesses(report: Report) -> None:
    parsed, enough = note.parse(report.note), []
    for agreement in report.agreements:
        try:
            with check(1):
                found = cosignature.cosigners(parsed, map(cosignature.parse_verifier_key, agreement.witnesses))
        except CheckFailed as failed:
            report.add(failed, None)
            continue
        report.cosigned |= {key.name: time for key, time in found.items()}
        enough.append(0 < agreement.witness_threshold <= len(found))
    report.witnessed = bool(enough) and all(enough)


def _replay(
    report: Report, replay: Replay, first: int, batch: list[bytes], require_same: RequireSame
) -> list[bytes]:  # fmt: skip
    """Play a batch, whose first entry has index ``first``; returns leaf hashes. Failures go by entry, then by check."""
    broken: list[tuple[int, CheckFailed]] = []
    hashes: list[bytes] = []
    for index, data in enumerate(batch, first):
        try:
            leaf = Leaf.read(data)
        except ConcordatError as error:
            broken.append((index, CheckFailed(4, str(error))))
            hashes.append(merkle.leaf_hash(data))
            continue
        hashes.append(leaf.digest)
        try:
            require_same(index, leaf)
        except VerificationError as error:
            broken.append((index, CheckFailed(28, str(error))))
        broken += [(index, failed) for failed in replay.take(index, leaf.entry)]
    broken += replay.settle()
    for index, failed in sorted(broken, key=lambda item: (item[0], item[1].number)):
        report.add(failed, index)
    return hashes


def _compare_sizes(report: Report, point: Checkpoint, seen: Checkpoint | None) -> None:
    if seen is None:
        return
    if point.size < seen.size:
        report.add(CheckFailed(2, f"the log has {point.size} entries; it had {seen.size} before (rollback)"), None)
    elif point.size == seen.size and point.root != seen.root:
        report.add(CheckFailed(2, f"two different logs of {point.size} entries are signed (fork)"), None)


def _compare_roots(report: Report, tree: merkle.CompactRange, seen: Checkpoint | None) -> None:
    """All leaves are read anyhow, so the older root is derived again: that says more than a consistency proof."""
    if seen is not None and tree.size == seen.size and tree.root() != seen.root:
        report.add(CheckFailed(2, f"the first {seen.size} entries are not those verified before (fork)"), None)
