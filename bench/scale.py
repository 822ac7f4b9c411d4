"""Rows per second and memory of submit and match, from CSV files to sealed submissions to findings.

``python -m bench.scale --rows 10000 --rows 100000 --mode oprf [--asking 100000] [--json]``

For each size: a service, a bureau, a regulator (who holds the evaluation key) and its agent, all separate processes on
loopback, as in the demonstration. Accounts are the regulator's rows, projects the bureau's; the regulator knows all of
the bureau's accounts but one in fifty. Seconds are of the whole command, its start included. Memory is the proportional
set size of a command's whole process tree.
"""

from __future__ import annotations

import csv
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console

from bench.machine import PeakMemory, describe, processor_seconds, tree
from matcher.demo.parties import BUREAU_CLERK, make_parties
from matcher.demo.preparing import prepare
from matcher.demo.processes import Background, Processes
from matcher.demo.run import TEMPLATES
from matcher.demo.stage import FLOW, PERIOD, Stage
from matcher.text.terminal import table

_WHERE = ("--flow", FLOW, "--period", PERIOD)
_PLENTY = 100_000_000
_SEED = 7
_NAMES = 20_000
_UNKNOWN_EVERY = 50
_FIRST_ACCOUNT = 6_200_000_000_000_000
_ACCOUNT_HEADERS = ("账号", "开户单位", "统一社会信用代码", "账户性质", "实发工资(元)", "保证金余额(元)", "异常标记")
_PROJECT_HEADERS = ("项目编号", "项目名称", "总包单位", "统一社会信用代码", "工资专用账户", "应发工资(元)")


@dataclass(frozen=True, slots=True)
class Measured:
    """One command: what it worked on, how long it took, and the most memory it and the service held (bytes).

    Seconds of processor are of the command with its workers, of the service meanwhile, and of the holder's agent.
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


def _name(number: int) -> str:
    """One of 20,000 invented firms, as many as a large city's register of contractors."""
    brands, regions = "华泰恒宏鼎盛瑞祥嘉源隆昌", ("北京", "天津", "上海", "重庆", "保定", "唐山")
    first, second = brands[number % 12], brands[number // 12 % 12]
    return f"{regions[number % 6]}{first}{second}{number % 997}建设工程有限公司"


def accounts(count: int) -> Iterator[tuple[object, ...]]:
    chance = random.Random(_SEED)  # noqa: S311 - made-up data
    for position in range(count):
        name = _name(chance.randrange(_NAMES))
        yield _FIRST_ACCOUNT + position, name, "", "农民工工资专用账户", "120000.00", "", ""


def projects(count: int) -> Iterator[tuple[object, ...]]:
    chance = random.Random(_SEED)  # noqa: S311 - made-up data
    for position in range(count):
        name = _name(chance.randrange(_NAMES))
        account = _FIRST_ACCOUNT + (position if position % _UNKNOWN_EVERY else _PLENTY + position)
        yield f"P{position:08}", "住宅楼", name, "", account, "125,000.00"


def _write(path: Path, headers: tuple[str, ...], lines: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(headers)
        writer.writerows(lines)


def _templates(directory: Path) -> Path:
    """The example's agreement with quotas that a measurement does not reach."""
    directory.mkdir()
    for name in ("matching.toml", "agreement.toml"):
        text = (TEMPLATES / name).read_text(encoding="utf-8")
        text = re.sub(r"^(rows|evaluations_epoch|evaluations_month) = [0-9_]+", rf"\1 = {_PLENTY}", text, flags=re.M)
        (directory / name).write_text(text, encoding="utf-8")
    return directory


def _timed(
    stage: Stage, service: Background, agent: Background | None, name: str, rows: int, *words: str | Path
) -> Measured:  # fmt: skip
    command = [sys.executable, "-m", "client", *map(str, words), "--json"]
    others = [service, agent] if agent is not None else [service]
    before = [processor_seconds(tree(other.process.pid)) for other in others]
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    with PeakMemory(process.pid) as own, PeakMemory(service.process.pid) as served:
        _pid, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"{name} ended with status {process.returncode}")
    spent = [processor_seconds(tree(other.process.pid)) - first for other, first in zip(others, before, strict=True)]
    return Measured(
        stage.mode, name, rows, seconds, rows / seconds, own.peak, served.peak, used.ru_utime + used.ru_stime, *spent,
        *([] if agent is not None else [0.0]),
    )  # fmt: skip


def measure(mode: str, answering: int, asking: int, out: Path) -> list[Measured]:
    """Submit ``answering`` accounts and ``asking`` projects, match, list the findings."""
    inputs = out / "inputs"
    inputs.mkdir()
    _write(inputs / "accounts.csv", _ACCOUNT_HEADERS, accounts(answering))
    _write(inputs / "projects.csv", _PROJECT_HEADERS, projects(asking))
    with Processes(out / "processes", "en") as processes:
        stage = Stage(
            out, inputs, _templates(out / "templates"), mode, make_parties(out), processes, lambda _text: None
        )
        service = prepare(stage)
        bureau, regulator = stage.parties.bureau, stage.parties.regulator
        holder = "submit as key holder" if mode == "oprf" else "submit, answering side"
        asker = "submit through the mailbox" if mode == "oprf" else "submit, asking side"
        measured = [
            _timed(
                stage,
                service,
                None,
                holder,
                answering,
                "submit",
                *_WHERE,
                inputs / "accounts.csv",
                *regulator.options(),
            )
        ]
        agent = processes.start("agent", "client", "agent", *regulator.options())
        submit = ("submit", *_WHERE, inputs / "projects.csv", *bureau.options())
        measured.append(_timed(stage, service, agent, asker, asking, *submit))
        match = ("match", *_WHERE, *bureau.acting(BUREAU_CLERK))
        measured.append(_timed(stage, service, agent, "match", answering + asking, *match))
        listing = ("findings", *_WHERE, *bureau.options())
        measured.append(_timed(stage, service, agent, "list findings", asking, *listing))
    return measured


@click.command()
@click.option("--rows", type=click.IntRange(2), multiple=True, default=(10_000, 100_000), show_default=True)
@click.option("--asking", type=click.IntRange(1), help="Rows of the asking side; as many as --rows if not given.")
@click.option("--mode", type=click.Choice(("oprf", "hmac")), default="oprf", show_default=True)
@click.option("--json", "as_json", is_flag=True)
def main(rows: tuple[int, ...], asking: int | None, mode: str, *, as_json: bool) -> None:
    """Measure each size in turn and print a table, or one JSON object."""
    measured: list[Measured] = []
    for count in rows:
        with tempfile.TemporaryDirectory(prefix="concordat-bench-") as directory:
            measured += measure(mode, count, count if asking is None else asking, Path(directory))
    if as_json:
        click.echo(json.dumps({"machine": describe(), "measured": [asdict(item) for item in measured]}))
        return
    console = Console()
    console.print(" · ".join(f"{name} {value}" for name, value in describe().items()))
    lines = [
        (
            item.stage,
            item.rows,
            f"{item.seconds:.1f}",
            int(item.rows_per_second),
            item.memory >> 20,
            item.service_memory >> 20,
        )
        for item in measured
    ]
    console.print(table(mode, ("stage", "rows", "seconds", "rows/s", "memory, MiB", "service memory, MiB"), lines))


if __name__ == "__main__":
    main()
