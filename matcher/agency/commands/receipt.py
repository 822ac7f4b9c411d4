"""``concordat receipt``: what this party learned by a run, as the service signed it and the log holds it."""

from __future__ import annotations

import click

from matcher.agency.reveal.runs import VerifiedRun
from matcher.agency.session import Session, flow_of, open_session
from matcher.protocol import receipts
from matcher.protocol.errors import VerificationError
from matcher.protocol.receipts import Receipt
from matcher.text import _
from matcher.text.receipt_view import as_json, view
from matcher.text.terminal import Invocation, emit


def register(group: click.Group) -> None:
    """Add the command to ``group``."""
    group.add_command(receipt)


@click.command(help=_("What this party learned by the newest match: the signed receipt, checked against the log."))
@click.option("--flow", help=_("The flow, where the agreement has several."))
@click.option("--period", required=True, help=_("The period, e.g. 2022-05."))
@click.pass_obj
def receipt(invocation: Invocation, flow: str | None, period: str) -> None:
    """Show the receipt."""
    with open_session(invocation, flow) as session:
        flow = flow_of(session.agreement, flow, session.home.party)
        found = own_receipt(session, session.newest_run(flow, period))
    emit(invocation, as_json(found), lambda console: console.print(view(found)))


def own_receipt(session: Session, run: VerifiedRun) -> Receipt:
    """This party's receipt of ``run``. Raises VerificationError unless it is signed, in the log, and of that run."""
    party = session.home.party
    reply = session.channel.receipts(run.digest)
    entry = session.trust.verify_logged(reply.logged)
    signed = reply.notes.get(party, "")
    logged = {item["party"]: item["sha256"] for item in entry.facts.get("receipts", ())}
    if entry.type != "receipts-issued" or entry.facts["run"] != run.digest.hex():
        raise VerificationError("the log entry shown holds no receipts of this run")
    if logged.get(party) != receipts.digest(signed):
        raise VerificationError("the receipt is not the one that the log holds the digest of")
    found = receipts.verify(signed, session.agreement.log_key)
    if (found.party, found.run, found.index) != (party, run.digest, run.index):
        raise VerificationError("the receipt is of another party or run")
    if dict(found.learned).get("own-findings", run.findings) != run.findings:
        raise VerificationError("the receipt counts other findings than the run has")
    return found
