"""Bringing the auditor's copy up to date: fetch what is new, keep the agreements it names, verify all of it.

Fetching proves that the log only grew (follow.py). Verifying replays the whole copy, from its own disk, by every check
of checks.py: what an entry may do depends on all before it. Left to others: what is shown of it (browse/).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from matcher.auditor.checks import CheckFailed
from matcher.auditor.mirror.follow import HistoryError, follow
from matcher.auditor.mirror.reading import MirrorSource, keep_agreement
from matcher.auditor.mirror.store import MirrorStore
from matcher.auditor.source import AGREEMENT_FILE, AGREEMENTS_DIRECTORY, LogSource, ServiceSource
from matcher.auditor.verify import Report, verify
from matcher.auditor.witness import evidence
from matcher.channel.client import Channel
from matcher.protocol import cosignature
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import DeniedError, InputError, NotFoundError
from matcher.protocol.messages import NO_AGREEMENT

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Fetched:
    """The copy grew from ``before`` to ``size`` entries."""

    before: int
    size: int


def fetch(home: Path, channel: Channel, store: MirrorStore, log_key: str, progress: Progress) -> Fetched:
    """Bring the copy up to the service's newest checkpoint.

    Raises HistoryError once its evidence is kept, and what the service's refusal or silence raises.
    """
    source = ServiceSource(channel)
    shown = source.checkpoint()
    bare = cosignature.bare(shown, log_key)
    head = store.head()
    try:
        point = follow(channel, store, log_key, bare, progress)
    except HistoryError as error:
        evidence.keep(home, head.note, bare, error)
        raise
    if cosignatures := [line for line in shown.splitlines(keepends=True) if line not in bare.splitlines(keepends=True)]:
        store.add_cosignatures(point.size, cosignatures)
    _fetch_agreements(home, source, store)
    return Fetched(head.size, point.size)


def _fetch_agreements(home: Path, source: ServiceSource, store: MirrorStore) -> None:
    for (digest,) in store.database.execute("SELECT DISTINCT agreement FROM entries WHERE type <> 'access-denied'"):
        value = bytes.fromhex(digest) if digest else NO_AGREEMENT
        if value == NO_AGREEMENT or (home / AGREEMENTS_DIRECTORY / digest / AGREEMENT_FILE).is_file():
            continue
        try:
            keep_agreement(home, value, *source.agreement_files(value))
        except (NotFoundError, DeniedError):
            continue  # check 12 says so


def verify_copy(home: Path, store: MirrorStore, log_key: str, seen: Checkpoint | None, progress: Progress) -> Report:
    """Verify the copy by every check, from its own disk.

    Raises StateError while there is none, InputError when SQLite cannot read it.
    """
    with _readable():
        return verify_source(MirrorSource(home, store, log_key), log_key, seen, progress)


def verify_source(source: LogSource, log_key: str, seen: Checkpoint | None, progress: Progress) -> Report:
    """Verify a log; of a copy also what it keeps beside the entries. Raises what reading the source raises."""
    if not isinstance(source, MirrorSource):
        return verify(source, log_key, seen, progress)
    with _readable():
        report = verify(source, log_key, seen, progress, source.require_same, source.sizes())
        if report.note:  # else the newest checkpoint is wrong already, and nothing was read
            for reason in source.broken(report.roots, report.edge):
                report.add(CheckFailed(28, reason), None)
    return report


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise InputError(
            "the copy of the log is damaged",
            remedy="Move mirror.db aside, keep it, and fetch it again: `concordat audit mirror`.",
        ) from error
