"""Flows' periods: bound to one matching digest and epoch from the first submission on, opened by an answering side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlite_utils import Database

from matcher.protocol.agreement.model import Agreement
from matcher.protocol.suite import lp, sha256
from matcher.service import policy
from matcher.service.store import agreements
from matcher.service.store.database import Record, every, one


@dataclass(frozen=True, slots=True)
class PeriodName:
    """Which period of which flow; the agreement by id, since versions may follow one another."""

    agreement_id: str
    flow: str
    period: str

    def values(self) -> list[object]:
        """For ``WHERE agreement_id = ? AND flow = ? AND period = ?``."""
        return [self.agreement_id, self.flow, self.period]

    def key_name(self) -> str:
        """The name of the period's wrapping key: hex, fit for a file."""
        return sha256(b"".join(map(lp, (self.agreement_id, self.flow, self.period)))).hex()[:32]


@dataclass(frozen=True, slots=True)
class Period:
    """What a period is bound to. Times in ms; ``agreement`` is the digest it began under."""

    name: PeriodName
    matching: bytes
    agreement: bytes
    epoch: int
    opened_at: int | None
    purged_at: int | None


def find(transaction: Database, name: PeriodName) -> Period | None:
    """The period, or None before its first submission."""
    record = one(transaction, "SELECT * FROM periods WHERE agreement_id = ? AND flow = ? AND period = ?", name.values())
    return _period(record) if record else None


def every_period(transaction: Database) -> Iterator[Period]:
    """All periods ever begun."""
    for record in every(transaction, "SELECT * FROM periods ORDER BY agreement_id, flow, period"):
        yield _period(record)


def _period(record: Record) -> Period:
    return Period(
        PeriodName(record["agreement_id"], record["flow"], record["period"]),
        record["matching"], record["agreement"], record["epoch"], record["opened_at"], record["purged_at"],
    )  # fmt: skip


def require_open(transaction: Database, agreement: Agreement, name: PeriodName, epoch: int, now: int) -> Period | None:
    """The period if it has begun. Raises DeniedError when purged, or bound to another matching digest or epoch.

    A period that has not begun cannot begin under an agreement that a newer version replaced.
    """
    policy.require_period_label(agreement, name.period)
    period = find(transaction, name)
    if period is None:
        newer = agreements.newest_in_force(transaction, agreement.id, now)
        if newer is not None and newer.version > agreement.version:
            raise policy.deny("superseded", f"a new period begins under version {newer.version}")
        return None
    if period.purged_at is not None:
        raise policy.deny("period-closed", f"period {name.period} of flow {name.flow} was purged")
    if period.matching != agreement.matching.digest or period.epoch != epoch:
        raise policy.deny(
            "period-mismatch",
            f"period {name.period} of flow {name.flow} is bound to matching digest {period.matching.hex()[:16]} "
            f"and epoch {period.epoch}",
            "Use the agreement version the period began under.",
        )
    return period


def begin(transaction: Database, agreement: Agreement, name: PeriodName, epoch: int) -> None:
    """Bind a period on its first sealed submission; repeated calls change nothing."""
    transaction.execute(
        "INSERT INTO periods VALUES (?, ?, ?, ?, ?, ?, NULL, NULL) ON CONFLICT DO NOTHING",
        [*name.values(), agreement.matching.digest, agreement.digest, epoch],
    )


def open_window(transaction: Database, name: PeriodName, time: int) -> None:
    """The first sealed answering submission opens the window (ms)."""
    transaction.execute(
        "UPDATE periods SET opened_at = ? WHERE agreement_id = ? AND flow = ? AND period = ? AND opened_at IS NULL",
        [time, *name.values()],
    )


def mark_purged(transaction: Database, name: PeriodName, time: int) -> None:
    """Nothing of the period is served from now on (ms)."""
    transaction.execute(
        "UPDATE periods SET purged_at = ? WHERE agreement_id = ? AND flow = ? AND period = ?", [time, *name.values()]
    )
