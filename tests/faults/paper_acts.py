"""Agreements, calendars, databases of an earlier version, and an auditor's own files, while something breaks."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from unittest import mock

from keys.agency import AgencyKeys
from keys.people import open_person
from matcher.agency import setup
from matcher.agency.agreements import known, signatures
from matcher.agency.calendar import store as calendars
from matcher.agency.home import AgencyHome, Person
from matcher.agency.submit import flow
from matcher.auditor.browse.build import build
from matcher.auditor.browse.comparing import differences
from matcher.auditor.home import AuditorHome
from matcher.auditor.mirror.follow import HistoryError
from matcher.auditor.mirror.reading import keep_agreement
from matcher.auditor.mirror.store import MirrorStore
from matcher.auditor.mirror.updating import verify_copy
from matcher.auditor.witness.witness import Witness
from matcher.protocol.errors import ConcordatError, UnreachableError
from tests.agency import test_agreements
from tests.auditor.live_log import Log
from tests.auditor.page_world import full_story
from tests.auditor.world import AUDIT, LOG_KEY
from tests.faults.local_acts import (
    NOW,
    SECRET,
    CosignLog,
    CreateHome,
    KeepMirror,
    Scene,
    SubmitEvaluated,
    SubmitGroupKey,
    close_journals,
)
from tests.storage import test_before_marks as before
from tests.storage.test_findings_before_blocks import require_findings, rows_of

_CALENDAR = """format = "concordat-calendar-v1"

[years.2031]
notice = "a notice"
off = [2031-01-01, 2031-10-01]
work = []

[years.2032]
notice = "another"
off = [2032-01-01]
work = []
"""


class CreateAuditor(CreateHome):
    """``concordat init --auditor``: a whole home with its witness key, or none."""

    def do(self) -> None:
        """Make the home unless it is there."""
        if not (self.path / "home").exists():
            setup.create_home(self.path / "home", "audit-office", SECRET, {}, auditor=True, holder=False, now=NOW)

    def check(self) -> None:
        """Its card is there, and the witness's verifier key."""
        assert setup.issued_card(self.path / "home") is not None
        assert "audit-office" in (self.path / "home" / setup.WITNESS_FILE).read_text()


class SignAgreement(Scene):
    """``concordat agreement sign``, ``publish``, ``fetch``: one signature of one file."""

    def prepare(self) -> None:
        """Two homes, and a service in memory."""
        keys, self.person = self._opened()
        shutil.copytree(self.shelf.path / "agreement", self.path / "world")
        self.homes = {party: AgencyHome(self.path / "world" / party, party, own) for party, own in keys.items()}
        self.files = test_agreements.files(self.homes)
        self.service = test_agreements.FakeService(self.homes)
        self.stack.callback(self.reopen)

    def _opened(self) -> tuple[dict[str, AgencyKeys], Person]:
        """The keys of both homes, and of the person who signs; made and opened once."""
        path, kept = self.shelf.path / "agreement", self.shelf.kept
        if "agreement" not in kept:
            people = {test_agreements.BUREAU: "li.wei", test_agreements.REGULATOR: "chen.jie"}
            for party, person in people.items():
                setup.create_home(
                    path / party, party, SECRET, {person: "theirs"}, auditor=False,
                    holder=party == test_agreements.REGULATOR, now=int(time.time()),
                )  # fmt: skip
            keys = {party: AgencyKeys.open(path / party / "keys", SECRET) for party in people}
            file = path / test_agreements.BUREAU / "people" / "li.wei.key"
            kept["agreement"] = keys, Person("li.wei", open_person(file, "li.wei", "theirs"))
        opened: tuple[dict[str, AgencyKeys], Person] = kept["agreement"]
        return opened

    def reopen(self) -> None:
        """Open the journals again."""
        close_journals(self.homes.values())

    def elsewhere(self) -> dict[str, Any]:
        """What was published."""
        return {"files": self.service.files, "signatures": self.service.signatures}

    def restore_elsewhere(self, held: dict[str, Any]) -> None:
        """Put it back."""
        vars(self.service).update(held)

    def do(self) -> None:
        """Sign, publish, fetch."""
        home = self.homes[test_agreements.BUREAU]
        stored = signatures.sign(home, self.person, *self.files)
        signatures.publish(home, self.service.channel(), stored)
        signatures.fetch(home, self.service.channel())

    def check(self) -> None:
        """The signature here is the one that was published."""
        home = self.homes[test_agreements.BUREAU]
        (stored,) = known.every(home)
        assert stored.signatures[home.party] == self.service.signatures[home.party]
        assert (stored.matching_file, stored.agreement_file) == self.service.files


