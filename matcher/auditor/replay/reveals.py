"""Checks 22 to 26: the chain of every reveal, from request to opening, by the case table (matcher/protocol/cases.py).

The log names findings by id only; whose they are shows in who asks whom, and every later step must be between the
same two, about the same request. That a finding is in its run's root, and which codes it has, the answering agent and
the service check; the auditor sees neither.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from matcher.auditor.checks import CheckFailed, check
from matcher.auditor.replay.act import Act, PeriodKey, require
from matcher.auditor.replay.cards import Cards
from matcher.auditor.replay.periods import Periods
from matcher.protocol import canonical, cases
from matcher.protocol.errors import StateError


@dataclass(slots=True)
class _Case:
    """One finding. ``expiry`` in seconds; ``person_key`` is of who asked; ``delivery`` the digest of what was sent."""

    period: PeriodKey
    state: str = cases.INITIAL
    asking: str = ""
    answering: str = ""
    request: bytes = b""
    request_index: int = -1
    expiry: int = 0
    person_key: bytes = b""
    delivery: bytes = b""


class Reveals:
    """The cases of all findings that were ever asked for."""

    def __init__(self, cards: Cards, periods: Periods) -> None:
        self._cards = cards
        self._periods = periods
        self._cases: dict[bytes, _Case] = {}
        self._asked: Counter[tuple[str, str, str]] = Counter()

    def states(self) -> Counter[str]:
        """How many findings are in which state, as of the last entry."""
        return Counter(case.state for case in self._cases.values())

    def step(self, act: Act) -> None:
        """Move the findings that the act names. Raises CheckFailed (22), having moved them all the same."""
        event, found = _event(act), _findings(act)
        befores = [_step(self._cases.setdefault(finding, _Case(act.period_key)), act, event) for finding in found]
        wrong = [(finding, before) for finding, before in zip(found, befores, strict=True) if before is not None]
        if wrong:
            finding, before = wrong[0]
            more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
            raise CheckFailed(22, f"finding {finding.hex()[:16]} was {before}, which takes no step {event!r}{more}")

    def examine(self, act: Act) -> None:
        """Who takes the step, towards whom, by what right; called after ``step``. Raises CheckFailed (23 to 26)."""
        event = _event(act)
        items = [self._cases.setdefault(finding, _Case(act.period_key)) for finding in dict.fromkeys(_findings(act))]
        if event == "request":
            self._request(act, items)
        elif event in ("approve", "refuse"):
            self._decide(act, items, event)
        else:
            self._follow(act, items[0], event)

    def _request(self, act: Act, items: list[_Case]) -> None:
        message, body, agreement = act.message, act.entry.body, act.agreement
        key = self._cards.person_key(message.sender, message.person)
        for case in items:
            case.asking, case.answering = message.sender, message.recipient
            case.request, case.request_index, case.expiry = act.digest, act.index, message.expiry
            case.person_key, case.delivery = key, b""
        months = act.months
        for month in months:
            self._asked[agreement.id, message.sender, month] += len(items)
        with check(23):
            flow = agreement.flow(message.flow)
            require(23, message.sender == flow.asking, f"{message.sender} is not the asking side of flow {flow.id}")
            require(23, message.recipient in flow.answering, f"{message.recipient or 'nobody'} is no answering side")
            self._periods.require_run(act, body["run"], 23)
            require(23, all(case.period == act.period_key for case in items), "a finding is of another period")
        terms = agreement.flow_terms(message.flow)
        require(24, body["purpose"] in terms.purposes, f"purpose {body['purpose']} is not in the agreement")
        foreign = sorted(set(body["basis"]) - set(terms.legal_basis))
        require(24, not foreign, f"legal basis {', '.join(foreign)} is not in the agreement")
        require(24, bool(body["basis"]) or not terms.legal_basis_required, "no legal basis is given")
        limit = agreement.quotas[message.sender].reveals_month
        used = min(self._asked[agreement.id, message.sender, month] for month in months)
        require(26, used <= limit, f"{message.sender} asked for {used} findings in the month, {limit} allowed")
        self._periods.require_kept(act, 26)

    def _decide(self, act: Act, items: list[_Case], event: str) -> None:
        message, body, agreement = act.message, act.entry.body, act.agreement
        for case in items:
            _require_between(act, case, sender=case.answering, recipient=case.asking, request=body["request"])
        if not body["automatic"]:
            key = self._cards.person_key(message.sender, message.person)
            same = any(case.person_key == key for case in items if key)
            require(25, not same, f"{message.person} decides on a request that the same key made")
        elif event == "approve":
            automatic = agreement.flow_terms(message.flow).automatic
            require(25, bool(automatic), "the agreement has no codes that an agent may approve alone")

    def _follow(self, act: Act, case: _Case, event: str) -> None:
        body = act.entry.body
        if event == "deliver":
            case.delivery = act.digest
            _require_between(act, case, sender=case.answering, recipient=case.asking, request=body["request"])
            right = body["request_index"] == case.request_index
            require(23, right, f"the request stands at {case.request_index}, not at {body['request_index']}")
        else:
            _require_between(act, case, sender=case.asking, recipient=case.answering)
            require(23, body["delivery"] == case.delivery.hex(), "the message names another delivery")


def _event(act: Act) -> str:
    event = cases.event_of(act.entry.type)
    if event is None:
        raise CheckFailed(22, f"{act.entry.type} is no step of a case")
    return event


def _findings(act: Act) -> list[bytes]:
    return [canonical.unhex(finding, 32) for finding in cases.findings_of(act.entry.body)]


def _step(case: _Case, act: Act, event: str) -> str | None:
    """Move the case; returns the state it was in if the table has no such step, else None.

    Whether a request had lapsed may have been decided a little before the entry's time; then either state will do.
    """
    for moment in act.moments:
        state = cases.lapse(case.state, case.expiry, moment)
        try:
            case.state = cases.step(state, event)
        except StateError:
            continue
        return None
    before = cases.lapse(case.state, case.expiry, act.seconds)
    # Go on from where the step would have led, so that one wrong step is one failure.
    case.state = next(line.after for line in cases.TRANSITIONS if line.event == event)
    return before


def _require_between(act: Act, case: _Case, *, sender: str, recipient: str, request: str = "") -> None:
    message = act.message
    require(
        23, (message.sender, message.recipient) == (sender, recipient),
        f"the step is from {message.sender} to {message.recipient or 'nobody'}, not from {sender or 'nobody'}",
    )  # fmt: skip
    require(23, case.period == act.period_key, "the finding is of another period")
    if request:
        require(23, request == case.request.hex(), "the message names another request than the newest one")
