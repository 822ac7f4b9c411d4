"""Findings that were asked of us and passed the gate: kept until a decision, and afterwards as the agency's own record.

Ids, codes, purposes, people and times only; the row itself stays in the vault and is looked up again when it is sealed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from matcher.agency.agent.findings_gate import Asked
from matcher.agency.exchange.inbox import Received
from matcher.agency.exchange.journal import Journal
from matcher.protocol import findings
from matcher.protocol.findings import Finding

PENDING, APPROVED, REFUSED, DELIVERED = "pending", "approved", "refused", "delivered"
SETTLED_STATES = (APPROVED, REFUSED, DELIVERED, "opened", "disputed")
BUSY_STATES = (PENDING, APPROVED, DELIVERED, "opened", "disputed")


@dataclass(frozen=True, slots=True)
class Pending:
    """One finding of one request. ``expiry`` and ``received`` in seconds since 1970; ``manifests`` are digests."""

    finding_id: bytes
    finding: Finding
    request: bytes
    request_index: int
    agreement: bytes
    flow: str
    period: str
    requester: str
    person: str
    purpose: str
    case: str
    basis: tuple[str, ...]
    manifests: frozenset[bytes]
    expiry: int
    received: int
    state: str
    reason: str


def add(
    connection: sqlite3.Connection, received: Received, asked: Sequence[Asked], manifests: frozenset[bytes], now: int
) -> None:
    """Keep the findings of a request that passed the gate, as pending."""
    message, body = received.message, received.body
    connection.executemany(
        "INSERT INTO reveals (finding, request, request_index, agreement, flow, period, requester, person, purpose,"
        " case_reference, basis, leaf, manifests, expiry, received, state)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                item.finding_id, message.digest(), received.index, message.agreement, message.flow, message.period,
                message.sender, message.person, body["purpose"], body["case"], json.dumps(body["basis"]), item.leaf,
                json.dumps(sorted(digest.hex() for digest in manifests)), message.expiry, now, PENDING,
            )
            for item in asked
        ],
    )  # fmt: skip


def move(
    connection: sqlite3.Connection, request: bytes, finding_ids: Sequence[bytes], state: str, reason: str = ""
) -> None:
    """Set the state of findings of one request."""
    connection.executemany(
        "UPDATE reveals SET state = ?, reason = coalesce(nullif(?, ''), reason) WHERE finding = ? AND request = ?",
        [(state, reason, finding_id, request) for finding_id in finding_ids],
    )


def busy(journal: Journal, finding_ids: Sequence[bytes], now: int) -> frozenset[bytes]:
    """Those of ``finding_ids`` that are being revealed or were; a request that lapsed undelivered does not count."""
    found = set()
    for finding_id in finding_ids:
        for row in journal.rows("SELECT state, expiry FROM reveals WHERE finding = ?", (finding_id,)):
            lapsed = row["state"] in (PENDING, APPROVED) and 0 < row["expiry"] <= now
            if row["state"] in BUSY_STATES and not lapsed:
                found.add(finding_id)
    return frozenset(found)


def listed(journal: Journal, states: Sequence[str]) -> list[Pending]:
    """Findings in one of ``states``, oldest first."""
    marks = ", ".join("?" for _ in states)
    rows = journal.rows(
        f"SELECT * FROM reveals WHERE state IN ({marks}) ORDER BY received, request_index, finding",  # noqa: S608
        tuple(states),
    )
    return [_pending(row) for row in rows]


def of_request(journal: Journal, request: bytes) -> list[Pending]:
    """All findings of one request."""
    return [_pending(row) for row in journal.rows("SELECT * FROM reveals WHERE request = ?", (request,))]


def of_finding(journal: Journal, finding_id: bytes) -> list[Pending]:
    """All requests for one finding, oldest first."""
    rows = journal.rows("SELECT * FROM reveals WHERE finding = ? ORDER BY request_index", (finding_id,))
    return [_pending(row) for row in rows]


def _pending(row: sqlite3.Row) -> Pending:
    _finding_id, finding = findings.from_leaf(bytes(row["leaf"]))
    return Pending(
        bytes(row["finding"]), finding, bytes(row["request"]), row["request_index"], bytes(row["agreement"]),
        row["flow"], row["period"], row["requester"], row["person"], row["purpose"], row["case_reference"],
        tuple(json.loads(row["basis"])), frozenset(bytes.fromhex(item) for item in json.loads(row["manifests"])),
        row["expiry"], row["received"], row["state"], row["reason"],
    )  # fmt: skip
