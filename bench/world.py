"""A bureau, a regulator, a service and a witness as separate processes on loopback, and their commands, timed.

Accounts are the regulator's rows, projects the bureau's; the regulator knows all of the bureau's accounts but one in
fifty. Before anything is timed, keys, cards and an agreement in force are made as in the demonstration. Seconds are of
a whole command, its start included. Memory is the proportional set size of a command's whole process tree. Programs
are measured as an installation has them, byte-compiled, whatever this shell says about writing compiled modules.
"""

from __future__ import annotations

import compileall
import csv
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from bench.machine import PeakMemory, processor_seconds, tree
from matcher.demo.parties import BUREAU_CLERK, make_parties
from matcher.demo.preparing import prepare
from matcher.demo.processes import Background, Processes
from matcher.demo.run import TEMPLATES
from matcher.demo.stage import FLOW, PERIOD, Stage

ACCOUNT_HEADERS = ("账号", "开户单位", "统一社会信用代码", "账户性质", "实发工资(元)", "保证金余额(元)", "异常标记")
PROJECT_HEADERS = ("项目编号", "项目名称", "总包单位", "统一社会信用代码", "工资专用账户", "应发工资(元)")
_PLENTY = 100_000_000
_SEED = 7
_NAMES = 20_000
_UNKNOWN_EVERY = 50
_FIRST_ACCOUNT = 6_200_000_000_000_000
_PROJECT = Path(__file__).parents[1]
Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """One command: what it worked on, how long it took, and the most memory it and the service held (bytes).

    Seconds of processor are of the command with its workers, of the service meanwhile, and of the holder's agent.
    ``said`` is what the command printed.
    """

    mode: str
    stage: str
    rows: int
    seconds: float
    rows_per_second: float
    memory: int
    service_memory: int
    processor_seconds: float
    service_processor_seconds: float
    agent_processor_seconds: float
    said: dict[str, Any]


