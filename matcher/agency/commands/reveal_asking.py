"""``concordat reveal request | collect | show``: the asking side of a reveal."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from matcher.agency.exchange import outgoing
from matcher.agency.files import export
from matcher.agency.reveal import opened
from matcher.agency.reveal.asking import ASKABLE_STATES, Reason, ask, require_reason, require_taken
from matcher.agency.reveal.collect import Collected, Collector, outstanding
from matcher.agency.reveal.findings import OwnFinding, join, own_handles
from matcher.agency.reveal.opened import Opened
from matcher.agency.session import column_labels, flow_of, open_session, require_asking, vault_of
from matcher.protocol.errors import InputError, NotFoundError, VerificationError
from matcher.text import _, language
from matcher.text.terminal import Invocation, emit, progress, table


def register(group: click.Group) -> None:
    """Add the commands to ``group``."""
    for command in (request, collect, show):
        group.add_command(command)


@click.command(help=_("Ask the other side to reveal findings: it is logged before anybody sees anything."))
@click.option("--finding", "findings", multiple=True, help=_("A finding's id, or its beginning; repeatable."))
@click.option("--all", "everything", is_flag=True, help=_("Every finding that can be asked for."))
@click.option("--purpose", required=True, help=_("One of the agreement's purposes."))
@click.option("--case", "case_reference", required=True, help=_("Your own case number: letters, digits, hyphens."))
@click.option("--basis", multiple=True, help=_("One of the agreement's legal bases; repeatable."))
@click.option("--flow", help=_("The flow, where the agreement has several."))
@click.option("--period", required=True, help=_("The period, e.g. 2022-05."))
@click.pass_obj
def request(
    invocation: Invocation, findings: tuple[str, ...], everything: bool, purpose: str, case_reference: str,
    basis: tuple[str, ...], flow: str | None, period: str,
) -> None:  # fmt: skip
    """Ask for reveals."""
    if everything == bool(findings):
        raise InputError("name findings, or say --all", remedy="`concordat findings` lists them.")
    reason = Reason(purpose, case_reference, basis)
    with open_session(invocation, flow) as session:
        home, agreement = session.home, session.agreement
        flow = flow_of(agreement, flow, home.party)
        require_asking(agreement, flow, home.party)
        require_reason(agreement, flow, reason)
        person = home.person(invocation)
        run = session.newest_run(flow, period)
        vault = session.vault(flow, period)
        listed = session.findings(run, flow, period)
        _standing, sent = vault.matched(run.manifests, own_handles(listed, home.party))
        own = list(join(agreement, flow, home.party, listed, sent, language()))
        chosen = own if everything else _named(own, findings)
        askable = [item for item in chosen if item.matched and item.listed.state in ASKABLE_STATES]
        unmatched = sum(not item.matched for item in chosen)
        requests = ask(
            home, agreement, (flow, period), run, askable, vault, reason, person, session.trust.last()
        )  # fmt: skip
        require_taken(home, outgoing.send_waiting(home, session.channel), requests)
    result = {
        "requests": [message.digest().hex() for message in requests],
        "asked": len(askable),
        "nothing_to_reveal": unmatched,
        "already_asked": len(chosen) - len(askable) - unmatched,
    }
    lines = [_("{n} findings asked for, in {m} requests", n=len(askable), m=len(requests))]
    if unmatched:
        lines.append(_("{n} were not found at the other side: there is nothing to reveal", n=unmatched))
    if result["already_asked"]:
        lines.append(_("{n} were asked for before", n=result["already_asked"]))
    emit(invocation, result, lambda console: console.print("\n".join(lines), markup=False))


def _named(own: Sequence[OwnFinding], names: Sequence[str]) -> list[OwnFinding]:
    chosen: dict[bytes, OwnFinding] = {}
    for name in names:
        found = [item for item in own if item.listed.finding_id.hex().startswith(name)]
        if len(found) != 1:
            raise NotFoundError(
                f"{len(found)} findings begin with {name[:64]!r}; one is needed",
                remedy="`concordat findings` lists them.",
            )
        chosen[found[0].listed.finding_id] = found[0]
    return list(chosen.values())


@click.command(help=_("Collect, open and check what the other side has decided and revealed."))
@click.option("--wait", "seconds", type=click.FloatRange(0), default=0, help=_("Wait so long for what is still out."))
@click.pass_obj
def collect(invocation: Invocation, seconds: float) -> None:
    """Collect reveals."""
    with open_session(invocation) as session:
        home = session.home
        collector = Collector(home, session.channel, session.inbox, lambda *where: vault_of(home, *where))
        with progress(_("Opening"), outstanding(home)) as update:
            done = collector.run(seconds, update)
        left = outstanding(home)
        labels = column_labels(session.agreement, language())
    result = {
        "opened": [_as_json(item) for item in (*done.opened, *done.disputed)],
        "approved": done.approved,
        "refused": done.refusals,
        "failed": [{"log_index": index, "code": code} for index, code in done.failed],
        "disputed": len(done.disputed),
        "outstanding": left,
    }
    emit(invocation, result, lambda console: _show_collected(console, done, left, labels))
    if done.failed:
        raise VerificationError(
            f"{len(done.failed)} messages were refused, the first by check {done.failed[0][1]}",
            code=done.failed[0][1],
            remedy="They stand in the log; tell the other side, and an auditor if it repeats.",
        )


def _show_collected(console: Any, done: Collected, left: int, labels: Mapping[str, str]) -> None:
    for kind, items in ((_("Opened"), done.opened), (_("Disputed: no rule holds"), done.disputed)):
        if items:
            console.print(_table(kind, items, labels))
    for reason, number in sorted(done.refusals.items()):
        console.print(_("{n} refused: {reason}", n=number, reason=reason), markup=False)
    console.print(_("{n} opened, {m} still out", n=len(done.opened) + len(done.disputed), m=left), markup=False)


@click.command(help=_("Show what was revealed to this party."))
@click.option("--flow", help=_("The flow, where the agreement has several."))
@click.option("--period", required=True, help=_("The period, e.g. 2022-05."))
@click.option("--format", "kind", type=click.Choice(export.FORMATS), default="table", help=_("How to show them."))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help=_("Write to this file."))
@click.pass_obj
def show(invocation: Invocation, flow: str | None, period: str, kind: str, out: Path | None) -> None:
    """Show opened reveals."""
    with open_session(invocation, flow) as session:
        flow = flow_of(session.agreement, flow, session.home.party)
        items = opened.listed(session.home.vault_path, flow, period)
        labels = column_labels(session.agreement, language())
    headings, rows = _rows(items, labels)
    result = {"flow": flow, "period": period, "opened": [_as_json(item) for item in items]}
    if kind == "table" and out is None:
        title = _("Revealed in {flow} {period}", flow=flow, period=period)
        emit(invocation, result, lambda console: console.print(_table(title, items, labels)))
        return
    data = export.write(out, "json" if kind == "table" else kind, headings, rows, result)
    if out is None:
        sys.stdout.write(data.decode("utf-8-sig"))
        return
    text = _("{n} reveals written to {path}", n=len(items), path=out)
    emit(
        invocation, {**result, "out": str(out)}, lambda console: console.print(text, markup=False, soft_wrap=True)
    )  # fmt: skip


def _as_json(item: Opened) -> dict[str, Any]:
    shown = item.payload()
    return {
        "finding": item.finding_id.hex(),
        "row_id": item.row_id,
        "link_column": item.link_column,
        "answering": item.answering,
        "codes": list(item.codes),
        "confirmed": list(item.confirmed),
        "revealed": dict(shown.columns),
        "row_leaf": shown.leaf.hex(),
        "delivery": item.delivery.hex(),
        "opened_at": item.opened_at,
    }


def _table(title: str, items: Sequence[Opened], labels: Mapping[str, str]) -> Any:
    """A table that fits a terminal: the revealed fields one below the other, the codes each with its verdict."""
    rows = [
        (
            item.row_id,
            item.link_column,
            "\n".join(f"{code} {'✓' if code in item.confirmed else '✗'}" for code in item.codes),
            "\n".join(f"{labels.get(name, name)}: {text}" for name, text in item.payload().columns.items() if text),
        )
        for item in items
    ]
    return table(title, (_("Row"), _("Record"), _("Confirmed"), _("Revealed")), rows)


def _rows(items: Sequence[Opened], labels: Mapping[str, str]) -> tuple[list[str], list[list[object]]]:
    shown = [item.payload().columns for item in items]
    columns = list(dict.fromkeys(name for one in shown for name in one))
    headings = [_("Row"), _("Record"), _("Codes"), _("Confirmed"), *(labels.get(name, name) for name in columns)]
    rows: list[list[object]] = [
        [
            item.row_id, item.link_column, "; ".join(item.codes), "; ".join(item.confirmed) or _("none"),
            *(one.get(name, "") for name in columns),
        ]
        for item, one in zip(items, shown, strict=True)
    ]  # fmt: skip
    return headings, rows
