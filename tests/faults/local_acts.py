"""What an agency does on its own disk while something breaks: each act with preparation and checks.

``do`` is repeated on freshly opened homes until it succeeds, as a person or a service manager would.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

from keys import lock
from keys.agency import AgencyKeys
from keys.ring import KeyRing
from matcher.agency import setup
from matcher.agency.exchange import service_card
from matcher.agency.exchange.service_card import ServiceCard
from matcher.agency.home import AgencyHome
from matcher.agency.secrets import evaluate
from matcher.agency.submit import flow
from matcher.agency.submit.flow import submit
from matcher.agency.submit.job import make_job
from matcher.protocol.errors import InputError, StateError
from tests.agency import submission_world, test_evaluate
from tests.agency.exchange import world as exchange
from tests.agency.submission_world import ASKING, FLOW, PERIOD, silent
from tests.faults.here_workers import HereWorkers

SECRET = "secret"
NOW = 1_700_000_000


@contextmanager
def cheap_passphrases() -> Iterator[None]:
    """Let a passphrase become a key at once: how long that takes is no part of what is written."""
    with mock.patch.object(lock, "_SCRYPT_N", 2):
        yield


@dataclass
class Shelf:
    """What is made once: homes with keys, blinded elements. ``path`` is for them, not for the trials."""

    path: Path
    templates: exchange.Templates = field(init=False)
    elements: bytes = b""
    kept: dict[str, Any] = field(default_factory=dict)  # what an act opens once, since deriving keys is slow

    def __post_init__(self) -> None:
        """Make homes and elements."""
        from keys import oprf

        (self.path / "exchange").mkdir(parents=True)
        with cheap_passphrases():
            self.templates = exchange.make_templates(self.path / "exchange")
            submission_world.make_homes(self.path / "submission")
        self.elements = oprf.blind_batch([b"input %d" % number for number in range(1024)])[1]


def close_journals(homes: Iterable[AgencyHome]) -> None:
    """Close the journals that homes have open; they are opened again when they are needed."""
    for home in homes:
        if "journal" in vars(home):
            home.journal.close()
            del vars(home)["journal"]


class Scene:
    """One trial's place: ``path`` is watched. ``do`` acts, ``reopen`` is a fresh start, ``check`` raises."""

    def __init__(self, path: Path, shelf: Shelf) -> None:
        self.path = path
        self.shelf = shelf
        self.stack = ExitStack()
        self.stack.enter_context(cheap_passphrases())
        self.prepare()

    def prepare(self) -> None:
        """Set the scene; nothing breaks here."""

    @property
    def watched(self) -> Path:
        """Where steps are broken: what is another party's in the scene is not."""
        return self.path

    def do(self) -> None:
        """The act."""
        raise NotImplementedError

    def reopen(self) -> None:
        """A fresh start after the act was broken off."""

    def check(self) -> None:
        """What must hold after the act has succeeded."""
        raise NotImplementedError

    def elsewhere(self) -> dict[str, Any]:
        """What lives on other machines: it survives when this one's process is killed."""
        return {}

    def restore_elsewhere(self, held: dict[str, Any]) -> None:
        """Put it back."""

    def close(self) -> None:
        """Release what is open."""
        self.stack.close()


class CreateHome(Scene):
    """``concordat init``: a whole home or none."""

    def do(self) -> None:
        """Make the home unless it is there."""
        if not (self.path / "home").exists():
            setup.create_home(
                self.path / "home", "bureau", SECRET, {"ann": "hers"}, auditor=False, holder=True, now=NOW
            )

    def check(self) -> None:
        """It opens, and its card is that of its keys."""
        home = AgencyHome.open(self.path / "home", SECRET)
        card = setup.issued_card(home.path)
        assert card is not None
        assert card.content()["tls_certificate"] == home.keys.tls_certificate_pem


class _OneHome(Scene):
    def prepare(self) -> None:
        """A copy of a home."""
        shutil.copytree(self.shelf.templates.path / exchange.BUREAU, self.path / "home")
        self.home = self.path / "home"


