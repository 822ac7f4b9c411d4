"""Checks 20 and 21: group keys, and evaluations with the totals that their holder signs.

An answer claims the numbers (total - count, total] of its requester's count. Answers may be logged in another order
than they were counted, and a refused batch stays counted, so: no number twice, and none beyond what was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from matcher.auditor.checks import CheckFailed, check
from matcher.auditor.replay.act import Act, require
from matcher.auditor.replay.numbers import Intervals
from matcher.protocol import bodies
from matcher.protocol.agreement.model import Agreement, Link

_Request = tuple[str, str, str, str, int, int]  # agreement id, asked by, asked of, link kind, epoch, count


@dataclass(slots=True)
class _Count:
    """What one requester asked for under one agreement id, link kind and epoch, and which numbers were answered."""

    asked: int = 0
    answered: Intervals = field(default_factory=Intervals)


class Evaluations:
    """Requests that wait for an answer, and counts."""

    def __init__(self) -> None:
        self._open: dict[bytes, _Request] = {}
        self._counts: dict[tuple[str, str, str, int], _Count] = {}
        self._asked_in_all: dict[tuple[str, str], int] = {}

    def deliver_group_key(self, act: Act) -> None:
        """Raise CheckFailed (20) unless a group key of the agreement goes from one user of the link kind to another."""
        message, body = act.message, act.entry.body
        with check(20):
            link = _link(act.agreement, body["link"], "hmac")
            require(20, body["group_key_id"] == link.group_key_id.hex(), "it is another key than the agreement's")
            users = _users(act.agreement, link)
            require(
                20, {message.sender, message.recipient} <= users and message.sender != message.recipient,
                f"{message.sender} and {message.recipient} do not both use link kind {link.kind}",
            )  # fmt: skip

    def ask(self, act: Act) -> None:
        """Take a request in. Raises CheckFailed (20)."""
        message, body, agreement = act.message, act.entry.body, act.agreement
        request = (agreement.id, message.sender, message.recipient, body["link"], body["epoch"], body["count"])
        self._open[act.digest] = request
        count = self._counts.setdefault((agreement.id, body["link"], message.sender, body["epoch"]), _Count())
        count.asked += body["count"]
        in_all = self._asked_in_all.get((agreement.id, message.sender), 0)
        self._asked_in_all[agreement.id, message.sender] = in_all + body["count"]
        with check(20):
            link = _link(agreement, body["link"], "oprf")
            users = _users(agreement, link)
            require(20, message.sender in users - {link.holder}, f"{message.sender} has nothing to ask the holder")
            require(20, message.recipient == link.holder, f"{message.recipient or 'nobody'} does not hold the key")
            require(20, body["epoch"] == link.epoch, f"epoch {body['epoch']} is not the agreement's {link.epoch}")
            size = body["count"]
            require(
                20, 0 < size <= bodies.MAX_EVALUATION_BATCH and size % bodies.EVALUATION_PADDING == 0,
                f"a batch has {size} elements",
            )  # fmt: skip

    def refuse(self, act: Act) -> None:
        """Take a refusal in: nothing was evaluated, so no numbers are used. Raises CheckFailed (20)."""
        self._settle(act)

    def _settle(self, act: Act) -> None:
        message, body = act.message, act.entry.body
        asked = self._open.pop(bytes.fromhex(body["request"]), None)
        settled = (act.agreement.id, message.recipient, message.sender, body["link"], body["epoch"], body["count"])
        require(
            20, asked == settled,
            f"no request {body['request'][:16]} of these parties, link kind, epoch and count waits for an answer",
        )  # fmt: skip

    def answer(self, act: Act) -> None:
        """Take an answer in. Raises CheckFailed (20, 21)."""
        self._settle(act)
        message, body, agreement = act.message, act.entry.body, act.agreement
        count = self._counts[agreement.id, body["link"], message.recipient, body["epoch"]]
        total, who = body["total_epoch"], message.recipient
        start = total - body["count"]
        require(21, start >= 0 and count.answered.add(start, total), f"total {total} of {who} counts some twice")
        require(21, total <= count.asked, f"total {total} of {who} is more than the {count.asked} it asked for")
        month, in_all = body["total_month"], self._asked_in_all[agreement.id, who]
        require(21, body["count"] <= month <= in_all, f"the month's total {month} of {who} does not fit its requests")
        quotas = agreement.quotas.get(who)
        if quotas is None:
            raise CheckFailed(21, f"{who} has no quota in the agreement")
        require(21, total <= quotas.evaluations_epoch, f"{who} has {total}, {quotas.evaluations_epoch} allowed")
        require(
            21, month <= quotas.evaluations_month, f"{who} has {month} this month, {quotas.evaluations_month} allowed"
        )


def _link(agreement: Agreement, kind: str, mode: str) -> Link:
    link = agreement.matching.links.get(kind)
    require(20, link is not None and link.mode == mode, f"the agreement has no link kind {kind} of mode {mode}")
    return agreement.matching.links[kind]


def _users(agreement: Agreement, link: Link) -> set[str]:
    flows = agreement.matching.flows.values()
    return {party for flow in flows if flow.link == link.kind for party in flow.parties()}
