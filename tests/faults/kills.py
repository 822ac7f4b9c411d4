"""kill -9 at moments nobody chose, while parties upload, seal, match, ask, decide, deliver, open and are refused.

One story, over and over: a step of it is under way when the service dies; then it goes on where the service says it
was, until the story is at its end. Every acknowledgement is kept beside the service and compared after each start.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matcher.protocol import entries, merkle
from matcher.protocol.errors import ConcordatError, OverloadedError, StateError, UnreachableError
from tests.faults.ground import Ground, Killable, check_whole, running
from tests.faults.service_acts import LostError, submit
from tests.service import paper
from tests.service.case import SEALED, Case
from tests.service.evaluation import ELEMENTS, answer, ask
from tests.service.world import Template, World

Do = Callable[[World], Any]
_LONGEST = 0.06


@dataclass
class Tally:
    """What was counted: kills, acknowledgements, those that were lost, and by what the kill interrupted."""

    kills: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    during: dict[str, int] = field(default_factory=dict)


class Story:
    """One period's work, step by step; each step is repeatable and its acknowledgement is kept."""

    def __init__(self, path: Path, template: Template) -> None:
        path.mkdir()
        self.ground = Ground(path, template, self._prepare)

    def _prepare(self, world: World) -> None:
        world.admit(paper.ASKING, paper.ANSWERING, paper.AUDITOR)
        world.agree()

    def steps(self, world: World) -> Iterator[tuple[str, Do]]:
        """The steps; those that need what came before are made when it is their turn."""
        for name in (paper.ANSWERING, paper.ASKING):
            yield f"submit {name}", submit(world, name)
        request = ask(world)
        yield "ask", lambda world: world.channel(paper.ASKING).send(request, ELEMENTS).index
        reply = answer(world, request)
        yield "answer", lambda world: world.channel(paper.ANSWERING).send(reply, ELEMENTS).index
        yield "deny", _denied
        yield "match", _match


def _denied(world: World) -> str:
    """A refusal, which is an append too; that it is refused is what is acknowledged."""
    try:
        list(world.channel(paper.ASKING).entries(0))
    except (UnreachableError, OverloadedError):
        raise
    except ConcordatError as error:
        return error.code
    raise LostError("an agency has read the log")


def _match(world: World) -> bytes:
    runs = [step.run for step in world.channel(paper.ASKING).run_match(world.match_request())]
    if runs[-1] is None:
        raise LostError("a match ended without a run")
    return runs[-1].run_digest


class RevealStory(Story):
    """A finding's way from request to opening."""

    def _prepare(self, world: World) -> None:
        super()._prepare(world)
        self.case = Case(world)

    def steps(self, world: World) -> Iterator[tuple[str, Do]]:
        """Request, decision, delivery, opening, and the list of findings between them."""
        case = self.case
        request = case.request()

        def sending(sender: str, message: Any, attachment: bytes = b"") -> Do:
            return lambda world: world.channel(sender).send(message, attachment).index

        def requesting(world: World) -> int:
            case.asking = world.channel(paper.ASKING)
            return case.send_request(request).index

        yield "request", requesting
        with running(world):
            index = requesting(world)
        yield "decide", sending(paper.ANSWERING, case.decision(request))
        delivery = case.delivery(request, index)
        yield "deliver", sending(paper.ANSWERING, delivery, SEALED)
        yield "open", sending(paper.ASKING, case.opening(delivery))
        run = case.run.run_digest
        yield "list", lambda world: len(list(world.channel(paper.ASKING).list_findings(run)))


def kill_at_random(path: Path, template: Template, kills: int, seed: int = 0) -> Tally:
    """Tell the stories until ``kills`` services have died by kill -9; the tally says what was lost: nothing."""
    chance = random.Random(seed)  # noqa: S311 - a test's choices
    tally = Tally()
    path.mkdir(exist_ok=True)
    told = [Story(path / "story", template), RevealStory(path / "reveal", template)]
    killables = [Killable(story.ground.world) for story in told]
    try:
        turn = 0
        while tally.kills < kills:
            number = turn % len(told)
            turn += 1
            _tell(told[number], killables[number], chance, tally)
    finally:
        for killable in killables:
            killable.close()
    return tally


def _tell(story: Story, killable: Killable, chance: random.Random, tally: Tally) -> None:
    world = story.ground.fresh()
    known: dict[str, Any] = {}
    log: list[bytes] = []
    with running(world):
        log = _entries(world)
    told: list[tuple[str, Do]] = []
    for name, do in story.steps(world):
        told.append((name, do))
        # Earlier at first, so that it is caught at work; later and later, so that the step comes to its end.
        for attempt in range(1_000):
            if _is_done(world, killable, name, do, chance.uniform(0.0, _LONGEST) * (1 + attempt / 3), known, tally):
                break
            log = _compare(world, log, tally)
        log = _compare(world, log, tally)
    with running(world):
        check_whole(world)
        for name, do in told:
            if name in known and name != "list" and do(world) != known[name]:
                tally.lost.append(f"{name} was acknowledged and gives another answer now")


def _is_done(
    world: World, killable: Killable, name: str, do: Do, seconds: float, known: dict[str, Any], tally: Tally
) -> bool:
    if not killable.start():
        raise RuntimeError("the service does not start")
    timer = threading.Timer(seconds, killable.strike)
    timer.start()
    try:
        result = do(world)
    except (UnreachableError, OverloadedError):
        return False
    except StateError as error:
        if error.code == "log-ended":
            tally.lost.append(str(error))
        return False
    except LostError as error:
        tally.lost.append(f"{name}: {error}")
        return True
    else:
        tally.acknowledged += 1
        if name in known and known[name] != result:
            tally.lost.append(f"{name} was acknowledged as {known[name]!r} and is {result!r}")
        known[name] = result
        return True
    finally:
        timer.cancel()
        timer.join()
        killable.kill()  # at the latest right after the acknowledgement
        tally.kills += 1
        tally.during[name] = tally.during.get(name, 0) + 1


def _entries(world: World) -> list[bytes]:
    with world.storage.database.read() as transaction:
        return [record["entry"] for record in transaction.query("SELECT entry FROM entries ORDER BY position")]


def _compare(world: World, before: list[bytes], tally: Tally) -> list[bytes]:
    """After a kill the log verifies and begins with what it was; the service's files are whole."""
    with running(world):
        check_whole(world)
        now = _entries(world)
    if now[: len(before)] != before:
        tally.lost.append(f"the log of {len(before)} entries was not continued")
    merkle.root(now)
    for entry in now[len(before) :]:
        entries.parse(entry)
    return now
