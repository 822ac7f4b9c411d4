"""Checks 16 to 19 and 27: submissions, match runs and listings of each period of each flow.

A period is (agreement id, flow, label). It begins with its first sealed submission, opens with the first one of an
answering side, and ends with its purge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from matcher.auditor.checks import CheckFailed, check
from matcher.auditor.replay.act import Act, PeriodKey, require
from matcher.protocol import canonical
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import ConcordatError
from matcher.protocol.findings import run_digest
from matcher.protocol.receipts import SERVICE

_LABELS: Mapping[str, re.Pattern[str]] = {
    "month": re.compile(r"\d{4}-(0[1-9]|1[0-2])"),
    "quarter": re.compile(r"\d{4}-Q[1-4]"),
    "year": re.compile(r"\d{4}"),
}
_SECONDS_PER_DAY = 86_400


@dataclass(slots=True)
class _Submitted:
    """What one party has sealed in one period: manifest digests in order, and rows in all."""

    manifests: list[bytes] = field(default_factory=list)
    rows: int = 0


@dataclass(slots=True)
class _Period:
    matching: bytes
    epoch: int
    opened: int | None = None  # seconds since 1970
    purged: bool = False
    runs: dict[str, int] = field(default_factory=dict)
    submitted: dict[str, _Submitted] = field(default_factory=dict)


class Periods:
    """All periods so far, and the runs in them."""

    def __init__(self) -> None:
        self._periods: dict[PeriodKey, _Period] = {}
        self._runs: dict[str, PeriodKey] = {}
        self._receipted: set[str] = set()

    def serves(self, agreement_id: str, matching: bytes) -> bool:
        """Whether some period that was not purged is bound to this matching digest."""
        return any(
            key[0] == agreement_id and period.matching == matching and not period.purged
            for key, period in self._periods.items()
        )

    def require_open(self, act: Act) -> None:
        """Raise CheckFailed (16, 27) unless the act fits its period's label, keys and life."""
        # Nearly every entry comes through here: no reason is worded, and no block entered, before it is needed.
        agreement, key = act.agreement, act.period_key
        if not _is_label(agreement.period_pattern, key[2]):
            raise CheckFailed(16, f"{key[2]} is no {agreement.period_pattern}")
        try:
            agreement.flow(key[1])
        except ConcordatError as error:
            raise CheckFailed(16, str(error)) from error
        period = self._periods.get(key)
        if period is None:
            return
        # The digest is over the epochs of all link kinds too.
        require(16, period.matching == agreement.matching.digest, "the period has another matching digest")
        if period.purged:
            raise CheckFailed(27, f"period {key[2]} of flow {key[1]} was purged before")

    def require_kept(self, act: Act, number: int) -> None:
        """Raise CheckFailed (``number``) before the period opened, or after its retention."""
        period = self._periods.get(act.period_key)
        if period is None or period.opened is None:
            raise CheckFailed(number, "no answering side has sealed a submission of this period")
        ends = period.opened + act.agreement.retention_days * _SECONDS_PER_DAY
        require(number, act.moments[0] < ends, f"the retention of {act.agreement.retention_days} days is over")

    def seal(self, act: Act) -> None:
        """Take a submission in. Raises CheckFailed (17)."""
        message, body, agreement = act.message, act.entry.body, act.agreement
        with check(17):
            flow = agreement.flow(message.flow)
            side = flow.side_of(message.sender)
        period = self._periods.setdefault(
            act.period_key, _Period(agreement.matching.digest, _epoch(agreement, message.flow))
        )
        mine = period.submitted.setdefault(message.sender, _Submitted())
        before = mine.manifests[-1].hex() if mine.manifests else ""
        opened = period.opened
        mine.manifests.append(act.digest)
        mine.rows += body["rows"]
        if side == "answering" and opened is None:
            period.opened = act.seconds
        number, quotas = len(mine.manifests), agreement.quotas[message.sender]
        require(17, not message.recipient, "a manifest is for the service")
        require(
            17, body["sequence"] == number, f"submission {number} of {message.sender} calls itself {body['sequence']}"
        )
        require(17, body["previous"] == before, f"submission {number} of {message.sender} names another one before it")
        require(17, body["link_epoch"] == period.epoch, f"the rows were made in epoch {body['link_epoch']}")
        require(
            17, number <= quotas.submissions, f"{message.sender} has {number} submissions, {quotas.submissions} allowed"
        )
        require(17, mine.rows <= quotas.rows, f"{message.sender} has {mine.rows} rows, {quotas.rows} allowed")
        if opened is not None:
            ends = opened + agreement.window_days * _SECONDS_PER_DAY
            require(17, act.moments[0] < ends, f"the window of {agreement.window_days} days is over")

    def run(self, act: Act) -> None:
        """Take a match run in. Raises CheckFailed (18)."""
        message, agreement = act.message, act.agreement
        record = act.entry.facts["run"]
        self._runs[run_digest(record).hex()] = act.period_key
        with check(18):
            flow = agreement.flow(message.flow)
        period = self._periods.get(act.period_key)
        sealed = {name: item.manifests for name, item in period.submitted.items()} if period else {}
        runs = period.runs if period else {}
        runs[message.sender] = runs.get(message.sender, 0) + 1
        require(18, message.sender == flow.asking, f"{message.sender} is not the asking side of flow {flow.id}")
        require(18, not message.recipient, "a request for a match is for the service")
        matched = {
            item["party"]: [canonical.unhex(text, 32) for text in item["manifests"]] for item in record["inputs"]
        }
        require(18, matched == sealed, _difference(matched, sealed))
        asked = sorted(act.entry.body["manifests"])
        require(
            18, asked == sorted(item.hex() for items in sealed.values() for item in items),
            "the request names other manifests than those that were matched",
        )  # fmt: skip
        limit = agreement.quotas[message.sender].runs
        require(18, runs[message.sender] <= limit, f"{runs[message.sender]} runs of this period, {limit} allowed")
        self.require_kept(act, 18)

    def list_findings(self, act: Act) -> None:
        """Raise CheckFailed (19) unless a party to the flow was shown findings of a run of this period."""
        try:
            act.agreement.flow(act.entry.flow).side_of(act.entry.actor)
        except ConcordatError as error:
            raise CheckFailed(19, str(error)) from error
        self.require_run(act, act.entry.facts["run"], 19)

    def issue_receipts(self, act: Act) -> None:
        """Raise CheckFailed (19) unless these are the first receipts of a run, one for everybody who learned by it."""
        facts, agreement = act.entry.facts, act.agreement
        with check(19):
            flow = agreement.flow(act.entry.flow)
            self.require_run(act, facts["run"], 19)
        auditors = [party.id for party in agreement.parties.values() if party.kind == "auditor"]
        named = sorted(item["party"] for item in facts["receipts"])
        require(19, named == sorted((SERVICE, *flow.parties(), *auditors)), "receipts are missing, or of others")
        require(19, facts["run"] not in self._receipted, f"run {facts['run'][:16]} has receipts already")
        self._receipted.add(facts["run"])

    def require_run(self, act: Act, run: str, number: int) -> None:
        """Raise CheckFailed (``number``) unless ``run`` (hex) is a run of the act's period."""
        if self._runs.get(run) != act.period_key:
            raise CheckFailed(number, f"run {run[:16]} is none of this period")

    def purge(self, act: Act) -> None:
        """Take note that the period is over. Raises CheckFailed (27)."""
        period = self._periods.get(act.period_key)
        if period is None:
            raise CheckFailed(27, "a period that never began was purged")
        was_purged, period.purged = period.purged, True
        require(27, not was_purged, "the period was purged before")
        count = sum(len(item.manifests) for item in period.submitted.values())
        purged = act.entry.facts["segments"]
        require(27, purged == count, f"{purged} segments were purged, {count} submissions were sealed")


@lru_cache(maxsize=256)
def _is_label(pattern: str, label: str) -> bool:
    return _LABELS[pattern].fullmatch(label) is not None


def _epoch(agreement: Agreement, flow: str) -> int:
    return agreement.matching.links[agreement.flow(flow).link].epoch


def _difference(matched: Mapping[str, list[bytes]], sealed: Mapping[str, list[bytes]]) -> str:
    parties = sorted(party for party in {*matched, *sealed} if matched.get(party) != sealed.get(party))
    counts = ", ".join(f"{party}: {len(matched.get(party, ()))} of {len(sealed.get(party, ()))}" for party in parties)
    return f"what was matched is not what was sealed ({counts})"
