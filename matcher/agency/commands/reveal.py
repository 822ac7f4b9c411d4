"""``concordat reveal``: ask for reveals, decide on what is asked of us, collect and show what was revealed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from matcher.agency.agent import decisions, pending, unwitnessed
from matcher.agency.agent.deliveries import DeliveryDesk
from matcher.agency.agent.pending import Pending
from matcher.agency.agent.unwitnessed import Waiting
from matcher.agency.commands import reveal_asking
from matcher.agency.home import AgencyHome
from matcher.agency.reveal.findings import texts_of
from matcher.agency.session import Session, vault_of
from matcher.protocol.errors import InputError, NotFoundError
from matcher.text import _, language
from matcher.text.terminal import Invocation, emit, progress, table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_SECONDS_PER_HOUR = 3600


def register(group: click.Group) -> None:
    """Add the commands to ``group``."""
    reveal = click.Group("reveal", help=_("Ask for reveals, decide on them, collect them."))
    reveal_asking.register(reveal)
    for command in (list_, approve, refuse):
        reveal.add_command(command)
    group.add_command(reveal)


@click.command("list", help=_("What is asked of this party: codes, purpose, case, who asks, and for how long."))
@click.option("--all", "everything", is_flag=True, help=_("Also what is decided already."))
@click.pass_obj
def list_(invocation: Invocation, everything: bool) -> None:
    """List what waits for a decision."""
    home = AgencyHome.of(invocation)
    states = (pending.PENDING, *pending.SETTLED_STATES) if everything else (pending.PENDING,)
    items = pending.listed(home.journal, states)
    now = home.now()
    waiting = unwitnessed.listed(home.journal)
    result = {
        "reveals": [_as_json(home, item, now) for item in items],
        "waiting": [
            {
                "request": item.request.hex(), "request_index": item.index, "kind": item.kind,
                "requester": item.sender, "amount": item.amount, "age_seconds": now - item.asked,
                "reason": item.reason,
            }
            for item in waiting
        ],
    }  # fmt: skip
    rows = [
        (
            item.finding_id.hex()[:12], ", ".join(item.finding.codes), item.purpose, item.case,
            f"{item.person} ({item.requester})", _age(now - item.received), _state(item, now),
        )
        for item in items
    ]  # fmt: skip
    headings = (_("Finding"), _("Codes"), _("Purpose"), _("Case"), _("Asked by"), _("Age"), _("State"))

    def show(console: Console) -> None:
        console.print(table(_("Reveals asked of us"), headings, rows))
        if waiting:
            console.print(_waiting_table(waiting, now))

    emit(invocation, result, show)


def _waiting_table(waiting: Sequence[Waiting], now: int) -> Table:
    """What the agent holds back until witnesses cosign; nothing is decided about it before."""
    kinds = {"evaluation-request": _("evaluations"), "reveal-request": _("findings")}
    headings = (_("Asked by"), _("What"), _("Number"), _("Age"), _("Why it waits"))
    why = _("too few witnesses have cosigned; ask the auditors whether theirs run")
    rows = [(item.sender, kinds[item.kind], item.amount, _age(now - item.asked), why) for item in waiting]
    return table(_("Waiting for witnesses"), headings, rows)


def _as_json(home: AgencyHome, item: Pending, now: int) -> dict[str, Any]:
    agreement = home.agreement(digest=item.agreement)
    return {
        "finding": item.finding_id.hex(),
        "request": item.request.hex(),
        "request_index": item.request_index,
        "codes": list(item.finding.codes),
        "texts": list(texts_of(agreement, item.flow, item.finding.codes, language())),
        "flow": item.flow,
        "period": item.period,
        "requester": item.requester,
        "person": item.person,
        "purpose": item.purpose,
        "case": item.case,
        "basis": list(item.basis),
        "received": item.received,
        "age_seconds": now - item.received,
        "expiry": item.expiry,
        "state": _state(item, now),
        "reason": item.reason,
    }


def _state(item: Pending, now: int) -> str:
    return "expired" if item.state == pending.PENDING and 0 < item.expiry <= now else item.state


def _age(seconds: int) -> str:
    hours, rest = divmod(max(0, seconds), _SECONDS_PER_HOUR)
    return _("{hours} h {minutes} min", hours=hours, minutes=rest // 60)


@click.command(help=_("Approve findings by id (or its beginning), or all that are pending; then seal and send them."))
@click.argument("findings", nargs=-1)
@click.option("--all", "everything", is_flag=True, help=_("All that are pending."))
@click.pass_obj
def approve(invocation: Invocation, findings: tuple[str, ...], everything: bool) -> None:
    """Approve."""
    _decide(invocation, findings, everything, pending.APPROVED, decisions.PERSON_REASON)


@click.command(help=_("Refuse findings by id (or its beginning), or all that are pending, with a reason."))
@click.argument("findings", nargs=-1)
@click.option("--all", "everything", is_flag=True, help=_("All that are pending."))
@click.option("--reason", required=True, help=_("A short code, e.g. wrong-case; it stands in the log."))
@click.pass_obj
def refuse(invocation: Invocation, findings: tuple[str, ...], everything: bool, reason: str) -> None:
    """Refuse."""
    _decide(invocation, findings, everything, pending.REFUSED, decisions.require_reason(reason))


def _decide(
    invocation: Invocation, findings: tuple[str, ...], everything: bool, decision: str, reason: str
) -> None:  # fmt: skip
    home = AgencyHome.of(invocation)
    chosen = _choose(pending.listed(home.journal, (pending.PENDING,)), findings, everything, home.now())
    person = home.person(invocation)
    for digest in dict.fromkeys(item.agreement for item in chosen):
        agreement = home.agreement(digest=digest)
        agreement.require_role(home.party, person.id, "approve")
        of_agreement = [item for item in chosen if item.agreement == digest]
        decisions.decide(home, agreement, of_agreement, decision, reason, person)
    with home.channel() as channel, progress(_("Sending"), len(chosen)) as update:
        session = Session(home, channel, home.agreement(digest=chosen[0].agreement))
        outcome = DeliveryDesk(
            home, channel, session.cards, lambda *where: vault_of(home, *where)
        ).run(update)  # fmt: skip
    refused = {item.refusal: item for item in outcome.sent if item.refusal}
    result = {
        "decision": decision,
        "findings": len(chosen),
        "delivered": sum(item.message.kind == "delivery" and not item.refusal for item in outcome.sent),
        "refused_by_service": sorted(refused),
        "failed": [{"finding": finding.hex(), "code": error.code} for finding, error in outcome.failed],
    }
    text = _("{n} findings {decision}, {sent} delivered", n=len(chosen), decision=_(decision), sent=result["delivered"])
    emit(invocation, result, lambda console: console.print(text, markup=False))
    for item in refused.values():
        if item.error is not None:
            raise item.error
    if outcome.failed:
        raise outcome.failed[0][1]


def _choose(items: list[Pending], findings: tuple[str, ...], everything: bool, now: int) -> list[Pending]:
    """The pending findings named. Raises InputError (nothing or too much named), NotFoundError (not pending)."""
    if everything == bool(findings):
        raise InputError("name findings, or say --all", remedy="`concordat reveal list` shows what is pending.")
    alive = [item for item in items if not 0 < item.expiry <= now]
    chosen = alive if everything else [item for name in findings for item in _named(alive, name)]
    if not chosen:
        raise NotFoundError("nothing is pending", remedy="`concordat reveal list --all` shows everything asked so far.")
    return list({(item.finding_id, item.request): item for item in chosen}.values())


def _named(items: list[Pending], name: str) -> list[Pending]:
    found = [item for item in items if item.finding_id.hex().startswith(name)]
    if len({item.finding_id for item in found}) != 1:
        raise NotFoundError(
            f"{len(found)} pending findings begin with {name[:64]!r}; one is needed",
            remedy="`concordat reveal list` shows what is pending.",
        )
    return found
