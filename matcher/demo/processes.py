"""Runs the console commands as separate processes, keeps what each one printed, and ends all of them whatever happens.

A command that fails raises StepError with the command line, the end of what it wrote to standard error and the path of
the whole. Passphrases go to the commands by file, so a command line holds nothing secret and can be typed again.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from matcher.protocol.errors import ConcordatError

COMMAND_SECONDS = 1800
READY_SECONDS = 60
_STOP_SECONDS = 10
_SHOWN_LINES = 20
_POLL_SECONDS = 0.05


class StepError(ConcordatError):
    """A command of the demonstration failed: run the command that is shown again, and read the log beside it."""

    code = "demo-step"


@dataclass(frozen=True, slots=True)
class Background:
    """A process that runs beside the others, and where its output goes. ``name`` is for people."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    command: str


@dataclass(slots=True)
class Processes:
    """Starts processes and owns them. ``directory`` gets one log per command, numbered in the order of start."""

    directory: Path
    language: str
    _running: list[Background] = field(default_factory=list)
    _ending: list[Background] = field(default_factory=list)
    _foreground: set[subprocess.Popen[str]] = field(default_factory=set)
    _started: int = 0
    _ended: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_commands()
        for background in (*self._ending, *reversed(self._running)):
            _end(background.process)

    def end_commands(self) -> None:
        """End the commands that run now, at once, and start no more; whoever waits for them sees them fail."""
        with self._lock:
            self._ended = True
            foreground = list(self._foreground)
        for process in foreground:
            process.kill()

    def run(self, module: str, *arguments: str | Path) -> dict[str, Any]:
        """Run ``python -m module ARGUMENTS --json`` and return the JSON object on its last line of output.

        Raises StepError when it fails, or prints no JSON object.
        """
        command = [*_program(module), *map(str, arguments), "--json"]
        shown = _shown(module, arguments)
        log = self._new_log(module, arguments)
        with log.open("w", encoding="utf-8") as errors:
            with self._lock:
                if self._ended:
                    raise StepError("the demonstration is ending")
                process = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
                    encoding="utf-8", env=self._environment(), start_new_session=True,
                )  # fmt: skip
                self._foreground.add(process)
            try:
                output, _nothing = process.communicate(timeout=COMMAND_SECONDS)
            except subprocess.TimeoutExpired as error:
                raise StepError(f"{shown}\ndid not end within {COMMAND_SECONDS} s; see {log}") from error
            finally:
                with self._lock:
                    self._foreground.discard(process)
                if process.poll() is None:
                    _end(process)
        with log.open("a", encoding="utf-8") as stream:
            stream.write(output)
        if process.returncode != 0:
            raise _failed(shown, f"ended with status {process.returncode}", log)
        return _last_object(output, shown, log)

    def start(self, name: str, module: str, *arguments: str | Path) -> Background:
        """Start a process that goes on until ``ask_to_end`` or the end of the demonstration."""
        command = [*_program(module), *map(str, arguments)]
        log = self._new_log(module, arguments)
        with log.open("wb") as stream:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT,
                env=self._environment(), start_new_session=True,
            )  # fmt: skip
        background = Background(name, process, log, _shown(module, arguments))
        self._running.append(background)
        return background

    @property
    def running(self) -> tuple[Background, ...]:
        """What runs beside the commands, in the order of start."""
        return tuple(self._running)

    def check(self) -> None:
        """Raise StepError if a background process has ended by itself."""
        for background in self._running:
            if background.process.poll() is not None:
                status = background.process.returncode
                raise _failed(background.command, f"ended early, with status {status}", background.log)

    def wait_for_file(self, path: Path, what: str) -> str:
        """The content of ``path`` once a background process has written it. Raises StepError after a minute."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            self.check()
            if path.is_file() and (text := path.read_text(encoding="utf-8").strip()):
                return text
            time.sleep(_POLL_SECONDS)
        raise StepError(f"{what} was not ready within {READY_SECONDS} s; see {self.directory}")

    def ask_to_end(self, background: Background) -> None:
        """Ask one background process to end, without waiting: it may have something to finish."""
        self._running.remove(background)
        self._ending.append(background)
        if background.process.poll() is None:
            background.process.send_signal(signal.SIGTERM)

    def _new_log(self, module: str, arguments: Sequence[str | Path]) -> Path:
        words = [str(argument) for argument in arguments if not str(argument).startswith("-")][:2]
        name = "-".join(word for word in words if "/" not in word and "." not in word)
        with self._lock:
            self._started += 1
            return self.directory / f"{self._started:02}-{module}-{name}.log"

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CONCORDAT_")}
        return {**kept, "CONCORDAT_LANG": self.language, "PYTHONIOENCODING": "utf-8"}


def _program(module: str) -> list[str]:
    # The interpreter that runs now, so that a demonstration never mixes two installations.
    return [sys.executable, "-m", module]


def _shown(module: str, arguments: Sequence[str | Path]) -> str:
    program = {"client": "concordat", "server": "concordat-server"}[module]
    return shlex.join([program, *map(str, arguments)])


def _end(process: subprocess.Popen[Any]) -> None:
    """Ask the process and everything it started to end; insist after ten seconds."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def _failed(shown: str, how: str, log: Path) -> StepError:
    lines = _tail(log.open(encoding="utf-8", errors="replace"))
    return StepError(
        f"a step of the demonstration {how}:\n  {shown}\nIt wrote:\n{lines}\nThe whole of it: {log}",
        remedy="Run the command that is shown by itself; everything it needs is still there.",
    )


def _tail(stream: IO[str]) -> str:
    with stream:
        return "".join(f"  {line}" for line in stream.readlines()[-_SHOWN_LINES:]).rstrip()


def _last_object(output: str, shown: str, log: Path) -> dict[str, Any]:
    lines = output.strip().splitlines()
    try:
        value = json.loads(lines[-1])
    except (IndexError, ValueError) as error:
        raise StepError(f"{shown}\nprinted no JSON object; see {log}") from error
    if not isinstance(value, dict):
        raise StepError(f"{shown}\nprinted something else than a JSON object; see {log}")
    return value
