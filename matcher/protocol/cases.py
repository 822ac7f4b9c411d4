"""The case of one finding: every step from listed to opened, who may take it, and nothing else (design section 5).

One table without I/O. The service decides by it, the auditor replays the log by it, the documents draw it.

    state = step("listed", "request")      -> "requested"
    state = step(state, "approve")         -> "approved"
    state = step(state, "request")         -> StateError: a reveal is under way

A request that lapsed before it was delivered is ``expired`` without anybody doing anything: ``lapse`` says so, given
the request's expiry and the time. A refused or expired finding may be asked for again, which is a new request; a
delivered one never.

Left to others: quotas, purposes, proofs and signatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matcher.protocol.agreement.model import Role, Side
from matcher.protocol.errors import StateError

INITIAL = "listed"


@dataclass(frozen=True, slots=True)
class Act:
    """Who takes a step: the side of the flow, the role of the person who signs too, and the log entry that records it.

    ``role`` is empty where the party's own signature is enough. ``may_be_automatic``: an agent may decide without a
    person where the message says so; whether it may approve is in the agreement.
    """

    side: Side
    entry: str
    role: Role | None = None
    may_be_automatic: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """One line of the table. ``event`` is a key of ACTS, or "expire"."""

    before: str
    event: str
    after: str


ACTS: Mapping[str, Act] = {
    "request": Act("asking", "reveal-requested", "prepare"),
    "approve": Act("answering", "reveal-approved", "approve", may_be_automatic=True),
    "refuse": Act("answering", "reveal-refused", "approve", may_be_automatic=True),
    "deliver": Act("answering", "reveal-delivered"),
    "open": Act("asking", "reveal-opened"),
    "dispute": Act("asking", "reveal-disputed"),
}
EXPIRE = "expire"

TRANSITIONS = (
    Transition("listed", "request", "requested"),
    Transition("refused", "request", "requested"),
    Transition("expired", "request", "requested"),
    Transition("requested", "approve", "approved"),
    Transition("requested", "refuse", "refused"),
    Transition("requested", EXPIRE, "expired"),
    Transition("approved", "deliver", "delivered"),
    Transition("approved", EXPIRE, "expired"),
    Transition("delivered", "open", "opened"),
    Transition("delivered", "dispute", "disputed"),
    Transition("opened", "dispute", "disputed"),
)
FINAL = ("opened", "disputed")
STATES = tuple(dict.fromkeys(state for line in TRANSITIONS for state in (line.before, line.after)))
_NEXT = {(line.before, line.event): line.after for line in TRANSITIONS}
_EVENT_OF_ENTRY = {act.entry: event for event, act in ACTS.items()}


def step(state: str, event: str) -> str:
    """The state after ``event``. Raises StateError when the table has no such line."""
    after = _NEXT.get((state, event))
    if after is None:
        allowed = ", ".join(sorted(line.event for line in TRANSITIONS if line.before == state)) or "nothing"
        raise StateError(f"a finding that is {state} takes no step {event!r}; it takes: {allowed}")
    return after


def event_of(entry_type: str) -> str | None:
    """The event that a log entry of this type records; None when it is no step of a case."""
    return _EVENT_OF_ENTRY.get(entry_type)


def findings_of(body: Mapping[str, Any]) -> list[str]:
    """The ids (hex) of the findings that a message's body names; none where it is about no finding."""
    if "finding" in body:
        return [body["finding"]]
    return [item["id"] if isinstance(item, dict) else item for item in body.get("findings", ())]


def lapse(state: str, expiry: int, now: int) -> str:
    """The state at ``now`` (seconds since 1970) of a finding whose newest request expires at ``expiry`` (0: never)."""
    if expiry == 0 or now < expiry:
        return state
    return _NEXT.get((state, EXPIRE), state)


def mermaid() -> str:
    """The table as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", f"    [*] --> {INITIAL}: match run"]
    lines += [f"    {line.before} --> {line.after}: {_label(line.event)}" for line in TRANSITIONS]
    lines += [f"    {state} --> [*]" for state in FINAL]
    return "\n".join(lines) + "\n"


def _label(event: str) -> str:
    if event == EXPIRE:
        return "the request lapses"
    act = ACTS[event]
    who = f"{act.side} side" + (f", {act.role}" if act.role else "") + (" or agent" if act.may_be_automatic else "")
    return f"{event} ({who})"
