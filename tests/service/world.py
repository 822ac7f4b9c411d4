"""A service in this process, over real gRPC and mutual TLS, with two agencies, an auditor and a clock to turn."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keys.service import ServiceKeys
from matcher.channel.client import Channel
from matcher.channel.types import Logged, RunInfo
from matcher.protocol import checkpoint, entries, merkle
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.agreement.parse import parse_agreement, parse_matching
from matcher.protocol.entries import Entry
from matcher.protocol.messages import SignedMessage
from matcher.service import app
from matcher.service import purge as purging
from matcher.service.acts import directory
from matcher.service.home import ServiceHome
from matcher.service.metrics import Metrics
from matcher.service.store.periods import PeriodName
from tests.service import paper
from tests.service.party import Party, chunks, in_order, make_row, manifest_body

ORIGIN = "log.example/test"
PASSPHRASE = "a service for tests"
PEOPLE = {
    paper.ASKING: ("maker", "checker"),
    paper.ANSWERING: ("clerk", "officer"),
    paper.AUDITOR: ("reader",),
    paper.OTHER: ("nobody",),
}


@dataclass(frozen=True, slots=True)
class Template:
    """A new service's home, to be copied: deriving a key from a passphrase is slow on purpose."""

    path: Path
    keys: ServiceKeys


def new_template(path: Path) -> Template:
    """Make a service."""
    home = ServiceHome(path)
    app.create(home, PASSPHRASE, ORIGIN, app.system_clock)
    return Template(path, ServiceKeys.open(home.keys, PASSPHRASE))


