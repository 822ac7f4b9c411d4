"""An in-memory world for the exchange: two agencies with real keys and homes, a service that keeps a real log.

The service here is honest unless a test makes it lie; it checks nothing, so every refusal in a test is the agency's
own.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from keys import oprf, people
from keys.agency import AgencyKeys
from keys.signing import SigningKey
from matcher.agency import setup
from matcher.agency.agent.deliveries import DeliveryDesk
from matcher.agency.agent.reveals import RevealDesk
from matcher.agency.exchange import cards
from matcher.agency.exchange.inbox import Inbox
from matcher.agency.exchange.outbox import sign_message
from matcher.agency.exchange.trust import trust_of
from matcher.agency.home import AgencyHome, Person
from matcher.agency.reveal import asking, proofs
from matcher.agency.reveal.collect import Collector
from matcher.agency.reveal.findings import OwnFinding
from matcher.agency.reveal.own_rows import OwnRow
from matcher.agency.reveal.proofs import FindingProof
from matcher.agency.reveal.runs import ListedFinding, VerifiedRun
from matcher.channel.types import Logged, MailItem
from matcher.protocol import canonical, checkpoint, cosignature, entries, findings, merkle, note, suite
from matcher.protocol.agreement.model import (
    Agreement,
    Column,
    Condition,
    Field,
    Flow,
    Link,
    Matching,
    Party,
    Quotas,
    Rule,
    Terms,
)
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import AgreementError, NotFoundError
from matcher.protocol.findings import Finding
from matcher.protocol.messages import SignedMessage
from matcher.protocol.suite import RecordKeys

ORIGIN = "log.example/world"
FLOW, PERIOD = "check", "2022-05"
BUREAU, REGULATOR = "bureau", "regulator"
DIGEST = suite.sha256(b"agreement")
FIELDS = (Field("kind", "exact"), Field("paid", "ratio"), Field("flags", "flags", ("frozen", "closed")))
RULES = (
    Rule("wrong-kind", "matched", (Condition("kind", "is", ("different",)),), {"en": "another kind"}),
    Rule("frozen", "matched", (Condition("flags", "has", ("frozen",)),), {"en": "frozen"}),
    Rule("not-found", "unmatched", (), {"en": "nobody answered"}),
)


class LogService:
    """A log with a mailbox. ``entries`` are its leaves; a fork is made by copying it and appending other things."""

    def __init__(self) -> None:
        self.key = SigningKey.generate()
        self.entries: list[bytes] = []
        self.mail: list[MailItem] = []
        self.cards: dict[str, SignedMessage] = {}
        self.fail_sending: list[Exception] = []
        self.witnesses: dict[str, SigningKey] = {}
        self.witnessed = 0  # entries that the witnesses have cosigned
        self.spoil: Callable[[str], str] = lambda line: line

    @property
    def log_key(self) -> str:
        return checkpoint.verifier_key(ORIGIN, self.key.public)

    def append(self, entry: bytes) -> int:
        self.entries.append(entry)
        return len(self.entries) - 1

    def hashes(self, size: int | None = None) -> list[bytes]:
        return [merkle.leaf_hash(entry) for entry in self.entries[:size]]

    def checkpoint(self, at_least: int = 0, agreement: bytes = b"", *_wait: int) -> str:
        size = self.witnessed if agreement else len(self.entries)
        if size < at_least:
            raise NotFoundError("not yet", code="not-cosigned")
        point = Checkpoint(ORIGIN, size, merkle.root(self.entries[:size]))
        signed = checkpoint.sign(point, self.key.public, self.key.sign)
        text = note.parse(signed).text
        lines = [
            self.spoil(cosignature.sign(text, name, key.public, 1, key.sign)) for name, key in self.witnesses.items()
        ]
        return cosignature.attach(signed, lines)

    def witness(self) -> None:
        """The witnesses cosign what there is."""
        self.witnessed = len(self.entries)

    def hire(self, count: int) -> tuple[str, ...]:
        """Witnesses that cosign when told; their verifier keys."""
        self.witnesses = {f"witness-{number}": SigningKey.generate() for number in range(count)}
        return tuple(cosignature.verifier_key(name, key.public) for name, key in self.witnesses.items())

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return list(merkle.inclusion_proof(self.hashes(size), index))

    def consistency(self, first: int, second: int) -> list[bytes]:
        if second > len(self.entries):
            raise NotFoundError("no such size")
        return list(merkle.consistency_proof(self.hashes(second), first))

    def logged(self, index: int) -> Logged:
        proof = tuple(self.inclusion(index, len(self.entries)))
        return Logged(index, self.entries[index], self.checkpoint(), proof)

    def send(self, message: SignedMessage, attachment: bytes = b"") -> Logged:
        if self.fail_sending:
            raise self.fail_sending.pop(0)
        for item in self.mail:
            if item.message == message:
                return self.logged(item.index)
        entry = entries.for_message(int(time.time() * 1000), message)
        index = self.append(entry)
        self.mail.append(MailItem(message, attachment, index, entry))
        return self.logged(index)

    def get_card(self, party: str) -> SignedMessage:
        return self.cards[party]

    def fork(self) -> LogService:
        """The same log so far, under the same key."""
        other = LogService()
        other.key, other.entries, other.mail, other.cards = self.key, list(self.entries), list(self.mail), self.cards
        return other


class Channel:
    """What one party sees of the service."""

    def __init__(self, service: LogService, party: str) -> None:
        self.service = service
        self.party = party

    def __getattr__(self, name: str) -> object:
        return getattr(self.service, name)

    def receive(self, kinds: Iterable[str], after: int = 0, limit: int = 64, _wait_seconds: int = 0) -> list[MailItem]:
        wanted = set(kinds)
        found = [
            item
            for item in self.service.mail
            if item.message.recipient == self.party and item.message.kind in wanted and item.index >= after
        ]
        return found[:limit]


class Home(AgencyHome):
    """A home with the world's agreement and clock."""

    current: Agreement
    clock = 0

    def agreement(self, _flow: str | None = None, digest: bytes | None = None) -> Agreement:
        if digest is not None and digest != self.current.digest:
            raise AgreementError("not known here")
        return self.current

    def now(self) -> int:
        return int(time.time()) + self.clock