class RenewCard(_OneHome):
    """``concordat card --renew-tls --renew-encryption``."""

    def do(self) -> None:
        """Renew and issue."""
        home = AgencyHome.open(self.home, SECRET)
        self.stack.callback(home.journal.close)
        home.keys.renew_tls(home.party, NOW)
        home.keys.renew_encryption()
        setup.issue_card(home)

    def check(self) -> None:
        """The card is that of the keys, and the former encryption key still stands beside the new one."""
        keys = AgencyKeys.open(self.home / "keys", SECRET)
        card = setup.issued_card(self.home)
        assert card is not None
        assert card.content()["tls_certificate"] == keys.tls_certificate_pem
        assert any(name.startswith("encryption.") for name in KeyRing.open(self.home / "keys", SECRET).names())


class AddService(_OneHome):
    """``concordat service add``."""

    card = ServiceCard("127.0.0.1:1", "log.example", "key", "certificate")

    def do(self) -> None:
        """Keep the card."""
        service_card.store(self.home, self.card)

    def check(self) -> None:
        """It is there, whole."""
        assert service_card.load(self.home) == self.card


class ChangePassphrase(_OneHome):
    """``concordat keys passphrase``."""

    def do(self) -> None:
        """Change it, unless it was changed."""
        try:
            KeyRing.open(self.home / "keys", "new")
        except Exception:
            KeyRing.open(self.home / "keys", SECRET).change_passphrase("new")

    def check(self) -> None:
        """All keys open under the new one."""
        AgencyKeys.open(self.home / "keys", "new")


class SubmitGroupKey(Scene):
    """``concordat submit`` in mode hmac: one submission, every row once."""

    mode = "hmac"

    @property
    def watched(self) -> Path:
        """The asking side's home."""
        return self.path / "world" / ASKING

    def prepare(self) -> None:
        """Two homes, and a service in memory."""
        self.stack.enter_context(mock.patch.object(flow, "Workers", HereWorkers))
        self.stack.enter_context(mock.patch.object(evaluate.Exchange.__init__, "__defaults__", (2.0,)))
        shutil.copytree(self.shelf.path / "submission", self.path / "world")
        self.world = submission_world.World(self.path / "world", self.mode)
        self.file = self.world.file("projects.csv", test_evaluate.PROJECTS)
        self.arrange()

    def arrange(self) -> None:
        """What the mode needs."""

    def reopen(self) -> None:
        """Open the journals again."""
        close_journals(self.world.homes.values())

    def elsewhere(self) -> dict[str, Any]:
        """The log, the mailbox, and the rows that the service has."""
        return {name: getattr(self.world.service, name) for name in ("log", "mail", "rows", "sealed")}

    def restore_elsewhere(self, held: dict[str, Any]) -> None:
        """Put them back."""
        vars(self.world.service).update(held)

    def do(self) -> None:
        """Submit, unless it is done."""
        if not self.world.service.sealed:
            self.submit()

    def submit(self) -> None:
        """One run of the command."""
        submit(make_job(self.world.homes[ASKING], FLOW, PERIOD, [self.file]), self.path / "rejects.csv", silent)

    def check(self) -> None:
        """One submission, of all rows; nothing is left to send."""
        assert len(self.world.service.sealed) == 1
        assert len(self.world.service.last_rows()) == 4
        with suppress(InputError, StateError):  # there is nothing new to send
            self.submit()
        assert sum(len(rows) for rows in self.world.service.rows.values()) == 4


class SubmitEvaluated(SubmitGroupKey):
    """``concordat submit`` in mode oprf: nothing is asked twice."""

    mode = "oprf"

    def arrange(self) -> None:
        """A holder that answers."""
        self.holder = test_evaluate.Holder(self.world)

    def check(self) -> None:
        """One request of 1,024, whatever broke."""
        super().check()
        kinds = Counter(item.message.kind for item in self.world.service.mail)
        assert kinds["evaluation-request"] == 1
