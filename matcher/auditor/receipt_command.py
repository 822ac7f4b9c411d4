"""``concordat audit receipt``: who learned what by a run, made again from the log and compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from matcher.auditor import receipts
from matcher.auditor.home import AuditorHome
from matcher.auditor.source import ServiceSource
from matcher.text import _
from matcher.text.receipt_view import as_json, view
from matcher.text.terminal import Invocation, emit

if TYPE_CHECKING:
    from rich.console import Console


@click.command(help=_("Who learned what by a run: its signed receipts, made again from the log and compared."))
@click.argument("run", metavar="RUN")
@click.pass_obj
def receipt(invocation: Invocation, run: str) -> None:
    """Check and print the receipts of the run whose digest begins with RUN."""
    home = AuditorHome.of(invocation)
    with home.channel(invocation) as channel:
        found = receipts.check(
            ServiceSource(channel), home.service.log_key, run.lower(), lambda digest: channel.receipts(digest).notes
        )

    def show(console: Console) -> None:
        for item in found:
            console.print(view(item))
        console.print(_("Verified: every receipt is signed, stands in the log, and says what the log says."))

    emit(invocation, {"verified": True, "receipts": [as_json(item) for item in found]}, show)
