"""An agreement as a person reads it, and as ``--json`` gives it. Everything shown comes from the signed bytes."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from matcher.agency.agreements.known import Stored
from matcher.protocol.agreement.model import Agreement, Condition, Flow, Rule, Side
from matcher.protocol.errors import AgreementError
from matcher.protocol.zone import CHINA_SECONDS
from matcher.text import _, language
from matcher.text.terminal import table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table


def digests(agreement: Agreement) -> dict[str, Any]:
    """Names of an agreement: id, version, both digests."""
    return {
        "agreement": agreement.id,
        "version": agreement.version,
        "digest": agreement.digest.hex(),
        "matching": agreement.matching.digest.hex(),
    }


def state(stored: Stored, now: int) -> dict[str, Any]:
    """Names of an agreement, and how far its signing is. ``now`` in seconds since 1970."""
    return {
        **digests(stored.agreement),
        "signed": sorted(stored.signatures),
        "missing": list(stored.missing),
        "in_force": not stored.missing and _term_includes(stored.agreement, now),
    }


def as_json(agreement: Agreement) -> dict[str, Any]:
    """The agreement's main clauses."""
    return {
        **digests(agreement),
        "title": agreement.title,
        "valid_from": _day(agreement.valid_from),
        "valid_until": _day(agreement.valid_until),
        "parties": {
            party.id: {
                "name": party.name,
                "kind": party.kind,
                "root": party.root.hex(),
                "people": {person: sorted(roles) for person, roles in party.people.items()},
            }
            for party in agreement.parties.values()
        },
        "links": {
            link.kind: {"mode": link.mode, "holder": link.holder, "epoch": link.epoch}
            for link in agreement.matching.links.values()
        },
        "flows": {
            flow.id: {
                "asking": flow.asking,
                "answering": list(flow.answering),
                "fields": {field.name: field.comparator for field in flow.fields},
                "codes": sorted({rule.code for rule in flow.rules}),
                "reveal": list(agreement.terms[flow.id].reveal),
                "purposes": dict(agreement.terms[flow.id].purposes),
                "legal_basis": dict(agreement.terms[flow.id].legal_basis_texts),
                "automatic_approval": sorted(agreement.terms[flow.id].automatic),
            }
            for flow in agreement.matching.flows.values()
        },
        "witnesses": len(agreement.witnesses),
        "witness_threshold": agreement.witness_threshold,
        "log": agreement.log_origin,
    }


def heading(agreement: Agreement) -> list[str]:
    """Title and names, one a line."""
    return [
        agreement.title,
        _("Agreement {id}, version {version}", id=agreement.id, version=agreement.version),
        _("In force from {first} to {last}", first=_day(agreement.valid_from), last=_day(agreement.valid_until)),
        _("Agreement digest: {digest}", digest=agreement.digest.hex()),
        _("Matching digest: {digest}", digest=agreement.matching.digest.hex()),
    ]


def signing(stored: Stored) -> list[str]:
    """Who has signed, and who has not."""
    lines = [_("Signed by: {parties}", parties=", ".join(sorted(stored.signatures)) or _("nobody yet"))]
    if stored.missing:
        lines.append(_("Still missing: {parties}", parties=", ".join(stored.missing)))
    else:
        lines.append(_("Every data party has signed."))
    return lines


def listing(every: Sequence[Stored], now: int) -> Table:
    """All agreements kept here."""
    headings = (_("agreement"), _("version"), _("digest"), _("signed by"), _("in force"))
    rows = [
        (
            item.agreement.id, str(item.agreement.version), item.agreement.digest.hex()[:16],
            ", ".join(sorted(item.signatures)), _("yes") if state(item, now)["in_force"] else _("no"),
        )
        for item in every
    ]  # fmt: skip
    return table(_("Agreements kept here"), headings, rows)


