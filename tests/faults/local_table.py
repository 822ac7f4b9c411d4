"""The generated table of faults at agencies and auditors: every step of every act, failed, and failed but persisted."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from keys.errors import KeyFileError
from matcher.protocol.errors import ConcordatError
from tests.faults.local_acts import Scene, Shelf
from tests.faults.scenes import SCENES
from tests.faults.steps import IN_PROCESS, KILLS, Form, Steps

# After as many fresh starts, an act must have succeeded.
_STARTS = 3


@dataclass(frozen=True, slots=True)
class LocalTrial:
    """One broken step."""

    act: str
    number: int
    form: Form
    step: str


class LocalTable:
    """The table of one act; ``path`` is emptied for every trial."""

    def __init__(self, path: Path, shelf: Shelf, name: str) -> None:
        self.name = name
        self._path = path
        self._shelf = shelf
        scene = self._scene()
        with Steps(scene.watched).watching() as steps:
            scene.do()
        scene.check()
        scene.close()
        self.steps = list(steps.names)
        self.places = steps.places

    def _scene(self) -> Scene:
        shutil.rmtree(self._path, ignore_errors=True)
        self._path.mkdir(parents=True)
        scene = SCENES[self.name](self._path, self._shelf)
        scene.reopen()  # a database that stayed open from before would not be watched
        return scene

    def run(self, numbers: Iterable[int], forms: tuple[Form, ...] = IN_PROCESS) -> Iterator[LocalTrial]:
        """Break steps; each trial ends in a state that the act's checks accept, or raises."""
        for number in numbers:
            for form in forms:
                trial = LocalTrial(self.name, number, form, self.steps[number])
                scene = self._scene()
                try:
                    with Steps(scene.watched, number, form).watching():
                        is_done = _attempt(scene)
                    for _start in range(_STARTS):
                        if is_done:
                            break
                        scene.reopen()
                        is_done = _attempt(scene)
                    if not is_done:
                        scene.reopen()
                        scene.do()  # shows why
                    scene.reopen()
                    scene.check()
                except Exception as error:
                    raise AssertionError(f"{trial}: {type(error).__name__}: {error}") from error
                finally:
                    scene.close()
                yield trial

    def killed(self, numbers: Iterable[int]) -> Iterator[LocalTrial]:
        """Kill a process of its own at steps, before and after. What lives on other machines in the scene survives."""
        for number in numbers:
            for form in KILLS:
                trial = LocalTrial(self.name, number, form, self.steps[number])
                scene = self._scene()
                try:
                    _act_and_die(scene, number, form, self._path.with_name("elsewhere"))
                    scene.reopen()
                    scene.do()
                    scene.reopen()
                    scene.check()
                except Exception as error:
                    raise AssertionError(f"{trial}: {type(error).__name__}: {error}") from error
                finally:
                    scene.close()
                yield trial


def _act_and_die(scene: Scene, number: int, form: Form, kept: Path) -> None:
    scene.reopen()  # no open database crosses a fork
    child = os.fork()
    if child == 0:
        try:
            dying = partial(_keep, scene, kept)
            with Steps(scene.watched, number, form, dying).watching():
                scene.do()
        finally:
            os._exit(0)  # it was to be killed before
    _pid, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
        raise RuntimeError(f"step {number} did not kill the process")
    scene.restore_elsewhere(pickle.loads(kept.read_bytes()))  # noqa: S301 - from our own child


def _keep(scene: Scene, kept: Path) -> None:
    kept.write_bytes(pickle.dumps(scene.elsewhere()))


def _attempt(scene: Scene) -> bool:
    try:
        scene.do()
    except (ConcordatError, KeyFileError, OSError, sqlite3.Error):
        return False
    return True