@dataclass
class Rows:
    """Own rows by handle, and the link values they hold; F is a hash here."""

    rows: dict[bytes, OwnRow]
    manifests: frozenset[bytes]
    info: bytes = suite.record_info(suite.sha256(b"matching"), FLOW, PERIOD)

    def row(self, handle: bytes, manifests: Collection[bytes]) -> OwnRow:
        if handle not in self.rows or not set(manifests) & self.manifests:
            raise NotFoundError("no such row")
        return self.rows[handle]

    def keys(self, row: OwnRow) -> RecordKeys:
        return suite.record_keys(suite.sha256(row.link_value.encode()) * 2, self.info)


def agreement(service: LogService, roots: dict[str, bytes], holder_key: bytes) -> Agreement:
    """The world's agreement; tests change it with dataclasses.replace."""
    flow = Flow(FLOW, "account", BUREAU, (REGULATOR,), 1, FIELDS, RULES)
    link = Link("account", "oprf", "account-number", 1, REGULATOR, holder_key)
    matching = Matching(suite.sha256(b"matching"), "world", {"account": link}, {FLOW: flow}, b"", b"")
    people = {
        BUREAU: {"ann": frozenset({"prepare"}), "eve": frozenset({"read"})},
        REGULATOR: {"bob": frozenset({"approve"}), "eve": frozenset({"read"})},
    }
    columns = tuple(
        Column(name, (name,), "text", feeds) for name, feeds in (("kind", "kind"), ("paid", "paid"), ("flags", "flags"))
    )
    terms = Terms(
        FLOW, (), (*columns, Column("secret", ("secret",), "text")), {"inspection": ""}, ("art-26",), True,
        ("kind", "paid", "flags"), frozenset({"frozen"}), {},
    )  # fmt: skip
    quota = Quotas(10_000, 10, 10, 8192, 4096, 10)
    return Agreement(
        DIGEST, matching, 1, bytes(32), "World", 0, 2**40, "month", 30, 30, 72,
        {name: Party(name, name, "data", root, people[name]) for name, root in roots.items()},
        {FLOW: terms}, {BUREAU: quota, REGULATOR: quota}, ORIGIN, service.log_key, (), 0,
    )  # fmt: skip


@dataclass
class Templates:
    """The two homes, made and opened once for all tests: keys are slow to derive."""

    path: Path
    keys: dict[str, AgencyKeys]
    persons: dict[str, Person]


