"""A finding's case for tests: a world after a match, and the messages of a reveal, good ones unless changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from matcher.channel.types import Logged
from matcher.protocol import canonical, findings
from matcher.protocol.errors import ConcordatError
from matcher.protocol.messages import SignedMessage
from matcher.protocol.suite import sha256
from tests.service import paper
from tests.service.world import World

FINE = ("91", 10_000, 0)
SEALED = b"sealed payload"


class Case:
    """A world after a match, and the messages of a reveal."""

    def __init__(self, world: World) -> None:
        self.world = world
        short = ("91", 5_000, 0)
        links = ("short", "frozen", "both", "missing")
        answering = zip(links, (short, ("91", 10_000, 1), ("91", 5_000, 1)), strict=False)
        world.submit(paper.ANSWERING, [world.row(paper.ANSWERING, name, values) for name, values in answering])
        world.submit(paper.ASKING, [world.row(paper.ASKING, name, FINE) for name in links])
        self.run = world.match()
        self.by_codes = {
            findings.from_leaf(item.leaf)[1].codes: findings.from_leaf(item.leaf)[0]
            for item in world.channel(paper.ASKING).list_findings(self.run.run_digest)
        }
        self.finding = self.by_codes["paid-short",]
        self.asking = world.channel(paper.ASKING)
        self.answering = world.channel(paper.ANSWERING)

    def message(
        self, sender: str, kind: str, body: dict[str, Any], changes: dict[str, Any], options: dict[str, Any]
    ) -> SignedMessage:
        other = paper.ANSWERING if sender == paper.ASKING else paper.ASKING
        settings = {"recipient": other, "agreement": self.world.agreement.digest, **options}
        return self.world.parties[sender].sign(kind, {**body, **changes}, **settings)

    def request(self, changes: Any = None, ids: Any = None, **options: Any) -> SignedMessage:
        body = {
            "run": self.run.run_digest.hex(),
            "findings": [{"id": item.hex(), "claim": canonical.b64(bytes(32))} for item in ids or [self.finding]],
            "purpose": "inspection", "case": "C-1", "basis": ["article-1"], "checkpoint": "",
        }  # fmt: skip
        return self.message(paper.ASKING, "reveal-request", body, changes or {}, {"person": "maker", **options})

    def send_request(self, message: SignedMessage) -> Logged:
        proofs = canonical.encode({"proofs": [{} for _item in message.content()["findings"]]})
        return self.asking.send(message, proofs)

    def decision(self, request: SignedMessage, changes: Any = None, **options: Any) -> SignedMessage:
        body = {
            "request": request.digest().hex(), "findings": [item["id"] for item in request.content()["findings"]],
            "decision": "approved", "reason": "in-order", "automatic": False,
        }  # fmt: skip
        return self.message(paper.ANSWERING, "reveal-decision", body, changes or {}, {"person": "officer", **options})

    def delivery(self, request: SignedMessage, index: int, changes: Any = None, **options: Any) -> SignedMessage:
        body = {
            "request": request.digest().hex(), "request_index": index, "finding": self.finding.hex(),
            "sealed_sha256": sha256(SEALED).hex(),
        }  # fmt: skip
        return self.message(paper.ANSWERING, "delivery", body, changes or {}, options)

    def opening(self, delivery: SignedMessage, changes: Any = None, **options: Any) -> SignedMessage:
        body = {
            "delivery": delivery.digest().hex(), "finding": self.finding.hex(), "payload_digest": "00" * 32,
            "rule_holds": True,
        }  # fmt: skip
        return self.message(paper.ASKING, "opening", body, changes or {}, options)

    def dispute(self, delivery: SignedMessage, **options: Any) -> SignedMessage:
        body = {
            "delivery": delivery.digest().hex(), "finding": self.finding.hex(), "payload_digest": "00" * 32,
            "reason": "no-rule-holds",
        }  # fmt: skip
        return self.message(paper.ASKING, "dispute", body, {}, options)

    def state(self) -> str:
        items = self.answering.list_findings(self.run.run_digest)
        return next(item.state for item in items if findings.from_leaf(item.leaf)[0] == self.finding)

    def approved(self) -> tuple[SignedMessage, int]:
        request = self.request()
        index = self.send_request(request).index
        self.answering.send(self.decision(request))
        return request, index

    def delivered(self) -> SignedMessage:
        delivery = self.delivery(*self.approved())
        self.answering.send(delivery, SEALED)
        return delivery

    def refused(self, code: str, send: Callable[[], object]) -> None:
        with pytest.raises(ConcordatError) as refused:
            send()
        assert refused.value.code == code
        entry = self.world.log()[-1]
        assert (entry.type, entry.facts["reason"], entry.facts["rpc"]) == ("access-denied", code, "Send")
