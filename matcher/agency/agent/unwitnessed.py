"""Requests that too few witnesses hold yet: the agent takes them up again by itself, people see them and their age.

Noted in the journal for ``concordat reveal list``, which is another process; that a request waits is no state of it,
and a note that is lost costs nothing: the agent's place in the log stays before what it holds back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from matcher.agency.exchange.journal import Journal
from matcher.channel.types import MailItem
from matcher.protocol import entries

_REPORT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """One request. ``amount`` is of findings or evaluations, ``asked`` seconds since 1970 by the service's clock."""

    request: bytes
    index: int
    kind: str
    sender: str
    amount: int
    asked: int
    reason: str


def note(journal: Journal, item: MailItem, reason: str) -> Waiting:
    """Note that ``item`` waits, and why; the same again changes nothing."""
    message, body = item.message, item.message.content()
    amount = body["count"] if message.kind == "evaluation-request" else len(body["findings"])
    asked = entries.parse(item.entry).time // 1000
    waiting = Waiting(message.digest(), item.index, message.kind, message.sender, amount, asked, reason)
    with journal.transaction() as connection:
        connection.execute(
            "INSERT OR IGNORE INTO unwitnessed VALUES (?, ?, ?, ?, ?, ?, ?)",
            (waiting.request, item.index, waiting.kind, waiting.sender, amount, asked, reason),
        )
    return waiting


def forget(journal: Journal, request: bytes) -> None:
    """The request waits no more, whatever became of it."""
    with journal.transaction() as connection:
        connection.execute("DELETE FROM unwitnessed WHERE request = ?", (request,))


def listed(journal: Journal) -> list[Waiting]:
    """What waits, oldest first."""
    rows = journal.rows("SELECT * FROM unwitnessed ORDER BY log_index")
    return [
        Waiting(
            bytes(row["request"]), row["log_index"], row["kind"], row["sender"], row["amount"], row["asked"],
            row["reason"],
        )
        for row in rows
    ]  # fmt: skip


class HeldBack:
    """What the agent holds back, in log order. ``report`` gets a record now and then, with the age of each request."""

    def __init__(self, journal: Journal, report: Callable[[dict[str, Any]], None], clock: Callable[[], int]) -> None:
        self._journal = journal
        self._report = report
        self._clock = clock
        self._items: dict[int, MailItem] = {}
        self._reported: dict[int, float] = {}
        self._noted = {item.request for item in listed(journal)}

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[MailItem]:
        return iter([self._items[index] for index in sorted(self._items)])

    def hold(self, item: MailItem, reason: str) -> None:
        """Keep ``item`` for later, because of ``reason`` (a check's name)."""
        waiting = note(self._journal, item, reason)
        self._items[item.index] = item
        self._noted.add(waiting.request)
        if time.monotonic() - self._reported.get(item.index, -_REPORT_SECONDS) >= _REPORT_SECONDS:
            self._reported[item.index] = time.monotonic()
            self._report(
                {
                    "act": "waiting", "kind": waiting.kind, "from": waiting.sender, "index": item.index,
                    "reason": reason, "age_seconds": max(0, self._clock() - waiting.asked),
                }
            )  # fmt: skip

    def release(self, item: MailItem) -> None:
        """``item`` was dealt with."""
        self._items.pop(item.index, None)
        self._reported.pop(item.index, None)
        if (request := item.message.digest()) in self._noted:
            forget(self._journal, request)
            self._noted.discard(request)

    def first(self, otherwise: int) -> int:
        """The log index of the oldest one, or ``otherwise`` when that is smaller or nothing is held."""
        return min([otherwise, *self._items])
