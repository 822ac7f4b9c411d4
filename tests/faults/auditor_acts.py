"""What an auditor keeps on its own disk while something breaks: a mirror, a copy with its page, evidence, an export."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from keys.signing import SigningKey
from matcher.auditor import export
from matcher.auditor.browse.build import build
from matcher.auditor.browse.comparing import differences
from matcher.auditor.home import AuditorHome
from matcher.auditor.mirror.follow import HistoryError
from matcher.auditor.mirror.reading import keep_agreement
from matcher.auditor.mirror.store import MirrorStore
from matcher.auditor.mirror.updating import verify_copy
from matcher.auditor.source import DirectorySource
from matcher.auditor.verify import verify
from matcher.auditor.witness.witness import Witness
from tests.auditor.live_log import Log
from tests.auditor.page_world import full_story
from tests.auditor.world import AUDIT, LOG_KEY, Source
from tests.auditor.world import World as AuditedWorld
from tests.faults.local_acts import NOW, Scene, Shelf


class _MirrorScene(Scene):
    @contextmanager
    def _store(self) -> Iterator[MirrorStore]:
        store = MirrorStore(self.path / "mirror.db", LOG_KEY)
        try:
            yield store
        finally:
            store.close()


class KeepMirror(_MirrorScene):
    """An auditor's mirror takes leaves in batches."""

    def prepare(self) -> None:
        """A log."""
        self.story = AuditedWorld.good()

    def do(self) -> None:
        """Take what is missing."""
        with self._store() as store:
            for end in (5, len(self.story.entries)):
                size = store.head().size
                if size < end:
                    note = self.story.checkpoint() if end == len(self.story.entries) else ""
                    store.append(size, self.story.entries[size:end], note)

    def check(self) -> None:
        """Every leaf, once, and the checkpoint."""
        with self._store() as store:
            assert list(store.leaves()) == self.story.entries
            assert store.head().note == self.story.checkpoint()


class CosignLog(KeepMirror):
    """A witness: it holds what it cosigns, and hands the same line in again after a crash."""

    key = SigningKey.generate()

    def prepare(self) -> None:
        """A log that takes lines."""
        super().prepare()
        self.log = Log(self.story.entries)

    def do(self) -> None:
        """One step of a fresh witness."""
        with self._store() as store:
            Witness(self.path, AUDIT, self.log, store, LOG_KEY, self.key, lambda: NOW).step()

    def check(self) -> None:
        """One line, however often it was handed in; every leaf is held."""
        assert len(set(self.log.lines)) == 1
        with self._store() as store:
            assert list(store.leaves()) == self.story.entries


class ExportLog(KeepMirror):
    """``concordat audit export``."""

    def do(self) -> None:
        """Write it into a new directory: one that an attempt left is no export, and says so."""
        for left in self.path.glob("export*"):
            assert not (left / "checkpoint").exists() or (left / "agreements").exists()
        self.target = self.path / f"export{len(list(self.path.iterdir()))}"
        export.export(Source(self.story), self.target)

    def check(self) -> None:
        """Anybody can verify it."""
        verify(DirectorySource(self.target), LOG_KEY, None).require_clean()


class KeepCheckpoint(KeepMirror):
    """``concordat audit verify`` keeps what it has seen."""

    def do(self) -> None:
        """Keep it."""
        AuditorHome(self.path).keep_seen(LOG_KEY, self.story.checkpoint())

    def check(self) -> None:
        """It is there, whole."""
        seen = AuditorHome(self.path).last_seen(LOG_KEY)
        assert seen is not None
        assert seen.size == len(self.story.entries)


class KeepCopy(_MirrorScene):
    """``concordat audit mirror``: agreements, leaves, the last checkpoint, the page."""

    def prepare(self) -> None:
        """A log with everything in it."""
        self.story = full_story()

    def do(self) -> None:
        """Take what is missing, verify, keep, show."""
        home = AuditorHome(self.path)
        for digest, papers in self.story.agreement_files.items():
            keep_agreement(self.path, digest, *papers)
        with self._store() as store:
            size = store.head().size
            store.append(size, self.story.entries[size:], self.story.checkpoint())
            report = verify_copy(self.path, store, LOG_KEY, home.last_seen(LOG_KEY), lambda _done: None)
            home.keep_seen(LOG_KEY, report.note)
            build(self.path, store, report)

    def check(self) -> None:
        """The copy verifies, and the page is what the copy makes it."""
        with self._store() as store:
            report = verify_copy(
                self.path, store, LOG_KEY, AuditorHome(self.path).last_seen(LOG_KEY), lambda _done: None
            )
            report.require_clean()
            assert list(differences(self.path, store, report)) == []


class KeepAuditorsEvidence(KeepMirror):
    """A witness and a verifying auditor meet another history: they refuse, and keep what shows it."""

    def prepare(self) -> None:
        """A witness that has held the log, which then is another."""
        super().prepare()
        with self._store() as store:
            self._witness(Log(self.story.entries), store).step()
        AuditorHome(self.path).keep_seen(LOG_KEY, self.story.checkpoint())
        self.other = Log(self.story.entries[:-1] + self.story.entries[:1])

    def _witness(self, log: Log, store: MirrorStore) -> Witness:
        return Witness(self.path, AUDIT, log, store, LOG_KEY, CosignLog.key, lambda: NOW)

    def do(self) -> None:
        """Look, and keep."""
        with self._store() as store, suppress(HistoryError):
            self._witness(self.other, store).step()
        AuditorHome(self.path).keep_evidence(LOG_KEY, self.other.checkpoint())

    def check(self) -> None:
        """What was held and what was shown are there, whole."""
        kept = {path.read_text() for path in (self.path / "evidence").glob("*.note")}
        assert self.other.checkpoint() in kept
        assert self.story.checkpoint() in kept
        assert self.other.lines == []


AUDITOR_SCENES: dict[str, Callable[[Path, Shelf], Scene]] = {
    "auditor: keep mirror": KeepMirror,
    "auditor: cosign": CosignLog,
    "auditor: export": ExportLog,
    "auditor: keep checkpoint": KeepCheckpoint,
    "auditor: keep copy and page": KeepCopy,
    "auditor: keep evidence": KeepAuditorsEvidence,
}
