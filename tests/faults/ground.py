"""A service's home at one moment, put back for every trial, and the services that run on it: here, or to be killed."""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from matcher.service.store import segments, spool, uploads
from tests.service.process import PASSPHRASE, ROOT
from tests.service.world import Template, World

Prepare = Callable[[World], None]
# So small that a segment of a few rows is begun while they arrive.
GROUP_ROWS = 2


class Ground:
    """``world`` as it stood after ``prepare``; ``fresh`` puts home and parties back to that moment, stopped."""

    def __init__(self, path: Path, template: Template, prepare: Prepare) -> None:
        self.world = World(path / "service", template)
        prepare(self.world)
        self.world.stop()
        self._kept = path / "kept"
        shutil.copytree(self.world.home.path, self._kept)
        self._sequences = copy.deepcopy({name: party.sequences for name, party in self.world.parties.items()})

    def fresh(self) -> World:
        """The world at that moment; not started."""
        shutil.rmtree(self.world.home.path)
        shutil.copytree(self._kept, self.world.home.path)
        for name, party in self.world.parties.items():
            party.sequences = copy.deepcopy(self._sequences.get(name, {}))
        self.world.acknowledged = {}
        return self.world


@contextmanager
def running(world: World) -> Iterator[World]:
    """The world's service in this process, while the block runs."""
    with mock.patch.object(segments, "GROUP_ROWS", GROUP_ROWS):
        world.start()
        try:
            yield world
        finally:
            world.stop()


def check_whole(world: World) -> None:
    """What must hold after every restart: the log verifies; no file is there that nothing names, nor the reverse."""
    world.log()
    with world.storage.database.read() as transaction:
        named = set(uploads.segments_in_use(transaction))
        under_way = uploads.all_submissions(transaction)
    assert set(segments.found(world.home.segments)) == named
    assert set(spool.found(world.home.spool)) <= under_way
    assert not [path for path in world.home.path.rglob("*.aside") if path.parent != world.home.path]
    assert not list(world.home.scratch.iterdir())


@dataclass
class _Address:
    address: str


class Killable:
    """Services in processes of their own, forked from one that is ready; ``world`` speaks to whichever runs."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.zygote", str(world.home.path)],
            cwd=ROOT, env={**os.environ, "CONCORDAT_PASSPHRASE": PASSPHRASE}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.pid = 0

    def _ask(self, **request: Any) -> dict[str, Any]:
        if self._zygote.stdin is None or self._zygote.stdout is None:
            raise RuntimeError("the zygote has no pipes")
        self._zygote.stdin.write(json.dumps(request) + "\n")
        self._zygote.stdin.flush()
        reply: dict[str, Any] = json.loads(self._zygote.stdout.readline())
        return reply

    def start(self, at: int | None = None, form: str = "killed before") -> bool:
        """Start a service whose step ``at`` kills it; whether it came up."""
        reply = self._ask(at=at, form=form)
        if "pid" not in reply:
            return False
        self.pid = int(reply["pid"])
        self._world.server = _Address(reply["address"])  # type: ignore[assignment]
        self._drop_channels()
        return True

    def command(self, *arguments: str, at: int | None = None, form: str = "killed before") -> int:
        """Run an operator's command whose step ``at`` kills it; its exit status, negative for a signal."""
        return int(self._ask(command=list(arguments), at=at, form=form)["status"])

    def kill(self, number: int = 9) -> None:
        """End the service; kill -9 unless told otherwise."""
        self._drop_channels()
        if self.pid:
            self._ask(end=self.pid, signal=number)
            self.pid = 0

    def strike(self) -> None:
        """kill -9 without waiting for the end; ``kill`` does that. Meant for another thread."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)

    def _drop_channels(self) -> None:
        for channel in self._world._channels.values():
            channel.close()
        self._world._channels.clear()

    def close(self) -> None:
        """End the service and the process it came from."""
        self.kill()
        if self._zygote.stdin is not None:
            self._zygote.stdin.close()
        self._zygote.wait(30)
        if self._zygote.stdout is not None:
            self._zygote.stdout.close()