class World:
    """Everything a test needs at hand; ``start`` and ``stop`` restart the service on the same home."""

    def __init__(self, path: Path, template: Template) -> None:
        self.offset = 0
        self.acknowledged: dict[str, int] = {}  # rows of a party's upload, for tests that break it off
        self.home = ServiceHome(path)
        shutil.copytree(template.path, path)
        self.public = self.home.read_public()
        self.keys = template.keys
        self.parties = {name: Party(name, self.now) for name in PEOPLE}
        for name, people in PEOPLE.items():
            for person in people:
                self.parties[name].person(person)
        self._stack = ExitStack()
        self._channels: dict[str, Channel] = {}
        self.metrics = Metrics()
        self.gate = threading.Event()
        self.transport: Callable[[], Iterable[str]] = tuple  # lines of the transport's log
        self.start()

    def clock(self) -> int:
        """Milliseconds, moved on by ``offset`` seconds."""
        return app.system_clock() + self.offset * 1000

    def now(self) -> int:
        """Seconds."""
        return int(time.time()) + self.offset

    def start(self) -> None:
        """Open the home and serve it."""
        self.storage = self._stack.enter_context(app.opened(self.home, self.keys, self.clock))
        self.server = self._stack.enter_context(
            app.serving(self.storage, self.keys, "127.0.0.1:0", self.metrics, self.clock, self.transport)
        )

    def stop(self) -> None:
        """Close channels and stop the service."""
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()
        self._stack.close()

    def admit(self, *names: str) -> None:
        """Admit parties by their cards."""
        for name in names:
            directory.admit(self.storage.database, self.storage.log, self.parties[name].card(), self.clock)

    def channel(self, name: str) -> Channel:
        """The party's connection."""
        if name not in self._channels:
            self._channels[name] = self.parties[name].channel(self.server.address, self.public.tls_certificate)
        return self._channels[name]

    def files(self, mode: str = "oprf", epoch: int = 1, **values: Any) -> tuple[bytes, bytes, Agreement]:
        """The agreement's two files, and their meaning."""
        matching_file = paper.matching_file(mode, epoch)
        roots = {name: self.parties[name].root.public.hex() for name in (paper.ASKING, paper.ANSWERING, paper.AUDITOR)}
        log = {"origin": self.public.origin, "log_key": self.public.log_key}
        matching = {"matching": parse_matching(matching_file).digest.hex()}
        agreement_file = paper.agreement_file(**{**roots, **log, **matching, **values})
        return matching_file, agreement_file, parse_agreement(agreement_file, parse_matching(matching_file))

    def signature(self, name: str, agreement: Agreement, **changes: Any) -> SignedMessage:
        """A party's signature of an agreement."""
        body = {"agreement": agreement.id, "version": agreement.version, "matching": agreement.matching.digest.hex()}
        person = {paper.ASKING: "checker", paper.ANSWERING: "officer"}[name]
        return self.parties[name].sign(
            "agreement", {**body, **changes}, hours=0, agreement=agreement.digest, flow="", period="", person=person
        )

    def agree(self, mode: str = "oprf", epoch: int = 1, **values: Any) -> Agreement:
        """Publish an agreement and sign it by both data parties."""
        matching_file, agreement_file, agreement = self.files(mode, epoch, **values)
        for name in (paper.ASKING, paper.ANSWERING):
            self.channel(name).publish(matching_file, agreement_file, [self.signature(name, agreement)])
        self.agreement = agreement
        return agreement

    def row(self, name: str, link_value: str, values: Any, **options: Any) -> bytes:
        """One packed row under the present agreement."""
        return make_row(self.agreement, name, link_value, values, **options)

    def submit(
        self, name: str, packed: Sequence[bytes], *, sequence: int = 1, previous: bytes = b"",
        period: str = paper.PERIOD,
    ) -> tuple[SignedMessage, Logged]:  # fmt: skip
        """Upload and seal rows; returns the manifest and where it stands."""
        ordered = in_order(packed)
        submission = os.urandom(16)
        channel = self.channel(name)
        channel.open_upload(submission, self.agreement.digest, paper.FLOW, period, sequence, len(ordered))
        for _next_row in channel.upload(submission, chunks(ordered)):
            pass
        manifest = self.parties[name].sign(
            "manifest", manifest_body(submission, ordered, sequence, previous), hours=0,
            agreement=self.agreement.digest, period=period,
        )  # fmt: skip
        return manifest, channel.seal(submission, manifest)

    def match_request(self, **changes: Any) -> SignedMessage:
        """A request for a match over everything sealed."""
        listed = self.channel(paper.ASKING).list_submissions(self.agreement.digest, paper.FLOW, paper.PERIOD)
        options = {"agreement": self.agreement.digest, "person": "maker", **changes}
        return self.parties[paper.ASKING].sign(
            "match", {"manifests": [item.manifest_digest.hex() for item in listed]}, **options
        )

    def match(self) -> RunInfo:
        """Run the match."""
        run = [step.run for step in self.channel(paper.ASKING).run_match(self.match_request())][-1]
        if run is None:
            raise ValueError("the last progress carries no run")
        return run

    def purge(self, *, early: bool = True) -> int:
        """Purge the period."""
        storage = self.storage
        name = PeriodName(paper.AGREEMENT_ID, paper.FLOW, paper.PERIOD)
        return purging.purge(
            storage.database, storage.log, storage.home, storage.period_keys, name, self.clock, early=early
        )

    def log(self) -> list[Entry]:
        """Every entry, each checked against the newest checkpoint: the whole log holds after each step."""
        with self.storage.database.read() as transaction:
            records = list(transaction.query("SELECT position, time, entry FROM entries ORDER BY position"))
            note = next(iter(transaction.query("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")))["note"]
        point = checkpoint.verify(note, self.public.log_key)
        if point.size != len(records) or point.root != merkle.root(record["entry"] for record in records):
            raise ValueError("the newest checkpoint is not over the entries")
        parsed = [entries.parse(record["entry"]) for record in records]
        if [entry.time for entry in parsed] != sorted(entry.time for entry in parsed):
            raise ValueError("times decrease")
        return parsed

    def log_types(self) -> list[str]:
        """The types of all entries, in order."""
        return [entry.type for entry in self.log()]


@contextmanager
def new_world(path: Path, template: Template) -> Iterator[World]:
    """A world with every party admitted but the stranger, and no agreement yet."""
    world = World(path, template)
    try:
        world.admit(paper.ASKING, paper.ANSWERING, paper.AUDITOR)
        yield world
    finally:
        world.stop()