def make_templates(path: Path) -> Templates:
    """The homes of both parties. Bureau: ann prepares, eve reads. Regulator: bob approves, eve reads."""
    now = int(time.time())
    for party, persons, holder in ((BUREAU, ("ann", "eve"), False), (REGULATOR, ("bob", "eve"), True)):
        secrets = dict.fromkeys(persons, "hers")
        setup.create_home(path / party, party, "secret", secrets, auditor=False, holder=holder, now=now)
    files = {file.stem: file for file in path.glob("*/people/*.key") if file.stem != "eve" or BUREAU in file.parts}
    return Templates(
        path,
        {party: AgencyKeys.open(path / party / "keys", "secret") for party in (BUREAU, REGULATOR)},
        {name: Person(name, people.open_person(file, name, "hers")) for name, file in files.items()},
    )


def value_row(name: str, kind: str, paid: int, flags: int) -> OwnRow:
    """A row whose link value is ``name``."""
    columns = {"kind": kind, "paid": str(paid), "flags": str(flags), "secret": "never"}
    return OwnRow(f"line-{name}", "account", name, suite.sha256(name.encode()), (kind, paid, flags), columns)


def _always(proof: FindingProof) -> Callable[[], FindingProof]:
    return lambda: proof


@dataclass
class World:
    """Everything of one test."""

    path: Path
    service: LogService
    homes: dict[str, Home]
    rows: dict[str, Rows]
    persons: dict[str, Person]
    agreement: Agreement = field(init=False)
    channels: dict[str, Channel] = field(init=False)

    def __post_init__(self) -> None:
        self.channels = {party: Channel(self.service, party) for party in self.homes}
        roots = {party: home.keys.root.public for party, home in self.homes.items()}
        info = suite.oprf_key_info("world", "account", 1)
        seed = self.homes[REGULATOR].keys.oprf_seed
        assert seed is not None
        self.agree(agreement(self.service, roots, oprf.derive_key_pair(seed, info)[1]))

    def agree(self, changed: Agreement) -> None:
        """Put another agreement in force at both sides."""
        self.agreement = changed
        for home in self.homes.values():
            home.current = changed

    def change_terms(self, **changes: object) -> None:
        terms = replace(self.agreement.terms[FLOW], **changes)  # type: ignore[arg-type]
        self.agree(replace(self.agreement, terms={FLOW: terms}))

    def change_quotas(self, **changes: int) -> None:
        quota = replace(self.agreement.quotas[BUREAU], **changes)
        self.agree(replace(self.agreement, quotas={**self.agreement.quotas, BUREAU: quota}))

    def inbox(self, party: str) -> Inbox:
        home = self.homes[party]
        book = cards.CardBook(home, self.channels[party])  # type: ignore[arg-type]
        return Inbox(home, book, lambda digest: home.agreement(digest=digest))

    def reveal_desk(self) -> RevealDesk:
        rows = self.rows[REGULATOR]
        channel = self.channels[REGULATOR]
        return RevealDesk(self.homes[REGULATOR], channel, lambda *_: rows, lambda *_: rows.manifests)  # type: ignore[arg-type]

    def delivery_desk(self) -> DeliveryDesk:
        home, channel = self.homes[REGULATOR], self.channels[REGULATOR]
        book = cards.CardBook(home, channel)  # type: ignore[arg-type]
        return DeliveryDesk(home, channel, book, lambda *_: self.rows[REGULATOR])  # type: ignore[arg-type]

    def collector(self) -> Collector:
        home, channel = self.homes[BUREAU], self.channels[BUREAU]
        return Collector(home, channel, self.inbox(BUREAU), lambda *_: self.rows[BUREAU])  # type: ignore[arg-type]

    def run(
        self,
        named: Sequence[tuple[str, tuple[str, ...]]],
        period: str = PERIOD,
        foreign_run: bytes = b"",
        asked_for: int = 2,
    ) -> tuple[VerifiedRun, list[OwnFinding]]:
        """A run whose findings are (link value, codes), logged and verified. ``foreign_run``: its findings say so.
        ``asked_for`` is how many of the two manifests the request names."""
        inputs = [
            {"party": party, "manifests": sorted(item.hex() for item in self.rows[party].manifests)}
            for party in sorted(self.rows)
        ]
        record = {
            "suite": suite.SUITE, "agreement": self.agreement.digest.hex(), "flow": FLOW, "period": period,
            "inputs": inputs, "counts": {"matched": len(named)},
        }  # fmt: skip
        digest = findings.run_digest(record)
        made = sorted(
            (
                Finding(
                    foreign_run or digest, BUREAU, handle_of(BUREAU, name), REGULATOR, handle_of(REGULATOR, name), codes
                )
                for name, codes in named
            ),
            key=Finding.sort_key,
        )
        ids = [item.finding_id(self.agreement.matching.digest, FLOW, PERIOD) for item in made]
        leaves = [item.leaf(finding_id) for item, finding_id in zip(made, ids, strict=True)]
        hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
        body = {"manifests": sorted(digest for side in inputs for digest in side["manifests"])[:asked_for]}  # type: ignore[union-attr]
        message = self.sign(BUREAU, "match", body, "", period=period)
        facts = {"run": record, "findings_root": merkle.root(leaves).hex(), "findings": len(made)}
        index = self.service.append(entries.for_message(int(time.time() * 1000), message, facts))
        run = VerifiedRun(
            digest, self.service.entries[index], index, merkle.root(leaves), len(made), self.rows[BUREAU].manifests, {}
        )  # fmt: skip
        own = []
        for position, (item, finding_id) in enumerate(zip(made, ids, strict=True)):
            proof = FindingProof(leaves[position], position, len(made), tuple(merkle.inclusion_proof(hashes, position)))
            listed = ListedFinding(finding_id, item, _always(proof), "listed", 0)
            own.append(OwnFinding(listed, self.rows[BUREAU].rows[item.asking_handle], ()))
        return run, own

    def sign(
        self, party: str, kind: str, body: dict[str, object], recipient: str, person: str = "ann", period: str = PERIOD
    ) -> SignedMessage:
        who = self.persons[person] if kind in ("reveal-request", "match") else None
        home = self.homes[party]
        return sign_message(home, kind, self.agreement.digest, FLOW, period, recipient, body, 72, who)

    def note(self, party: str = BUREAU) -> str:
        """The party's last checkpoint, brought up to date."""
        trust = trust_of(self.homes[party], self.channels[party], self.agreement)  # type: ignore[arg-type]
        trust.accept(self.service.checkpoint())
        return trust.last()

    def request_body(self, run: VerifiedRun, own: Sequence[OwnFinding]) -> dict[str, object]:
        """The body of a good request for all of ``own``."""
        return {
            "run": run.digest.hex(),
            "findings": [
                {"id": item.listed.finding_id.hex(), "claim": canonical.b64(asking._claim(self.rows[BUREAU], item))}
                for item in own
            ],
            "purpose": "inspection",
            "case": "C-1",
            "basis": ["art-26"],
            "checkpoint": self.note(),
        }

    def attachment(self, run: VerifiedRun, own: Sequence[OwnFinding]) -> bytes:
        return proofs.encode([item.listed.proof for item in own], run.entry, run.index)

    def deliver(self, message: SignedMessage, attachment: bytes) -> MailItem:
        """Send through the log and return what arrives."""
        self.service.send(message, attachment)
        return self.service.mail[-1]

    def take(self, item: MailItem) -> dict[str, int]:
        """What the regulator's desk does with a reveal request."""
        return self.reveal_desk().take(self.inbox(REGULATOR).open(item))

    def ask(self, run: VerifiedRun, own: Sequence[OwnFinding]) -> list[SignedMessage]:
        """The real way of asking."""
        reason = asking.Reason("inspection", "C-1", ("art-26",))
        home = self.homes[BUREAU]
        return asking.ask(
            home, self.agreement, (FLOW, PERIOD), run, own, self.rows[BUREAU], reason, self.persons["ann"], self.note()
        )  # fmt: skip


def handle_of(party: str, name: str) -> bytes:
    return suite.sha256(f"{party} {name}".encode())[:16]


def make_world(path: Path, templates: Templates) -> World:
    """A fresh world: rows a (frozen), b (another kind), c (as declared)."""
    homes: dict[str, Home] = {}
    service = LogService()
    for party in (BUREAU, REGULATOR):
        shutil.copytree(templates.path / party, path / party)
        homes[party] = Home(path / party, party, templates.keys[party])
        card = setup.issued_card(path / party)
        assert card is not None
        service.cards[party] = card
        service.append(entries.for_message(1, card))
    values = {"a": (("wage", 1000, 1), ("wage", 1000, 0)), "b": (("other", 1000, 0), ("wage", 1000, 0))}
    values["c"] = (("wage", 1000, 0), ("wage", 1000, 0))
    rows = {
        party: Rows(
            {handle_of(party, name): value_row(name, *pair[side]) for name, pair in values.items()},
            frozenset({suite.sha256(f"manifest {party}".encode())}),
        )
        for party, side in ((REGULATOR, 0), (BUREAU, 1))
    }
    return World(path, service, homes, rows, dict(templates.persons))
