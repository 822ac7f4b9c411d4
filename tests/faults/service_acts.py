"""What a service is asked to do while something breaks: each act with its preparation, and what must hold afterwards.

An act is repeated until it succeeds, as the programs of the parties do; so it must be safe to repeat.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from keys.signing import SigningKey
from matcher.protocol import checkpoint, cosignature, note
from matcher.protocol.errors import DeniedError, NotFoundError, StateError
from matcher.protocol.messages import SignedMessage
from matcher.service import app
from matcher.service.acts import directory
from tests.service import paper
from tests.service.case import SEALED, Case
from tests.service.evaluation import ELEMENTS, answer, ask
from tests.service.party import chunks, in_order, manifest_body
from tests.service.world import World

VALUES = ("91", 10_000, 0)
ROWS = 9
_TIME = 1_700_000_000
_BESIDE_SECONDS = 0.3
Do = Callable[[World], Any]


@dataclass
class Act:
    """``prepare`` gives what is to be done; ``entry`` is the type of entry it leaves in the log, once; "": none."""

    prepare: Callable[[World], Do]
    entry: str


def _agreed(world: World) -> None:
    world.admit(paper.ASKING, paper.ANSWERING, paper.AUDITOR)
    world.agree()


def _admit(world: World) -> Do:
    card = world.parties[paper.ASKING].card()

    def do(world: World) -> None:
        try:
            directory.admit(world.storage.database, world.storage.log, card, world.clock)
        except StateError as error:
            if "was admitted with card" not in str(error):
                raise

    return do


def _publish(world: World) -> Do:
    world.admit(paper.ASKING, paper.ANSWERING, paper.AUDITOR)
    files = world.files()
    world.agreement = files[2]
    signatures = [world.signature(name, files[2]) for name in (paper.ASKING, paper.ANSWERING)]
    return lambda world: world.channel(paper.ASKING).publish(files[0], files[1], signatures).in_force


def submit(world: World, name: str = paper.ANSWERING) -> Do:
    """A whole submission: open, rows, seal; each call as often as it takes, from where it was acknowledged."""
    packed = in_order([world.row(name, str(number), VALUES) for number in range(ROWS)])
    submission = os.urandom(16)
    manifest = world.parties[name].sign(
        "manifest", manifest_body(submission, packed, 1, b""), hours=0, agreement=world.agreement.digest
    )

    def do(world: World) -> int:
        channel = world.channel(name)
        state = channel.open_upload(submission, world.agreement.digest, paper.FLOW, paper.PERIOD, 1, ROWS)
        known = world.acknowledged.get(name, 0)
        if state.next_row < known:
            raise LostError(f"{known} rows were acknowledged, {state.next_row} are there")
        if not state.sealed:
            for next_row in channel.upload(submission, chunks(packed, 4, state.next_row)):
                world.acknowledged[name] = next_row
            _let_segment_begin(world)
        return channel.seal(submission, manifest).index

    return do


def _let_segment_begin(world: World) -> None:
    """Wait a moment for what the service writes beside: its steps are steps of the act, too. Some faults prevent it."""
    ends = time.monotonic() + _BESIDE_SECONDS
    while not list(world.home.segments.glob("*.aside")) and time.monotonic() < ends:
        time.sleep(0.005)
    time.sleep(0.02)


def _submit(world: World) -> Do:
    _agreed(world)
    return submit(world)


def _send(world: World) -> Do:
    _agreed(world)
    request = ask(world)
    return lambda world: world.channel(paper.ASKING).send(request, ELEMENTS).index


def _answer(world: World) -> Do:
    _agreed(world)
    request = ask(world)
    world.channel(paper.ASKING).send(request, ELEMENTS)
    reply = answer(world, request)
    return lambda world: world.channel(paper.ANSWERING).send(reply, ELEMENTS).index


def _match(world: World) -> Do:
    _agreed(world)
    for name in (paper.ANSWERING, paper.ASKING):
        values = VALUES if name == paper.ASKING else ("92", 10, 1)
        world.submit(name, [world.row(name, str(number), values) for number in range(3)])
    request = world.match_request()
    return lambda world: [step.run for step in world.channel(paper.ASKING).run_match(request)][-1].run_digest  # type: ignore[union-attr]


def _reveal(step: str) -> Callable[[World], Do]:
    def prepare(world: World) -> Do:
        _agreed(world)
        case = Case(world)
        request = case.request()
        sent: dict[str, SignedMessage] = {"request": request}
        if step != "request":
            index = case.send_request(request).index
            sent["decision"] = case.decision(request)
            sent["delivery"] = case.delivery(request, index)
            sent["opening"] = case.opening(sent["delivery"])
        before = {"decision": (), "delivery": ("decision",), "opening": ("decision", "delivery")}.get(step, ())
        for name in before:
            world.channel(paper.ANSWERING).send(sent[name], SEALED if name == "delivery" else b"")

        def do(world: World) -> int:
            case.asking, case.answering = world.channel(paper.ASKING), world.channel(paper.ANSWERING)
            if step == "request":
                return case.send_request(request).index
            channel = case.asking if step == "opening" else case.answering
            return channel.send(sent[step], SEALED if step == "delivery" else b"").index

        return do

    return prepare


def _list_findings(world: World) -> Do:
    run = _match(world)(world)
    return lambda world: len(list(world.channel(paper.ASKING).list_findings(run)))


def _cosign(world: World) -> Do:
    witness = SigningKey.generate()
    verifier = cosignature.verifier_key("audit/one", witness.public)
    world.admit(paper.ASKING, paper.ANSWERING, paper.AUDITOR)
    world.agree(threshold=1, witnesses=f'"{verifier}"')
    signed = world.channel(paper.AUDITOR).checkpoint()
    size = checkpoint.verify(signed, world.public.log_key).size
    line = cosignature.sign(note.parse(signed).text, "audit/one", witness.public, _TIME, witness.sign)

    def do(world: World) -> int:
        channel = world.channel(paper.AUDITOR)
        if world.acknowledged.get("cosignature"):
            try:
                channel.checkpoint(size, world.agreement.digest)
            except NotFoundError as error:
                raise LostError("a cosignature was taken and is not there") from error
        held = channel.add_cosignature(size, line)
        world.acknowledged["cosignature"] = held
        return held

    return do


def _deny(world: World) -> Do:
    _agreed(world)

    def do(world: World) -> str:
        try:
            list(world.channel(paper.ASKING).entries(0))
        except DeniedError as error:
            return error.code
        raise LostError("an agency has read the log")

    return do


def _keep_house(world: World) -> Do:
    _agreed(world)
    return lambda world: app.keep_house(world.storage, world.keys, world.clock)


def _purge(world: World) -> Do:
    do = _match(world)
    do(world)

    def purge(world: World) -> None:
        try:
            world.purge()
        except StateError as error:
            if "purged before" not in str(error):
                raise

    return purge


ACTS: dict[str, Act] = {
    "admit": Act(_admit, "card-admitted"),
    "publish": Act(_publish, "agreement-in-force"),
    "submit": Act(_submit, "submission-sealed"),
    "send": Act(_send, "evaluation-requested"),
    "answer": Act(_answer, "evaluation-answered"),
    "match": Act(_match, "match-run"),
    "list findings": Act(_list_findings, "finding-listed"),
    "request": Act(_reveal("request"), "reveal-requested"),
    "decide": Act(_reveal("decision"), "reveal-approved"),
    "deliver": Act(_reveal("delivery"), "reveal-delivered"),
    "open": Act(_reveal("opening"), "reveal-opened"),
    "purge": Act(_purge, "period-purged"),
    "cosign": Act(_cosign, ""),
    "deny": Act(_deny, "access-denied"),
    "keep house": Act(_keep_house, ""),
}
# These show the same again and log each time; or go through the storage beside the service, not through a call.
REPEATED = frozenset({"list findings", "deny"})
BESIDE = frozenset({"admit", "purge", "keep house"})


class LostError(AssertionError):
    """Something that was acknowledged is not there."""