def show(console: Console, agreement: Agreement, stored: Stored | None) -> None:
    """Print the agreement clause by clause."""
    lines = heading(agreement) + (signing(stored) if stored is not None else [])
    console.print("\n".join(lines), markup=False, soft_wrap=True)
    people = [
        (
            f"{party.name} ({party.id})", _(party.kind),
            "\n".join(f"{person}: {_roles(roles)}" for person, roles in party.people.items()),
            party.root.hex()[:16],
        )
        for party in agreement.parties.values()
    ]  # fmt: skip
    console.print(table(_("Parties"), (_("party"), _("kind"), _("people"), _("signing root")), people))
    for flow in agreement.matching.flows.values():
        _show_flow(console, agreement, flow)
    _show_limits(console, agreement)


def _roles(roles: Collection[str]) -> str:
    return ", ".join(_(role) for role in sorted(roles))


def _show_flow(console: Console, agreement: Agreement, flow: Flow) -> None:
    terms = agreement.terms[flow.id]
    link = agreement.matching.links[flow.link]
    facts = [
        (_("Asking"), flow.asking),
        (_("Answering"), ", ".join(flow.answering)),
        (_("Joined on"), f"{flow.link} ({link.normaliser})"),
        (_("Mode"), link.mode),
        (_("Key held by"), _("{holder}, epoch {epoch}", holder=link.holder, epoch=link.epoch)),
        (_("Compared"), "\n".join(_compared(agreement, flow))),
        (_("Revealed of a found record"), ", ".join(terms.reveal)),
        (_("Approved automatically"), ", ".join(sorted(terms.automatic)) or _("nothing")),
        (_("Purposes"), "\n".join(f"{name}: {text}" for name, text in terms.purposes.items())),
        (_("Legal basis"), "\n".join(f"{name}: {text}" for name, text in terms.legal_basis_texts.items())),
    ]  # fmt: skip
    console.print(table(_("Comparison {flow}", flow=flow.id), (_("clause"), _("content")), facts))
    rules = [(rule.code, rule.text[language()], _condition_text(rule)) for rule in flow.rules]
    console.print(table(_("Rules of {flow}", flow=flow.id), (_("code"), _("found when"), _("as integers")), rules))


def _compared(agreement: Agreement, flow: Flow) -> list[str]:
    """Each field with the columns that feed it: which column of one side meets which of the other."""
    terms = agreement.terms[flow.id]
    sides: tuple[Side, Side] = ("asking", "answering")
    lines = []
    for field in flow.fields:
        columns = []
        for side in sides:
            feeding = next((column for column in terms.columns(side) if column.feeds == field.name), None)
            columns.append((feeding.headers or (feeding.name,))[0] if feeding is not None else "-")
        lines.append(f"{field.name}: {' / '.join(columns)} ({field.comparator})")
    return lines


def _condition_text(rule: Rule) -> str:
    return _(rule.fact) if not rule.conditions else "\n".join(map(_one_condition, rule.conditions))


def _one_condition(condition: Condition) -> str:
    value = " | ".join(condition.values) if condition.values else str(condition.bound)
    text = f"{condition.field} {condition.test} {value}"
    if "unknown" in condition.values:
        return text
    return f"{text} ({_('unknown fires') if condition.unknown else _('unknown passes')})"


def _show_limits(console: Console, agreement: Agreement) -> None:
    names = ("rows", "submissions", "runs", "evaluations_epoch", "evaluations_month", "reveals_month")
    rows = [(party, *(getattr(quota, name) for name in names)) for party, quota in agreement.quotas.items()]
    headings = (
        _("party"), _("rows"), _("submissions"), _("runs"), _("evaluations per epoch"), _("evaluations per month"),
        _("reveals per month"),
    )  # fmt: skip
    console.print(table(_("Quotas"), headings, rows))
    period = _(agreement.period_pattern)
    lines = [
        _("Period: {period}; open {days} days after its end", period=period, days=agreement.window_days),
        _("Kept for {days} days, then purged", days=agreement.retention_days),
        _("Log: {origin}", origin=agreement.log_origin),
        _("Witnesses: {threshold} of {count}", threshold=agreement.witness_threshold, count=len(agreement.witnesses)),
    ]  # fmt: skip
    console.print("\n".join(lines), markup=False, soft_wrap=True)


def _term_includes(agreement: Agreement, now: int) -> bool:
    try:
        agreement.require_in_force(now)
    except AgreementError:
        return False
    return True


def _day(seconds: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds + CHINA_SECONDS))