class AddCalendar(Scene):
    """``concordat calendar add``."""

    def do(self) -> None:
        """Add two years."""
        file = self.path.with_name("calendar.toml")
        file.write_text(_CALENDAR)
        calendars.add(self.path, file)

    def check(self) -> None:
        """Both are known."""
        assert {2031, 2032} <= set(calendars.calendar_of(self.path).years)


class SubmitAnew(SubmitGroupKey):
    """``concordat submit`` of other files than those of an unfinished submission, which is cleared away."""

    def arrange(self) -> None:
        """A submission that was cut off, and its file corrected."""
        cut = mock.patch.object(flow._Submit, "_uploaded", side_effect=UnreachableError("cut"))
        with cut, suppress(UnreachableError):
            self.submit()
        self.file.write_text(self.file.read_text().replace("1.5", "1.6"))


class SubmitRefused(SubmitEvaluated):
    """``concordat submit`` whose evaluation the holder refuses: nothing is left that waits for an answer."""

    def arrange(self) -> None:
        """A holder that refuses."""
        super().arrange()
        self.holder.reason = "evaluation-epoch"

    def do(self) -> None:
        """Submit; the refusal is its end."""
        try:
            self.submit()
        except ConcordatError as error:
            if error.code != "evaluation-refused":
                raise

    def check(self) -> None:
        """Nothing was sealed, and nothing waits."""
        assert not self.world.service.sealed
        with closing(before.SecretCache(self.watched / "secrets.db")) as cache:
            assert cache.pending() == []


class BringUpToDate(Scene):
    """Opening databases of before marks: every row is there, whatever breaks."""

    def prepare(self) -> None:
        """Every kind of database, as it was."""
        self.paths = {name: before.put(self.path, name) for name in (*before.OPENED, "vault")}
        self.held = {name: before.held(path) for name, path in self.paths.items() if name != "vault"}
        self.run = before.put(self.path, "control-run")
        self.findings = rows_of(self.run)

    def do(self) -> None:
        """Open them."""
        for name, path in self.paths.items():
            opening: Callable[[Path], Any] = before.Vault if name == "vault" else before.OPENED[name][1]
            opening(path).close()
        before.ControlDatabase(self.run).close()

    def check(self) -> None:
        """They are of the newest version, with what they held."""
        for name, path in self.paths.items():
            schema = before.VAULT if name == "vault" else before.OPENED[name][0]
            assert before.marks(path) == (schema.application_id, schema.version)
            if name != "vault":
                assert before.held(path) == self.held[name]
        before.require_rows(self.paths["vault"])
        require_findings(self.run, self.findings)


class KeepCopy(Scene):
    """``concordat audit mirror``: agreements, leaves, the last checkpoint, the page."""

    def prepare(self) -> None:
        """A log with everything in it."""
        self.story = full_story()

    @contextmanager
    def _store(self) -> Iterator[MirrorStore]:
        store = MirrorStore(self.path / "mirror.db", LOG_KEY)
        try:
            yield store
        finally:
            store.close()

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


PAPER_SCENES = {
    "agency: sign agreement": SignAgreement,
    "agency: add calendar": AddCalendar,
    "agency: submit, anew": SubmitAnew,
    "agency: submit, refused": SubmitRefused,
    "all: bring databases up to date": BringUpToDate,
    "auditor: create home": CreateAuditor,
    "auditor: keep copy and page": KeepCopy,
    "auditor: keep evidence": KeepAuditorsEvidence,
}
