"""The generated table of a service's faults: every step of every act, and of starting, each in its forms.

Per trial: the act with one step broken, again until it succeeds, a restart, and the checks. What was acknowledged in
the broken run must be there before anything is repeated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from matcher.protocol.errors import ConcordatError
from tests.faults.ground import Ground, Killable, check_whole, running
from tests.faults.service_acts import ACTS, BESIDE, REPEATED, Do, LostError
from tests.faults.steps import IN_PROCESS, KILLS, Faulty, Form, Steps
from tests.service.world import Template, World

_PATIENCE = 40


@dataclass
class Trial:
    """One broken step: which act, which step, in which form, and whether an acknowledgement was given and kept."""

    act: str
    number: int
    form: Form
    step: str
    lost: str = ""


class Table:
    """The table of one act."""

    def __init__(self, path: Path, template: Template, name: str) -> None:
        self.name = name
        self._act = ACTS[name]
        self._do: Do | None = None
        path.mkdir()

        def prepare(world: World) -> None:
            self._do = self._act.prepare(world)

        self.ground = Ground(path, template, prepare)
        self.steps = self._count()

    def _perform(self, world: World) -> object:
        if self._do is None:
            raise RuntimeError("the act was not prepared")
        return self._do(world)

    def _count(self) -> list[str]:
        world = self.ground.fresh()
        with Steps(world.home.path).watching() as steps:
            with running(world):
                self._perform(world)
            return list(steps.names)

    def _entries(self, world: World) -> int:
        return world.log_types().count(self._act.entry)

    def _finish(self, world: World, trial: Trial, result: object, *, acknowledged: bool) -> Trial:
        """On a fresh start: nothing acknowledged is lost, the act ends well, once, and everything is whole."""
        with running(world):
            check_whole(world)
            if acknowledged and self._act.entry and self._entries(world) == 0:
                trial.lost = "it was acknowledged, and the log has no entry of it"
            try:
                again = self._perform(world)
            except LostError as error:
                trial.lost = str(error)
                return trial
            if acknowledged and again != result:
                trial.lost = f"it was acknowledged as {result!r} and is now {again!r}"
            if self._act.entry and self.name not in REPEATED:
                assert self._entries(world) == 1, f"{trial}: {self._entries(world)} entries of one act"
        with running(world):
            check_whole(world)
        return trial

    def in_process(self, numbers: Iterable[int], forms: tuple[Form, ...] = IN_PROCESS) -> Iterator[Trial]:
        """Break steps in this process."""
        for number in numbers:
            for form in forms:
                trial = Trial(self.name, number, form, self.steps[number])
                world = self.ground.fresh()
                result, acknowledged = None, False
                with Steps(world.home.path, number, form).watching():
                    try:
                        with running(world):
                            result = self._perform(world)
                            acknowledged = True
                    except (ConcordatError, Faulty, OSError):
                        # Also from starting or stopping; what had been acknowledged before stays acknowledged.
                        world.stop()
                yield self._finish(world, trial, result, acknowledged=acknowledged)

    def killed(self, killable: Killable, numbers: Iterable[int]) -> Iterator[Trial]:
        """Kill the service at steps, before and after."""
        if self.name in BESIDE:
            raise ValueError("a command is killed by itself")
        for number in numbers:
            for form in KILLS:
                trial = Trial(self.name, number, form, self.steps[number])
                world = self.ground.fresh()
                result, acknowledged = None, False
                if killable.start(number, form):
                    with ExitStack() as stack:
                        stack.callback(killable.kill)
                        try:
                            result = self._perform(world)
                            acknowledged = True
                        except ConcordatError:
                            pass
                yield self._finish(world, trial, result, acknowledged=acknowledged)
