"""A log in memory: real keys, real signatures, real agreement files, and a clock that the test turns.

``World.good()`` tells one whole story. Tests change one thing in it, or go on from it wrongly, and name the check that
must notice. The log is signed afresh after every change: what is tested is an auditor facing a service that signs
whatever it likes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from matcher.auditor.verify import Report, verify
from matcher.protocol import bodies, canonical, checkpoint, entries, merkle, messages
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.agreement.parse import parse_agreement, parse_matching
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import NotFoundError
from matcher.protocol.findings import run_digest
from matcher.protocol.messages import NO_AGREEMENT, SignedMessage
from matcher.protocol.suite import sha256
from tests.auditor import files

ORIGIN = "daxing.example/log"
FLOW, PERIOD = "account-check", "2022-05"
LABOUR, BANK, AUDIT = "labour-bureau", "bank-regulator", "audit-office"
PEOPLE = {LABOUR: ("zhang.min", "li.wei"), BANK: ("chen.jie", "wang.fang"), AUDIT: ("zhao.lei",)}
START = 1_652_148_000_000  # 2022-05-10 10:00 in China, in ms
DAY = 86_400_000
DIGEST = files.DIGEST


@cache
def key(name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()))


def public(name: str) -> bytes:
    return key(name).public_key().public_bytes_raw()


LOG_KEY = checkpoint.verifier_key(ORIGIN, public("log"))
ROOTS = {party: public(party) for party in PEOPLE}
CLAIM = canonical.b64(bytes(32))


def finding(number: int) -> str:
    return sha256(b"finding %d" % number).hex()


class World:
    def __init__(self, **agreement: Any) -> None:
        self.time = START
        self.entries: list[bytes] = []
        self.agreement_files: dict[bytes, tuple[bytes, bytes]] = {}
        self.sequences: dict[tuple[str, str], int] = {}
        self.serials: dict[str, int] = {}
        self.agreement: Agreement = self.publish(**agreement)
        self.manifests: dict[tuple[str, str], list[str]] = {}
        self.totals: dict[str, int] = {}
        self.said: dict[str, SignedMessage] = {}
        self.at: dict[str, int] = {}
        self.run = ""
        self.period = PERIOD

    @classmethod
    def good(cls) -> World:
        """One whole story, ending with a finding opened and another one refused."""
        world = cls()
        world.tell()
        return world

    def tell(self) -> None:
        """The whole story."""
        self.begin()
        self.ask_evaluation()
        self.answer_evaluation()
        self.seal(LABOUR, rows=10)
        self.seal(BANK, rows=100)
        self.match()
        self.list_findings(LABOUR)
        self.request(1, 2)
        self.decide("approved", 1)
        self.decide("refused", 2)
        self.deliver(1)
        self.open(1)

    def publish(self, **changes: Any) -> Agreement:
        matching, agreement = files.make(ROOTS, ORIGIN, LOG_KEY, **changes)
        parsed = parse_agreement(agreement, parse_matching(matching))
        self.agreement_files[parsed.digest] = (matching, agreement)
        return parsed

    def in_period(self, period: str) -> World:
        """What follows is of another period."""
        self.period = period
        return self

    # ---- the log -------------------------------------------------------------------------------------------------

    def append(self, data: bytes) -> int:
        self.entries.append(data)
        self.time += 1000
        return len(self.entries) - 1

    def log(self, message: SignedMessage, facts: canonical.Json | None = None, name: str = "") -> int:
        index = self.append(entries.for_message(self.time, message, facts, name))
        self.said[message.kind] = message
        self.at[message.kind] = index
        return index

    def act(self, name: str, facts: canonical.Json, actor: str = "", **headers: Any) -> int:
        given = {"agreement": self.agreement.digest, "flow": FLOW, "period": self.period, **headers}
        return self.append(entries.without_message(name, self.time, facts, actor=actor, **given))

    def point(self, size: int | None = None) -> Checkpoint:
        data = self.entries if size is None else self.entries[:size]
        return Checkpoint(ORIGIN, len(data), merkle.root(data))

    def checkpoint(self) -> str:
        return checkpoint.sign(self.point(), public("log"), key("log").sign)

    def source_entries(self, size: int) -> Iterator[bytes]:
        return iter(self.entries[:size])

    def files(self, digest: bytes) -> tuple[bytes, bytes]:
        if digest not in self.agreement_files:
            raise NotFoundError("no such agreement")
        return self.agreement_files[digest]

    def verify(self, seen: Checkpoint | None = None, log_key: str = LOG_KEY) -> Report:
        return verify(Source(self), log_key, seen)

    def rewrite(self, index: int, **fields: Any) -> None:
        """Change fields of one entry that nobody signs."""
        self.entries[index] = canonical.encode({**canonical.decode(self.entries[index]), **fields})

    def resign(self, index: int, **changes: Any) -> None:
        """Change an entry's message, properly signed again by its sender and person."""
        value = canonical.decode(self.entries[index])
        message = messages.from_json(value["message"])
        if "content" in changes:
            changes["body"] = canonical.encode({**message.content(), **changes.pop("content")})
        signed = self.sign(replace(message, **changes))
        value.update(
            message=messages.to_json(signed), actor=signed.sender, flow=signed.flow, period=signed.period,
            agreement="" if signed.agreement == NO_AGREEMENT else signed.agreement.hex(),
        )  # fmt: skip
        self.entries[index] = canonical.encode(value)

    # ---- messages ------------------------------------------------------------------------------------------------

    def sign(self, message: SignedMessage, root: str = "") -> SignedMessage:
        signed = replace(message, signature=key(root or message.sender).sign(message.signed_bytes()))
        if not message.person:
            return replace(signed, person_signature=b"")
        data = messages.person_bytes(signed.digest(), message.person)
        return replace(signed, person_signature=key(f"{message.sender}/{message.person}").sign(data))

    def message(self, kind: str, sender: str, recipient: str, body: canonical.Json, **header: Any) -> SignedMessage:
        bodies.check(kind, body)
        pair = (sender, recipient)
        self.sequences[pair] = self.sequences.get(pair, 0) + 1
        expires = kind not in ("card", "agreement", "manifest")
        fields: dict[str, Any] = {
            "kind": kind, "agreement": self.agreement.digest, "flow": FLOW, "period": self.period, "sender": sender,
            "recipient": recipient, "sequence": self.sequences[pair],
            "expiry": self.time // 1000 + 72 * 3600 if expires else 0, "body": canonical.encode(body),
            "signature": b"", **header,
        }  # fmt: skip
        return self.sign(SignedMessage(**fields))

    def begin(self) -> None:
        for party in PEOPLE:
            self.admit(party)
        self.sign_agreement(LABOUR)
        self.sign_agreement(BANK)
        self.in_force()

    def admit(self, party: str, name: str = "card-admitted", **content: Any) -> int:
        self.serials[party] = self.serials.get(party, 0) + 1
        people = [{"id": person, "key": canonical.b64(public(f"{party}/{person}"))} for person in PEOPLE[party]]
        body = {
            "party": party, "root": canonical.b64(ROOTS[party]), "encryption_key": "", "tls_certificate": "",
            "people": people, "serial": self.serials[party], "not_after": self.time // 1000 + 1000, **content,
        }  # fmt: skip
        card = self.message("card", party, "", body, agreement=NO_AGREEMENT, flow="", period="")
        return self.log(card, name=name)

    def sign_agreement(self, party: str, **content: Any) -> int:
        agreement = self.agreement
        body = {
            "agreement": agreement.id, "version": agreement.version, "matching": agreement.matching.digest.hex(),
            **content,
        }  # fmt: skip
        return self.log(self.message("agreement", party, "", body, flow="", period=""))

    def in_force(self, **facts: Any) -> int:
        agreement = self.agreement
        given = {
            "agreement_id": agreement.id, "version": agreement.version, "matching": agreement.matching.digest.hex(),
            **facts,
        }  # fmt: skip
        return self.act("agreement-in-force", given, flow="", period="")

    def amend(self, **changes: Any) -> None:
        """A next version, signed by all and in force."""
        before = self.agreement
        self.agreement = self.publish(version=before.version + 1, previous=before.digest.hex(), **changes)
        self.sign_agreement(LABOUR)
        self.sign_agreement(BANK)
        self.in_force()

    def ask_evaluation(self, count: int = 1024, sender: str = LABOUR, recipient: str = BANK, **content: Any) -> int:
        body = {
            "link": "account", "epoch": 1, "count": count, "elements_sha256": DIGEST, "checkpoint": self.checkpoint(),
            **content,
        }  # fmt: skip
        return self.log(self.message("evaluation-request", sender, recipient, body))

    def answer_evaluation(self, sender: str = BANK, recipient: str = LABOUR, **content: Any) -> int:
        asked = self.said["evaluation-request"]
        count = asked.content()["count"]
        self.totals[recipient] = self.totals.get(recipient, 0) + count
        total = self.totals[recipient]
        body = {
            "request": asked.digest().hex(), "link": "account", "epoch": 1, "count": count, "elements_sha256": DIGEST,
            "proof": CLAIM, "total_epoch": total, "total_month": total, **content,
        }  # fmt: skip
        return self.log(self.message("evaluation-answer", sender, recipient, body))

    def refuse_evaluation(self, sender: str = BANK, recipient: str = LABOUR, **content: Any) -> int:
        asked = self.said["evaluation-request"]
        body = {
            "request": asked.digest().hex(), "link": "account", "epoch": 1, "count": asked.content()["count"],
            "reason": "quota", **content,
        }  # fmt: skip
        return self.log(self.message("evaluation-refusal", sender, recipient, body))

    def deliver_group_key(self, sender: str = BANK, recipient: str = LABOUR, **content: Any) -> int:
        body = {"link": "firm", "group_key_id": DIGEST, "sealed_sha256": DIGEST, **content}
        return self.log(self.message("group-key", sender, recipient, body))

    def seal(self, party: str, rows: int, **content: Any) -> int:
        earlier = self.manifests.setdefault((party, self.period), [])
        body = {
            "submission": canonical.b64(bytes(16)), "sequence": len(earlier) + 1,
            "previous": earlier[-1] if earlier else "", "rows": rows, "rows_root": DIGEST, "link_epoch": 1, **content,
        }  # fmt: skip
        manifest = self.message("manifest", party, "", body)
        earlier.append(manifest.digest().hex())
        return self.log(manifest, {"rows": rows})

    def inputs(self) -> list[dict[str, Any]]:
        parties = sorted(party for party, of in self.manifests if of == self.period)
        return [{"party": party, "manifests": list(self.manifests[party, self.period])} for party in parties]

    def match(self, sender: str = LABOUR, person: str = "zhang.min", inputs: Any = None, **header: Any) -> int:
        used = self.inputs() if inputs is None else inputs
        record = {
            "suite": "concordat-v1", "agreement": self.agreement.digest.hex(), "flow": FLOW,
            "period": self.period, "inputs": used, "counts": {"matched": 9, "unmatched": 1, "account-frozen": 2},
        }  # fmt: skip
        self.run = run_digest(record).hex()
        body = {"manifests": [digest for item in used for digest in item["manifests"]]}
        request = self.message("match", sender, "", body, person=person, **header)
        return self.log(request, {"run": record, "findings_root": DIGEST, "findings": 3})

    def list_findings(self, party: str, run: str | None = None) -> int:
        return self.act("finding-listed", {"run": run or self.run, "count": 3}, actor=party)

    def request(self, *numbers: int, sender: str = LABOUR, recipient: str = BANK, **changes: Any) -> int:
        header = {"person": "zhang.min", **changes.pop("header", {})}
        body = {
            "run": self.run, "findings": [{"id": finding(number), "claim": CLAIM} for number in numbers],
            "purpose": "wage-inspection", "case": "LB-2022-17", "basis": ["article-26"], "checkpoint": "", **changes,
        }  # fmt: skip
        return self.log(self.message("reveal-request", sender, recipient, body, **header))

    def decide(self, decision: str, *numbers: int, sender: str = BANK, recipient: str = LABOUR, **changes: Any) -> int:
        header = {"person": "chen.jie", **changes.pop("header", {})}
        body = {
            "request": self.said["reveal-request"].digest().hex(), "findings": [finding(number) for number in numbers],
            "decision": decision, "reason": "case-open", "automatic": False, **changes,
        }  # fmt: skip
        return self.log(self.message("reveal-decision", sender, recipient, body, **header))

    def deliver(self, number: int, sender: str = BANK, recipient: str = LABOUR, **content: Any) -> int:
        body = {
            "request": self.said["reveal-request"].digest().hex(), "request_index": self.at["reveal-request"],
            "finding": finding(number), "sealed_sha256": DIGEST, **content,
        }  # fmt: skip
        return self.log(self.message("delivery", sender, recipient, body))

    def open(self, number: int, sender: str = LABOUR, recipient: str = BANK, **content: Any) -> int:
        body = {
            "delivery": self.said["delivery"].digest().hex(), "finding": finding(number), "payload_digest": DIGEST,
            "rule_holds": True, **content,
        }  # fmt: skip
        return self.log(self.message("opening", sender, recipient, body))

    def dispute(self, number: int, **content: Any) -> int:
        body = {
            "delivery": self.said["delivery"].digest().hex(), "finding": finding(number), "payload_digest": DIGEST,
            "reason": "no-rule-holds", **content,
        }  # fmt: skip
        return self.log(self.message("dispute", LABOUR, BANK, body))

    def purge(self, segments: int = 2) -> int:
        return self.act("period-purged", {"segments": segments})


class Source:
    """The world as a log to read."""

    def __init__(self, world: World) -> None:
        self._world = world

    def checkpoint(self) -> str:
        return self._world.checkpoint()

    def entries(self, size: int) -> Iterator[bytes]:
        return self._world.source_entries(size)

    def agreement_files(self, digest: bytes) -> tuple[bytes, bytes]:
        return self._world.files(digest)
