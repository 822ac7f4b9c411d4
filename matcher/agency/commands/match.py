"""``concordat match`` and ``concordat findings``: compare what both sides sent; see what it means for our rows."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from matcher.agency.exchange.outbox import sign_message
from matcher.agency.files import export
from matcher.agency.reveal.findings import OwnFinding, Summary, join, lines_of, naming_columns, own_handles, summary_of
from matcher.agency.reveal.findings_json import as_json, json_items
from matcher.agency.reveal.runs import VerifiedRun, verify_run
from matcher.agency.session import Session, column_labels, flow_of, open_session, require_asking
from matcher.protocol.errors import StateError, VerificationError
from matcher.text import _, language
from matcher.text.terminal import Invocation, emit, progress, table

if TYPE_CHECKING:
    from rich.console import Console


def register(group: click.Group) -> None:
    """Add the commands to ``group``."""
    group.add_command(match)
    group.add_command(findings)


@click.command(help=_("Compare what both sides have submitted; the findings are listed afterwards."))
@click.option("--flow", help=_("The flow, where the agreement has several."))
@click.option("--period", required=True, help=_("The period, e.g. 2022-05."))
@click.pass_obj
def match(invocation: Invocation, flow: str | None, period: str) -> None:
    """Run a match."""
    with open_session(invocation, flow) as session:
        home, agreement = session.home, session.agreement
        flow = flow_of(agreement, flow, home.party)
        require_asking(agreement, flow, home.party)
        person = home.person(invocation)
        agreement.require_role(home.party, person.id, "prepare")
        own = session.vault(flow, period).manifests()
        if not own:
            raise StateError(
                f"{home.party} has submitted nothing for {flow} {period}", remedy="Run `concordat submit` first."
            )
        sealed = session.channel.list_submissions(agreement.digest, flow, period)
        listed = {item.manifest_digest for item in sealed if item.party == home.party}
        if listed != set(own):
            raise VerificationError(
                f"the service lists {len(listed)} submissions of {home.party}, {len(own)} were sealed",
                remedy="Stop, and tell an auditor: the manifests are in the log.",
            )
        body = {"manifests": sorted(item.manifest_digest.hex() for item in sealed)}
        message = sign_message(
            home, "match", agreement.digest, flow, period, "", body, agreement.message_hours, person
        )  # fmt: skip
        run = _run(session, message, flow, period, own)
        waiting = sorted(set(agreement.flow(flow).parties()) - {item.party for item in sealed})
    result = {
        "flow": flow,
        "period": period,
        "run": run.digest.hex(),
        "log_index": run.index,
        "findings": run.findings,
        "counts": dict(run.counts),
        "not_submitted": waiting,
    }

    def show(console: Console) -> None:
        console.print(table(_("Match of {flow} {period}", flow=flow, period=period), (_("What"), _("Records")), sorted(
            run.counts.items()
        )))  # fmt: skip
        if waiting:
            console.print(
                _("Not submitted yet: {parties}. Records nobody answered are not listed until they have.",
                  parties=", ".join(waiting)), markup=False,
            )  # fmt: skip
        console.print(_("Next: `concordat findings --period {period}`", period=period), markup=False)

    emit(invocation, result, show)


def _run(session: Session, message: Any, flow: str, period: str, own: dict[bytes, int]) -> VerifiedRun:
    info = None
    with progress(_("Matching"), None) as update:
        for step in session.channel.run_match(message):
            update(step.done)
            info = step.run or info
    if info is None:
        raise VerificationError("the service ended the match without a run")
    return verify_run(session.trust, flow, period, session.home.party, own, info)


@click.command(help=_("List the findings of the newest match beside this party's own rows."))
@click.option("--flow", help=_("The flow, where the agreement has several."))
@click.option("--period", required=True, help=_("The period, e.g. 2022-05."))
@click.option("--format", "kind", type=click.Choice(export.FORMATS), default="table", help=_("How to show them."))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help=_("Write to this file."))
@click.pass_obj
def findings(invocation: Invocation, flow: str | None, period: str, kind: str, out: Path | None) -> None:
    """List findings."""
    with open_session(invocation, flow) as session:
        party = session.home.party
        flow = flow_of(session.agreement, flow, party)
        run = session.newest_run(flow, period)
        listed = session.findings(run, flow, period)
        standing, sent = session.vault(flow, period).matched(run.manifests, own_handles(listed, party))
        own = join(session.agreement, flow, party, listed, sent, language())
        names = naming_columns(session.agreement, flow, party)
        labels = column_labels(session.agreement, language())
        summary = summary_of(own, standing)
    result = {
        "flow": flow,
        "period": period,
        "run": run.digest.hex(),
        "log_index": run.index,
        "summary": summary.as_json(),
    }
    if kind == "table" and out is None:
        emit(
            invocation, result, lambda console: _show(console, own, summary, names, flow, period), more="findings",
            items=json_items(own) if invocation.as_json else (),
        )  # fmt: skip
        return
    headings, rows = _rows(own, labels)
    whole = {**result, "findings": [as_json(item, party) for item in own]}
    data = export.write(out, "json" if kind == "table" else kind, headings, rows, whole)
    if out is None:
        sys.stdout.write(data.decode("utf-8-sig"))
        return
    text = _("{n} findings written to {path}", n=len(own), path=out)
    emit(
        invocation, {**whole, "out": str(out)}, lambda console: console.print(text, markup=False, soft_wrap=True)
    )  # fmt: skip


def _rows(findings: Iterable[OwnFinding], labels: Mapping[str, str]) -> tuple[list[str], list[list[object]]]:
    own = list(findings)
    columns = list(dict.fromkeys(name for item in own for name in item.row.columns))
    headings = [
        _("Row"),
        *(labels.get(name, name) for name in columns),
        _("Record"),
        _("Codes"),
        _("Why"),
        _("State"),
        _("Finding"),
    ]
    rows: list[list[object]] = [
        [
            item.row.row_id,
            *(item.row.columns.get(name, "") for name in columns),
            labels.get(item.row.link_column, item.row.link_column),
            "; ".join(item.listed.finding.codes),
            "; ".join(item.texts),
            item.listed.state,
            item.listed.finding_id.hex(),
        ]
        for item in own
    ]
    return headings, rows


def _show(
    console: Console, own: Iterable[OwnFinding], summary: Summary, names: Sequence[str], flow: str, period: str
) -> None:
    rows = [
        (
            row_id,
            " ".join(filter(None, (item.row.columns.get(name) for name in names))),
            item.row.link_column,
            "\n".join(item.texts),
            item.listed.state,
            item.listed.finding_id.hex()[:12],
        )
        for row_id, items in lines_of(own).items()
        for item in items
    ]
    title = _("Findings of {flow} {period}", flow=flow, period=period)
    console.print(table(title, (_("Row"), _("Name"), _("Record"), _("Why"), _("State"), _("Finding")), rows))
    text = _(
        "{lines} lines submitted: {flagged} with findings, {compliant} compliant; {missing} records were not found.",
        lines=summary.lines,
        flagged=summary.flagged_lines,
        compliant=summary.lines - summary.flagged_lines,
        missing=summary.not_found_records,
    )
    console.print(text, markup=False)
