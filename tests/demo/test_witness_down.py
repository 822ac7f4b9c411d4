"""With the witness down nothing is evaluated or revealed: it waits and says why; with the witness back it goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from matcher.demo.generate import generate
from matcher.demo.parties import BUREAU_CLERK, make_parties
from matcher.demo.preparing import prepare
from matcher.demo.processes import Background, Processes
from matcher.demo.run import TEMPLATES
from matcher.demo.stage import FLOW, PERIOD, Stage

WHERE = ("--flow", FLOW, "--period", PERIOD)
ASK = (
    "--purpose", "wage-arrears-inspection", "--case", "C-1", "--basis", "wage-payment-regulation-art-40",
)  # fmt: skip


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    generate(11, 12, 6, 40).write(inputs)
    with Processes(tmp_path / "processes", "en") as processes:
        yield Stage(tmp_path, inputs, TEMPLATES, "oprf", make_parties(tmp_path), processes, lambda _text: None)


def stop_witness(stage: Stage) -> None:
    [witness] = [item for item in stage.processes._running if item.name == "witness"]
    stage.processes.ask_to_end(witness)
    witness.process.wait(20)


def start_witness(stage: Stage) -> None:
    stage.processes.start("witness", "client", "audit", "witness", *stage.parties.auditor.options())


def waiting(stage: Stage, kind: str) -> dict[str, Any]:
    """What the regulator is shown, once its agent holds a request of ``kind`` back."""
    for _turn in range(60):
        listed = stage.concordat(stage.parties.regulator, "reveal", "list")
        found = [item for item in listed["waiting"] if item["kind"] == kind]
        if found:
            return dict(found[0])
        time.sleep(0.2)
    raise AssertionError(f"no {kind} waits")


def in_background(act: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(act()))
    thread.start()
    return thread, results


def test_what_waits_says_why_and_goes_on_when_the_witness_is_back(stage: Stage) -> None:
    parties = stage.parties
    prepare(stage)
    stage.concordat(parties.regulator, "submit", *WHERE, stage.inputs / "accounts.csv")
    agent = stage.processes.start("agent", "client", "agent", *parties.regulator.options())

    stop_witness(stage)
    submitting, submitted = in_background(
        lambda: stage.concordat(parties.bureau, "submit", *WHERE, stage.inputs / "projects.csv")
    )
    held = waiting(stage, "evaluation-request")
    assert (held["requester"], held["reason"], held["amount"]) == (parties.bureau.id, "gate-cosignatures", 1024)
    assert not submitted
    start_witness(stage)
    submitting.join(60)
    assert submitted[0]["evaluated"] == 1024

    stage.concordat_as(parties.bureau, BUREAU_CLERK, "match", *WHERE)
    stop_witness(stage)
    asked = stage.concordat_as(parties.bureau, BUREAU_CLERK, "reveal", "request", "--all", *ASK, *WHERE)["asked"]
    held = waiting(stage, "reveal-request")
    assert (held["amount"], held["age_seconds"] >= 0) == (asked, True)
    listed = stage.concordat(parties.regulator, "reveal", "list", "--all")
    assert listed["reveals"] == []
    start_witness(stage)
    taken = _taken(stage, agent, asked)
    assert len(taken["reveals"]) == asked
    assert taken["waiting"] == []
    lines = agent.log.read_text(encoding="utf-8")
    assert lines.count('"reason": "gate-cosignatures"') >= 2


def _taken(stage: Stage, agent: Background, asked: int) -> dict[str, Any]:
    for _turn in range(60):
        listed = stage.concordat(stage.parties.regulator, "reveal", "list", "--all")
        if len(listed["reveals"]) >= asked and not listed["waiting"]:
            return dict(listed)
        time.sleep(0.2)
    raise AssertionError(f"the agent took nothing up again; see {agent.log}")
