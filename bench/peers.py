"""Beside public peers, on the same sets, turn by turn: ``python -m bench.peers [--answering N] [--asking M]``.

Peers come from the package index into environments of their own (``--environments DIR`` keeps them). Each is measured
whole, from CSV files to its result: wall time, processor time of all its processes. What each result includes differs,
and the table says so: theirs is the intersection alone, ours has names compared, rules, sealed envelopes and a log.
"""

from __future__ import annotations

import csv
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from bench import plots, speed, world
from bench.machine import describe

_DRIVERS = Path(__file__).parent / "peer_drivers"
_LINKAGE_MOST = 20_000
_MODES = ("oprf", "hmac")
_NOT_INCLUDED = "intersection alone, shown whole to one side; no names, rules, reveals or log"
_PACKAGES = {"spu": ("spu==0.9.5",), "openmined-psi": ("openmined-psi==2.0.6",), "anonlink": ("anonlink", "clkhash")}


@dataclass(frozen=True, slots=True)
class Peer:
    """One peer: its environment, and its programs for a run, which start together."""

    name: str
    environment: str
    commands: Callable[[Path, Path, Path], list[list[str]]]
    includes: str
    most: int = 1 << 40


@dataclass(frozen=True, slots=True)
class Turn:
    """One measured run."""

    name: str
    version: str
    answering: int
    asking: int
    wall_seconds: float
    processor_seconds: float
    found: int
    includes: str


def _secretflow(protocol: str) -> Callable[[Path, Path, Path], list[list[str]]]:
    def commands(answering: Path, asking: Path, out: Path) -> list[list[str]]:
        ports = [str(_free_port()) for _rank in range(2)]
        driver = str(_DRIVERS / "secretflow.py")
        return [
            [driver, str(rank), protocol, str(source), str(out / f"{protocol}-{rank}.csv"), *ports]
            for rank, source in enumerate((asking, answering))
        ]

    return commands


def _in_one_process(driver: str) -> Callable[[Path, Path, Path], list[list[str]]]:
    return lambda answering, asking, _out: [[str(_DRIVERS / driver), str(answering), str(asking)]]


PEERS = (
    Peer("SecretFlow ECDH-25519", "spu", _secretflow("PROTOCOL_ECDH"), _NOT_INCLUDED),
    Peer("SecretFlow KKRT", "spu", _secretflow("PROTOCOL_KKRT"), _NOT_INCLUDED),
    Peer("SecretFlow RR22", "spu", _secretflow("PROTOCOL_RR22"), _NOT_INCLUDED),
    Peer("OpenMined PSI", "openmined-psi", _in_one_process("openmined.py"), f"{_NOT_INCLUDED}; no network"),
    Peer(
        "anonlink + clkhash", "anonlink", _in_one_process("linkage.py"),
        "pairs that are alike by Bloom filters, every pair's likeness shown; no network", _LINKAGE_MOST,
    ),
)  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _environment(directory: Path, name: str) -> Path:
    home = directory / name
    python = home / "bin" / "python"
    if not python.is_file():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *_PACKAGES[name]], check=True)
    return python


def _version(python: Path, name: str) -> str:
    package = _PACKAGES[name][0].partition("=")[0]
    text = f"import importlib.metadata as m; print(m.version({package!r}))"
    return subprocess.run([str(python), "-c", text], check=True, capture_output=True, text=True).stdout.strip()


def _run(commands: Sequence[Sequence[str]]) -> tuple[float, float, int]:
    """Start all, wait for all: (wall seconds, processor seconds, the number the first one printed)."""
    before, started = os.times(), time.monotonic()
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for command in commands
    ]
    printed = [process.communicate()[0] for process in running]
    wall, after = time.monotonic() - started, os.times()
    if any(process.returncode for process in running):
        raise click.ClickException(f"{' '.join(commands[0][:2])} ended with an error")
    used = after.children_user + after.children_system - before.children_user - before.children_system
    # A peer's own log may stand around the number.
    found = [int(word) for word in printed[0].split() if word.isdecimal()]
    return wall, used, found[-1] if found else 0


def _write(path: Path, values: Sequence[object]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("account",), *((value,) for value in values)])
    return path


def _sets(out: Path, answering: int, asking: int) -> tuple[Path, Path]:
    """The accounts of bench.world, for peers that join on them."""
    accounts = [line[0] for line in world.accounts(answering)]
    projects = [line[4] for line in world.projects(asking)]
    out.mkdir(exist_ok=True)
    return _write(out / f"answering-{answering}.csv", accounts), _write(out / f"asking-{asking}.csv", projects)


def _ours(mode: str, answering: int, asking: int) -> Turn:
    result = speed.run(mode, answering, asking)
    return Turn(
        f"Concordat {mode}, {result['backend']}", "this", answering, asking, result["wall_seconds"],
        result["processor_seconds"], 0, "names compared, rules, sealed envelopes, log; only violations shown",
    )  # fmt: skip


@click.command()
@click.option("--answering", type=click.IntRange(2), default=1_000_000, show_default=True)
@click.option("--asking", type=click.IntRange(1), default=100_000, show_default=True)
@click.option("--environments", type=click.Path(path_type=Path), help="Keep the peers' environments here.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw the wall times (SVG).")
@click.option("--json", "as_json", is_flag=True)
def main(answering: int, asking: int, environments: Path | None, plot: Path | None, *, as_json: bool) -> None:
    """Measure everybody, one after the other, and print a table or one JSON object."""
    turns: list[Turn] = []
    with tempfile.TemporaryDirectory(prefix="concordat-peers-") as scratch:
        out, kept = Path(scratch), environments or Path(scratch) / "environments"
        for mode in _MODES:
            turns.append(_ours(mode, answering, asking))
        for peer in PEERS:
            python = _environment(kept, peer.environment)
            sizes = min(answering, peer.most), min(asking, peer.most)
            files = _sets(out / "sets", *sizes)
            commands = [[str(python), *words] for words in peer.commands(*files, out)]
            wall, used, found = _run(commands)
            version = _version(python, peer.environment)
            turns.append(Turn(peer.name, version, *sizes, wall, used, found, peer.includes))
    if plot is not None:
        same = [turn for turn in turns if (turn.answering, turn.asking) == (answering, asking)]
        plots.beside(plot, [turn.name for turn in same], [turn.wall_seconds for turn in same], len(_MODES))
    if as_json:
        click.echo(json.dumps({"machine": describe(), "turns": [asdict(turn) for turn in turns]}))
        return
    click.echo("| who | version | sets | wall, s | processor, s | includes |\n|---|---|---|---|---|---|")
    for turn in turns:
        sets = f"{turn.answering:,} x {turn.asking:,}"
        figures = f"{turn.wall_seconds:.1f} | {turn.processor_seconds:.1f}"
        click.echo(f"| {turn.name} | {turn.version} | {sets} | {figures} | {turn.includes} |")


if __name__ == "__main__":
    main()
