"""Agreements, calendars, databases of an earlier version, while something breaks."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import closing, suppress
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
from matcher.protocol.errors import ConcordatError, UnreachableError
from tests.agency import test_agreements
from tests.faults.local_acts import (
    NOW,
    SECRET,
    CreateHome,
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


PAPER_SCENES = {
    "agency: sign agreement": SignAgreement,
    "agency: add calendar": AddCalendar,
    "agency: submit, anew": SubmitAnew,
    "agency: submit, refused": SubmitRefused,
    "all: bring databases up to date": BringUpToDate,
    "auditor: create home": CreateAuditor,
}
