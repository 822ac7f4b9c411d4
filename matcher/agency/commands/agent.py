"""``concordat agent`` and ``concordat group-key``: what runs at an agency so that the others get their answers."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections import Counter
from typing import Any

import click

from matcher.agency.agent import group_key
from matcher.agency.agent.deliveries import DeliveryDesk
from matcher.agency.agent.loop import Agent
from matcher.agency.agent.reveals import RevealDesk
from matcher.agency.exchange import outgoing
from matcher.agency.home import AgencyHome
from matcher.agency.session import Session, open_session, vault_of
from matcher.protocol.agreement.model import Agreement
from matcher.text import _
from matcher.text.terminal import Invocation, emit


def register(group: click.Group) -> None:
    """Add the commands to ``group``."""
    group.add_command(agent)
    keys = click.Group("group-key", help=_("The shared key of a link kind in mode hmac."))
    for command in (create, send, receive):
        keys.add_command(command)
    group.add_command(keys)


@click.command(help=_("Answer evaluations and reveals for this agency, under the agreement's policy, until stopped."))
@click.option("--once", is_flag=True, help=_("Do what is there, then end."))
@click.option("--until-idle", type=click.FloatRange(0), help=_("End when nothing has come for so many seconds."))
@click.pass_obj
def agent(invocation: Invocation, once: bool, until_idle: float | None) -> None:
    """Run the agent."""
    counts: Counter[str] = Counter()

    def report(act: dict[str, Any]) -> None:
        counts[act["act"] + (":refused" if act.get("refused") else "")] += 1
        line = {"time": int(time.time()), **{name: value for name, value in act.items() if value != ""}}
        sys.stderr.write(json.dumps(line) + "\n")
        sys.stderr.flush()

    with open_session(invocation) as session:
        worker = build(session, report)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: worker.stop())
        threshold, witnesses = session.agreement.witness_threshold, len(session.agreement.witnesses)
        witnessed = f"{threshold} of {witnesses} witnesses" if threshold else "UNWITNESSED"
        report({"act": "started", "party": session.home.party, "log": witnessed})
        worker.run(0 if once else until_idle)
    text = _("The agent of {party} has ended.", party=session.home.party)
    emit(invocation, {"acts": dict(counts)}, lambda console: console.print(text, markup=False))


def build(session: Session, report: Any) -> Agent:
    """The agent of a session."""
    home, channel = session.home, session.channel

    def own_rows(agreement: Agreement, flow: str, period: str) -> Any:
        return vault_of(home, agreement, flow, period)

    def own_manifests(agreement: Agreement, flow: str, period: str) -> frozenset[bytes]:
        return frozenset(vault_of(home, agreement, flow, period).manifests())

    reveals = RevealDesk(home, channel, own_rows, own_manifests)
    deliveries = DeliveryDesk(home, channel, session.cards, own_rows)
    return Agent(home, channel, session.inbox, reveals, deliveries, report)


@click.command(help=_("Make the group key of a link kind; its id goes into the matching file before it is signed."))
@click.option("--link", required=True, help=_("The link kind, e.g. account."))
@click.pass_obj
def create(invocation: Invocation, link: str) -> None:
    """Make a group key."""
    home = AgencyHome.of(invocation)
    key_id = group_key.create(home, link).hex()
    text = _("Group key id of {link}: {id}", link=link, id=key_id)
    emit(
        invocation, {"link": link, "group_key_id": key_id},
        lambda console: console.print(text, markup=False, soft_wrap=True),
    )  # fmt: skip


@click.command(help=_("Send the group key to another data party, sealed to its card."))
@click.option("--link", required=True, help=_("The link kind, e.g. account."))
@click.option("--to", "recipient", help=_("The party; without it, all other data parties."))
@click.pass_obj
def send(invocation: Invocation, link: str, recipient: str | None) -> None:
    """Send a group key."""
    with open_session(invocation) as session:
        home, agreement = session.home, session.agreement
        recipients = [recipient] if recipient else [item for item in agreement.data_parties() if item != home.party]
        for party in recipients:
            message, sealed = group_key.seal_for(home, agreement, link, session.cards.card(agreement, party))
            with home.journal.transaction() as connection:
                outgoing.store(connection, message.digest(), "group-key", message, sealed)
        for sent in outgoing.send_waiting(home, session.channel):
            if sent.error is not None:
                raise sent.error
    text = _("Group key of {link} sent to {parties}", link=link, parties=", ".join(recipients))
    emit(
        invocation, {"link": link, "sent_to": recipients}, lambda console: console.print(text, markup=False)
    )  # fmt: skip


@click.command(help=_("Take the group keys that were sent to this party."))
@click.pass_obj
def receive(invocation: Invocation) -> None:
    """Receive group keys."""
    links: list[str] = []
    with open_session(invocation) as session:
        for item in session.channel.receive(["group-key"], 0):
            links.append(group_key.receive(session.home, session.inbox.open(item))["link"])
    text = _("Group keys here: {links}", links=", ".join(links) or _("none"))
    emit(invocation, {"links": links}, lambda console: console.print(text, markup=False))
