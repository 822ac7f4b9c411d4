"""The comparison itself: both sides submit, the service matches, the bureau reads its findings.

The bank submits first. The bureau does not hold the evaluation key, so its submission asks the regulator's agent,
a process of its own, through the service's mailbox.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from matcher.demo.parties import BUREAU_CLERK, REGULATOR_HEAD
from matcher.demo.processes import Background, StepError
from matcher.demo.stage import FLOW, PERIOD, Result, Stage, together
from matcher.text import _

_WHERE = ("--flow", FLOW, "--period", PERIOD)
PURPOSE = "wage-arrears-inspection"
BASIS = "wage-payment-regulation-art-40"
CASE = "DX-2022-0531"
_DECISION_TURNS = 20
_COLLECT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Compared:
    """What the commands said, as they said it. ``by_person``: how many requests waited for a person's decision."""

    accounts: Result
    projects: Result
    match: Result
    findings: Result
    request: Result
    by_person: int
    opened: Sequence[Result]


def compare(stage: Stage) -> Compared:
    """Submit, match, list, ask, approve, open. Raises StepError."""
    parties = stage.parties
    stage.say(_("The regulator blinds and submits its accounts"))
    flows = stage.inputs / "flows.csv"
    own = ("--flows", flows) if flows.is_file() else ()
    accounts = stage.concordat(parties.regulator, "submit", *_WHERE, *own, stage.inputs / "accounts.csv")
    agent = stage.processes.start("agent", "client", "agent", *parties.regulator.options())
    stage.say(_("The bureau blinds and submits its projects; the regulator's agent evaluates"))
    projects = stage.concordat(parties.bureau, "submit", *_WHERE, stage.inputs / "projects.csv")
    stage.processes.check()
    stage.say(_("The service joins what it cannot read"))
    match = stage.concordat_as(parties.bureau, BUREAU_CLERK, "match", *_WHERE)
    stage.say(_("The bureau reads its findings and asks for reveals; each request is logged first"))
    findings, _xlsx, request = together(
        stage,
        *(partial(_export, stage, kind) for kind in ("csv", "xlsx")),
        partial(
            stage.concordat_as, parties.bureau, BUREAU_CLERK, "reveal", "request", "--all", "--purpose", PURPOSE,
            "--case", CASE, "--basis", BASIS, *_WHERE,
        ),
    )  # fmt: skip
    (stage.out / "findings.json").write_text(json.dumps(findings, ensure_ascii=False, indent=1), encoding="utf-8")
    by_person, opened = _reveal(stage, agent, request["asked"]) if request["asked"] else (0, [])
    stage.processes.ask_to_end(agent)
    return Compared(accounts, projects, match, findings, request, by_person, opened)


def _export(stage: Stage, kind: str) -> Result:
    path = stage.out / f"findings.{kind}"
    return stage.concordat(stage.parties.bureau, "findings", *_WHERE, "--format", kind, "--out", path)


def _reveal(stage: Stage, agent: Background, asked: int) -> tuple[int, Sequence[Result]]:
    """A person approves what the agent may not approve alone; the bureau collects and opens."""
    parties = stage.parties
    stage.say(_("A person at the regulator decides on the {n} requests", n=asked))
    waiting = _waiting_for_a_person(stage, agent, asked)
    if waiting:
        stage.concordat_as(parties.regulator, REGULATOR_HEAD, "reveal", "approve", "--all")
    stage.say(_("The bureau collects, opens and checks each record against the rule"))
    stage.concordat(parties.bureau, "reveal", "collect", "--wait", str(_COLLECT_SECONDS))
    path = stage.out / "reveals.json"
    shown = stage.concordat(parties.bureau, "reveal", "show", *_WHERE, "--format", "json", "--out", path)
    return waiting, list(shown["opened"])


def _waiting_for_a_person(stage: Stage, agent: Background, asked: int) -> int:
    """How many requests wait for a person, once the agent has taken all ``asked``."""
    for _turn in range(_DECISION_TURNS):
        stage.processes.check()
        listed = stage.concordat(stage.parties.regulator, "reveal", "list", "--all")["reveals"]
        if len(listed) >= asked:
            return sum(item["state"] == "pending" for item in listed)
    raise StepError(f"the agent took {len(listed)} of {asked} requests; see {agent.log}")
