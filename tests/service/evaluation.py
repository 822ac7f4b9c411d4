"""Messages of an evaluation, good ones unless changed."""

from __future__ import annotations

from typing import Any

from matcher.protocol import canonical
from matcher.protocol.messages import SignedMessage
from matcher.protocol.suite import sha256
from tests.service import paper
from tests.service.world import World

ELEMENTS = bytes(1024 * 32)


def ask(world: World, body: dict[str, Any] | None = None, **options: Any) -> SignedMessage:
    content = {
        "link": paper.LINK, "epoch": 1, "count": 1024, "elements_sha256": sha256(ELEMENTS).hex(), "checkpoint": "",
    }  # fmt: skip
    settings = {"recipient": paper.ANSWERING, "agreement": world.agreement.digest, **options}
    return world.parties[paper.ASKING].sign("evaluation-request", {**content, **(body or {})}, **settings)


def answer(world: World, request: SignedMessage, body: dict[str, Any] | None = None, **options: Any) -> SignedMessage:
    content = {
        "request": request.digest().hex(), "link": paper.LINK, "epoch": 1, "count": 1024,
        "elements_sha256": sha256(ELEMENTS).hex(), "proof": canonical.b64(bytes(64)), "total_epoch": 1024,
        "total_month": 1024,
    }  # fmt: skip
    settings = {"recipient": paper.ASKING, "agreement": world.agreement.digest, **options}
    return world.parties[paper.ANSWERING].sign("evaluation-answer", {**content, **(body or {})}, **settings)


def refuse(world: World, request: SignedMessage, body: dict[str, Any] | None = None, **options: Any) -> SignedMessage:
    content = {
        "request": request.digest().hex(), "link": paper.LINK, "epoch": 1, "count": 1024, "reason": "quota",
    }  # fmt: skip
    settings = {"recipient": paper.ASKING, "agreement": world.agreement.digest, **options}
    return world.parties[paper.ANSWERING].sign("evaluation-refusal", {**content, **(body or {})}, **settings)
