"""The demonstration from beginning to end, in the order of a real comparison.

Every step is a console command in a process of its own; what this program knows is what they print. All that was made
stays under the directory ``out`` for whoever wants to look, run a command again, or hand the log to an auditor.
"""

from __future__ import annotations

import json
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType

from matcher.demo.comparing import Compared, compare
from matcher.demo.generate import generate
from matcher.demo.outcome import FLAGGED_FILE, Outcome, count, write_flagged
from matcher.demo.parties import make_parties
from matcher.demo.preparing import address_file, prepare
from matcher.demo.processes import Processes, StepError
from matcher.demo.stage import FLOW, PERIOD, Result, Stage, together
from matcher.protocol.errors import InputError, StateError
from matcher.text import _, language

TEMPLATES = Path(__file__).resolve().parents[2] / "examples" / "daxing"
MARKER = "concordat-demo.json"
INPUT_FILES = ("projects.csv", "accounts.csv")
FLOWS_FILE = "flows.csv"
TRUTH_FILE = "truth.csv"
RECEIPTS_FILE = "receipts.json"


@dataclass(frozen=True, slots=True)
class Made:
    """A new data set to make."""

    seed: int
    projects: int
    planted: int
    accounts: int


@dataclass(frozen=True, slots=True)
class Demonstration:
    """How a demonstration went. ``address`` is where the service listened; ``seconds`` runs from the first key to the
    verified log."""

    out: Path
    mode: str
    compared: Compared
    outcome: Outcome
    audit: Result
    address: str
    seconds: float


def demonstrate(source: Path | Made, mode: str, out: Path, say: Callable[[str], None]) -> Demonstration:
    """Run it. Raises StepError (a command failed), InputError, StateError; no process is left behind in any case."""
    out = out.resolve()
    inputs = _make_room(out)
    _provide(source, inputs, out)
    started = time.monotonic()
    with _terminable(), Processes(out / "processes", language()) as processes:
        stage = Stage(out, inputs, TEMPLATES, mode, make_parties(out), processes, say)
        prepare(stage)
        compared = compare(stage)
        say(_("The auditor replays the whole log"))
        audit, _exported, receipts, own = together(
            stage,
            partial(stage.concordat, stage.parties.auditor, "audit", "verify"),
            partial(stage.concordat, stage.parties.auditor, "audit", "export", out / "log"),
            partial(stage.concordat, stage.parties.auditor, "audit", "receipt", str(compared.match["run"])),
            partial(stage.concordat, stage.parties.bureau, "receipt", "--flow", FLOW, "--period", PERIOD),
        )
        _write_receipts(out / RECEIPTS_FILE, receipts, own)
        seconds = time.monotonic() - started
        address = address_file(stage).read_text(encoding="utf-8").strip()
        say(_("All processes end"))
    outcome = count(compared, out / TRUTH_FILE)
    write_flagged(outcome, out / FLAGGED_FILE)
    return Demonstration(out, mode, compared, outcome, audit, address, seconds)


def _write_receipts(path: Path, receipts: Result, own: Result) -> None:
    """Who learned what, made again from the log by the auditor. Raises StepError if the bureau was told otherwise."""
    if own not in receipts["receipts"]:
        raise StepError("the bureau's receipt is not the one that the auditor checked")
    path.write_text(json.dumps(receipts, indent=2) + "\n", encoding="utf-8")


def _make_room(out: Path) -> Path:
    """An empty directory ``out`` with ``inputs`` in it. An earlier demonstration's is cleared, nobody else's."""
    if not TEMPLATES.is_dir():
        raise StateError(
            "the example agreement is not here", remedy="Run the demonstration from a checkout of the sources."
        )
    if out.exists() and any(out.iterdir()):
        if not (out / MARKER).is_file():
            raise StateError(f"{out} is not empty", remedy="Choose another --out, or a new directory.")
        shutil.rmtree(out)
    inputs = out / "inputs"
    inputs.mkdir(parents=True)
    # Several parties' records and what commands printed of them lie here side by side.
    out.chmod(0o700)
    (out / MARKER).write_text(json.dumps({"made_by": "concordat demo"}) + "\n", encoding="utf-8")
    return inputs


def _provide(source: Path | Made, inputs: Path, out: Path) -> None:
    if isinstance(source, Made):
        try:
            data = generate(source.seed, source.projects, source.planted, source.accounts)
        except ValueError as error:
            raise InputError(str(error)) from error
        data.write(inputs)
        (inputs / TRUTH_FILE).rename(out / TRUTH_FILE)
        return
    for name in INPUT_FILES:
        if not (source / name).is_file():
            raise InputError(f"{source} has no {name}", remedy="See examples/daxing/README.md for what is needed.")
        shutil.copyfile(source / name, inputs / name)
    for name, directory in ((FLOWS_FILE, inputs), (TRUTH_FILE, out)):
        if (source / name).is_file():
            shutil.copyfile(source / name, directory / name)


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the demonstration as Ctrl-C does, so that no process is left behind."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