def _name(number: int) -> str:
    """One of 20,000 invented firms, as many as a large city's register of contractors."""
    brands, regions = "华泰恒宏鼎盛瑞祥嘉源隆昌", ("北京", "天津", "上海", "重庆", "保定", "唐山")
    first, second = brands[number % 12], brands[number // 12 % 12]
    return f"{regions[number % 6]}{first}{second}{number % 997}建设工程有限公司"


def accounts(count: int) -> Iterator[Row]:
    """The regulator's lines."""
    chance = random.Random(_SEED)  # noqa: S311 - made-up data
    for position in range(count):
        name = _name(chance.randrange(_NAMES))
        yield _FIRST_ACCOUNT + position, name, "", "农民工工资专用账户", "120000.00", "", ""


def projects(count: int) -> Iterator[Row]:
    """The bureau's lines."""
    chance = random.Random(_SEED)  # noqa: S311 - made-up data
    for position in range(count):
        name = _name(chance.randrange(_NAMES))
        account = _FIRST_ACCOUNT + (position if position % _UNKNOWN_EVERY else _PLENTY + position)
        yield f"P{position:08}", "住宅楼", name, "", account, "125,000.00"


def write(path: Path, headers: Row, lines: Iterable[Row]) -> Path:
    """A CSV file in UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(headers)
        writer.writerows(lines)
    return path


def _templates(directory: Path) -> Path:
    """The example's agreement with quotas that a measurement does not reach."""
    directory.mkdir()
    for name in ("matching.toml", "agreement.toml"):
        text = (TEMPLATES / name).read_text(encoding="utf-8")
        text = re.sub(r"^(rows|evaluations_epoch|evaluations_month) = [0-9_]+", rf"\1 = {_PLENTY}", text, flags=re.M)
        (directory / name).write_text(text, encoding="utf-8")
    return directory


class World:
    """The parties of one measurement, in ``out``; ``mode`` is ``oprf`` or ``hmac``."""

    def __init__(self, out: Path, mode: str, processes: Processes) -> None:
        self.out = out
        self.mode = mode
        self._stage = Stage(out, out, _templates(out / "templates"), mode, make_parties(out), processes, lambda _: None)
        self._processes = processes
        self._service = prepare(self._stage)
        self._agent: Background | None = None

    def start_agent(self) -> None:
        """The regulator's agent, which answers the bureau's evaluation requests."""
        regulator = self._stage.parties.regulator
        self._agent = self._processes.start("agent", "client", "agent", *regulator.options())

    def beside(self) -> dict[str, float]:
        """Processor seconds so far of the processes beside the commands: service, witness, agent."""
        return {item.name: processor_seconds(tree(item.process.pid)) for item in self._processes.running}

    def submit_accounts(self, path: Path, rows: int, period: str = PERIOD) -> Measured:
        """The answering side's submission."""
        name = "submit as key holder" if self.mode == "oprf" else "submit, answering side"
        return self._timed(name, rows, "submit", *_where(period), path, *self._stage.parties.regulator.options())

    def submit_projects(self, path: Path, rows: int, period: str = PERIOD) -> Measured:
        """The asking side's submission."""
        name = "submit through the mailbox" if self.mode == "oprf" else "submit, asking side"
        return self._timed(name, rows, "submit", *_where(period), path, *self._stage.parties.bureau.options())

    def match(self, rows: int) -> Measured:
        """The run over all that is sealed."""
        return self._timed("match", rows, "match", *_where(PERIOD), *self._stage.parties.bureau.acting(BUREAU_CLERK))

    def findings(self, rows: int) -> Measured:
        """The asking side lists what was found."""
        return self._timed("list findings", rows, "findings", *_where(PERIOD), *self._stage.parties.bureau.options())

    def _timed(self, name: str, rows: int, *words: str | Path) -> Measured:
        command = [sys.executable, "-m", "client", *map(str, words), "--json"]
        others = [self._service] if self._agent is None else [self._service, self._agent]
        before = [processor_seconds(tree(other.process.pid)) for other in others]
        started = time.monotonic()
        with tempfile.TemporaryFile() as printed:
            process = subprocess.Popen(command, stdout=printed)
            with PeakMemory(process.pid) as own, PeakMemory(self._service.process.pid) as served:
                _pid, status, used = os.wait4(process.pid, 0)
                seconds = time.monotonic() - started
            printed.seek(0)
            output = printed.read()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise click.ClickException(f"{name} ended with status {process.returncode}")
        after = [processor_seconds(tree(other.process.pid)) for other in others]
        spent = [last - first for last, first in zip(after, before, strict=True)]
        said = {name: value for name, value in json.loads(output).items() if isinstance(value, int | str)}
        return Measured(
            self.mode, name, rows, seconds, rows / seconds, own.peak, served.peak, used.ru_utime + used.ru_stime,
            spent[0], spent[1] if len(spent) > 1 else 0.0, said,
        )  # fmt: skip


def _where(period: str) -> tuple[str, ...]:
    return "--flow", FLOW, "--period", period


def _compile() -> None:
    for program in ("client.py", "server.py"):
        compileall.compile_file(_PROJECT / program, quiet=1)
    for package in ("keys", "matcher"):
        compileall.compile_dir(_PROJECT / package, quiet=1)


@contextmanager
def world(mode: str) -> Iterator[World]:
    """A World in a directory of its own, which goes with it."""
    _compile()
    with tempfile.TemporaryDirectory(prefix="concordat-bench-") as directory:
        out = Path(directory)
        with Processes(out / "processes", "en") as processes:
            yield World(out, mode, processes)


def side_by_side(*commands: Callable[[], Measured]) -> list[Measured]:
    """Run ``commands`` at the same time, as two offices would; what each measured."""
    with ThreadPoolExecutor(len(commands)) as threads:
        return [future.result() for future in [threads.submit(command) for command in commands]]
