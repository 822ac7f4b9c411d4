"""What a command of the exchange works with: the home, a channel, the agreement in force, and trust in its log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import click

from matcher.agency import health
from matcher.agency.exchange.cards import CardBook
from matcher.agency.exchange.inbox import Inbox
from matcher.agency.exchange.trust import LogTrust, trust_of
from matcher.agency.home import AgencyHome
from matcher.agency.reveal.runs import VerifiedRun, verify_run
from matcher.agency.reveal.vault_view import VaultView
from matcher.agency.secrets.source import source_of
from matcher.protocol import contract
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import InputError, NotFoundError, StateError
from matcher.text import _, error_text
from matcher.text.terminal import Invocation

if TYPE_CHECKING:
    from matcher.agency.reveal.listed import ListedFindings
    from matcher.channel.client import Channel


@dataclass
class Session:
    """One command's work with one agreement."""

    home: AgencyHome
    channel: Channel
    agreement: Agreement
    _vaults: dict[tuple[str, str], VaultView] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def trust(self) -> LogTrust:
        """What this home believes of the agreement's log."""
        return trust_of(self.home, self.channel, self.agreement)

    @cached_property
    def cards(self) -> CardBook:
        """Cards of the other parties."""
        return CardBook(self.home, self.channel)

    @cached_property
    def inbox(self) -> Inbox:
        """The checks of received messages."""
        return Inbox(self.home, self.cards, lambda digest: self.home.agreement(digest=digest))

    def vault(self, flow: str, period: str) -> VaultView:
        """Own rows of one flow and period."""
        if (flow, period) not in self._vaults:
            self._vaults[flow, period] = vault_of(self.home, self.agreement, flow, period)
        return self._vaults[flow, period]

    def newest_run(self, flow: str, period: str) -> VerifiedRun:
        """The newest run, verified. Raises NotFoundError when none was made."""
        runs = self.channel.list_runs(self.agreement.digest, flow, period)
        if not runs:
            raise NotFoundError(
                f"no match was run for {flow} {period}", remedy="Run `concordat match` once both sides have submitted."
            )
        own = self.vault(flow, period).manifests()
        return verify_run(self.trust, flow, period, self.home.party, own, runs[-1])

    def findings(self, run: VerifiedRun, flow: str, period: str) -> ListedFindings:
        """The findings of a run that concern this party, verified."""
        from matcher.agency.reveal import listed  # loads numpy, which only who lists findings needs

        place = run, self.agreement, flow, period, self.home.party
        if self.channel.speaks(contract.FINDING_COLUMNS):
            return listed.verify_columns(*place, self.channel.finding_columns(run.digest))
        return listed.verify_findings(*place, self.channel.list_findings(run.digest))


def vault_of(home: AgencyHome, agreement: Agreement, flow: str, period: str) -> VaultView:
    """Own rows of one flow and period."""
    return VaultView(home, agreement, flow, period, source_of(home, agreement, flow))


@contextmanager
def open_session(invocation: Invocation, flow: str | None = None) -> Iterator[Session]:
    """A session on the agreement in force (the one with ``flow``, if given)."""
    home = AgencyHome.of(invocation)
    warn_of_expiry(home, quiet=invocation.as_json)
    agreement = home.agreement(flow)
    with home.channel() as channel:
        greeted = channel.greet()
        if not invocation.as_json:
            _warn(health.clock_line(greeted.moment, greeted.hello.time / 1000))
        yield Session(home, channel, agreement)


def warn_of_expiry(home: AgencyHome, *, quiet: bool) -> None:
    """Say on standard error when a certificate nears its end; `concordat doctor` says it at any time."""
    if quiet:
        return
    for check, certificate, remedy in (
        ("certificate", home.keys.tls_certificate_pem, health.RENEW),
        ("service certificate", home.service.tls_certificate, health.NEW_SERVICE_FILE),
    ):
        line = health.certificate_line(check, certificate, home.now(), remedy)
        if line.level == "WARN":  # one that has expired is refused by name before dialling
            _warn(line)


def _warn(line: health.Line) -> None:
    if line.level != "OK":
        click.echo(f"{_(line.check)}: {error_text(line.text)}. {_(line.remedy)}", err=True)


def flow_of(agreement: Agreement, flow: str | None, party: str) -> str:
    """``flow``, or the agreement's only flow that ``party`` is in. Raises InputError when there are several."""
    if flow is not None:
        agreement.flow(flow).side_of(party)
        return flow
    own = [item.id for item in agreement.matching.flows.values() if party in item.parties()]
    if len(own) != 1:
        raise InputError(f"the agreement has {len(own)} flows of {party}", remedy="Say which: --flow ID.")
    return own[0]


def column_labels(agreement: Agreement, language: str) -> dict[str, str]:
    """What people call the columns, by name: the agreement's first header in Chinese, the column's name in English."""
    if language != "zh":
        return {}
    return {
        column.name: column.headers[0]
        for terms in agreement.terms.values()
        for column in (*terms.asking_columns, *terms.answering_columns)
        if column.headers
    }


def require_asking(agreement: Agreement, flow: str, party: str) -> None:
    """Raise StateError unless ``party`` is the asking side of ``flow``."""
    if agreement.flow(flow).asking != party:
        raise StateError(
            f"{party} answers in flow {flow}: only {agreement.flow(flow).asking} runs matches and asks for reveals"
        )
