"""A receipt as a person reads it: who learned what by a run, in counts."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from matcher.protocol.receipts import Receipt
from matcher.text import _
from matcher.text.terminal import table


def _kinds() -> dict[str, str]:
    return {
        "rows-asking": _("blinded rows of the asking side"),
        "rows-answering": _("blinded rows of the answering sides"),
        "submissions": _("submissions, with size and time of each"),
        "pairs-joined": _("pairs of rows that joined"),
        "fields-compared": _("blinded fields compared in those pairs"),
        "rows-unanswered": _("asking rows that nobody answered"),
        "rules-fired": _("times that a rule fired"),
        "own-rows-answered": _("own rows that are known at the other side"),
        "own-rows-unanswered": _("own rows that nobody knows"),
        "own-findings": _("own rows that break a rule, with its code"),
        "evaluations-asked": _("evaluations asked of its key so far"),
        "findings-at-most": _("own rows among the findings, at most"),
        "log-entries": _("log entries so far: acts, actors, counts"),
    }


def _title(receipt: Receipt) -> str:
    roles = {
        "service": _("The service learned"),
        "asking": _("{party}, which asks, learned", party=receipt.party),
        "answering": _("{party}, which answers, learned", party=receipt.party),
        "auditor": _("{party}, which audits, learned", party=receipt.party),
    }
    return roles[receipt.role]


def view(receipt: Receipt) -> Table:
    """One receipt as a table: what is declared for the role, and how much of it; then rule codes, where it has them."""
    kinds = _kinds()
    rows: list[tuple[object, ...]] = [(kinds[kind], count) for kind, count in receipt.learned]
    rows += [(_("rule {code}", code=code), count) for code, count in sorted(receipt.codes.items())]
    return table(_title(receipt), (_("What"), _("Number")), rows)


def as_json(receipt: Receipt) -> dict[str, Any]:
    """One receipt for ``--json``."""
    return {
        "party": receipt.party, "role": receipt.role, "run": receipt.run.hex(), "flow": receipt.flow,
        "period": receipt.period, "log_index": receipt.index, "time": receipt.time,
        "learned": dict(receipt.learned), "codes": dict(receipt.codes),
    }  # fmt: skip
