"""``concordat audit mirror``: the auditor's own copy of the log, fetched, verified, kept up to date."""

from __future__ import annotations

import signal
import threading
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from matcher.auditor.browse import build
from matcher.auditor.home import AuditorHome
from matcher.auditor.mirror import updating
from matcher.auditor.mirror.store import MirrorStore
from matcher.auditor.verify import Report
from matcher.channel.client import Channel
from matcher.protocol.errors import OverloadedError, UnreachableError
from matcher.text import _
from matcher.text.terminal import Invocation, emit, progress

if TYPE_CHECKING:
    from rich.console import Console


@click.command(help=_("Fetch what is new into your own copy of the log, and verify the whole copy."))
@click.option("--every", type=click.FloatRange(1.0), help=_("Go on every so many seconds, until stopped."))
@click.pass_obj
def mirror(invocation: Invocation, every: float | None) -> None:
    """Fetch and verify, once or until stopped. Raises VerificationError when a check fails."""
    home = AuditorHome.of(invocation)
    stop = threading.Event()
    if every is not None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: stop.set())
    with closing(home.mirror()) as store, home.channel(invocation) as channel:
        while True:
            try:
                fetched, report = _once(home, store, channel)
            except (UnreachableError, OverloadedError):
                if every is None:
                    raise
            else:
                emit(invocation, _as_json(fetched, report), partial(_show, fetched, report))
                report.require_clean()
            if every is None or stop.wait(every):
                return


def _once(home: AuditorHome, store: MirrorStore, channel: Channel) -> tuple[updating.Fetched, Report]:
    key = home.service.log_key
    with progress(_("Entries fetched"), None) as advance:
        fetched = updating.fetch(home.path, channel, store, key, advance)
    with progress(_("Entries verified"), fetched.size) as advance:
        report = updating.verify_copy(home.path, store, key, home.last_seen(key), advance)
    if report.history_holds:
        home.keep_seen(key, report.note)
    with progress(_("Preparing the page"), fetched.size) as advance:
        build.build(home.path, store, report, advance)
    return fetched, report


def _as_json(fetched: updating.Fetched, report: Report) -> dict[str, Any]:
    return {
        "fetched": fetched.size - fetched.before,
        "size": fetched.size,
        "root": report.root.hex(),
        "verified": not report.failed,
        "witnessed": report.witnessed,
        "failed": {str(number): count for number, count in sorted(report.failed.items())},
    }


def _show(fetched: updating.Fetched, report: Report, console: Console) -> None:
    text = _("{new} new entries; {size} in all.", new=f"{fetched.size - fetched.before:,}", size=f"{fetched.size:,}")
    console.print(text, markup=False)
    if not report.failed:
        console.print(_("All of them verify. Look at them with: concordat audit browse"), style="green", markup=False)
