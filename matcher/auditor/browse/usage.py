"""What of each quota is used, counted from the entries as the agreement counts; and the agreement's own words."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from matcher.protocol.agreement.model import Agreement
from matcher.protocol.entries import Entry

_Key = tuple[str, str, str, str]


class Usage:
    """Counts on from what ``connection`` holds. ``agreements`` are the newest versions in force."""

    def __init__(self, connection: sqlite3.Connection, agreements: Sequence[Agreement]) -> None:
        self._connection = connection
        self._agreements = {item.id: item for item in agreements}
        self._ids = dict(connection.execute("SELECT digest, agreement FROM versions"))
        self._used: Counter[_Key] = Counter()
        for agreement, party, what, scope, used in connection.execute(
            "SELECT agreement, party, what, scope, used FROM usage"
        ):
            self._used[agreement, party, what, scope] = used

    def name(self, party: str) -> str:
        """The party's name in an agreement; empty for one that none names."""
        return next((item.parties[party].name for item in self._agreements.values() if party in item.parties), "")

    def purpose(self, purpose: str) -> str:
        """The purpose as the agreement spells it out."""
        for agreement in self._agreements.values():
            for terms in agreement.terms.values():
                if purpose in terms.purposes:
                    return terms.purposes[purpose]
        return ""

    def take(self, entry: Entry, moment: datetime) -> None:
        """Count one entry; ``moment`` in China's time."""
        if entry.type == "agreement-in-force":
            self._ids[entry.agreement.hex()] = entry.facts["agreement_id"]
        agreement = self._ids.get(entry.agreement.hex())
        if agreement is None:
            return
        month, period = moment.strftime("%Y-%m"), f"{entry.flow} {entry.period}"
        match entry.type:
            case "submission-sealed":
                self._used[agreement, entry.actor, "rows", period] += entry.facts["rows"]
                self._used[agreement, entry.actor, "submissions", period] += 1
            case "match-run":
                self._used[agreement, entry.actor, "runs", period] += 1
            case "reveal-requested":
                self._used[agreement, entry.actor, "reveals_month", month] += len(entry.body["findings"])
            case "evaluation-answered":
                party, body = entry.require_message().recipient, entry.body
                for what, scope, total in (
                    ("evaluations_epoch", str(body["epoch"]), body["total_epoch"]),
                    ("evaluations_month", month, body["total_month"]),
                ):
                    key = (agreement, party, what, scope)
                    self._used[key] = max(self._used[key], total)

    def write(self) -> None:
        """Write the table anew, each count beside its quota."""
        self._connection.executemany("INSERT OR IGNORE INTO versions VALUES (?, ?)", self._ids.items())
        self._connection.execute("DELETE FROM usage")
        rows = [
            (*key, used, getattr(self._agreements[key[0]].quotas[key[1]], key[2]))
            for key, used in sorted(self._used.items())
            if key[0] in self._agreements and key[1] in self._agreements[key[0]].quotas
        ]
        self._connection.executemany("INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?)", rows)
