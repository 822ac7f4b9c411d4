"""``concordat audit witness``: cosign as the log grows, until stopped; stop loudly when it is not the log it was."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from contextlib import closing
from typing import Any

import click

from matcher.auditor.home import AuditorHome
from matcher.auditor.mirror.follow import HistoryError
from matcher.auditor.witness.witness import Witness
from matcher.protocol.errors import OverloadedError, UnreachableError
from matcher.text import _
from matcher.text.terminal import Invocation, emit

_WAIT_SECONDS = 2
_RETRY_SECONDS = 2.0


@click.command(help=_("Hold every entry of the log and cosign its checkpoints, until stopped."))
@click.option("--once", is_flag=True, help=_("Cosign the newest checkpoint, then end."))
@click.option(
    "--every", type=click.FloatRange(0.1), help=_("Look every so many seconds, not as soon as there is more.")
)
@click.pass_obj
def witness(invocation: Invocation, once: bool, every: float | None) -> None:
    """Run the witness."""
    home = AuditorHome.of(invocation)
    keys = home.keys(invocation)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with (
        closing(home.mirror()) as store,
        home.channel(invocation, keys, lambda: store.head().note) as channel,
    ):
        worker = Witness(
            home.path, home.party, channel, store, home.service.log_key, keys.witness, lambda: int(time.time())
        )
        _report({"act": "started", "party": home.party, "held": store.head().size})
        result = _run(worker, stop, once=once, every=every)
    text = _("The witness of {party} has cosigned {count} checkpoints.", party=home.party, count=result["cosigned"])
    emit(invocation, result, lambda console: console.print(text, markup=False))


def _run(worker: Witness, stop: threading.Event, *, once: bool, every: float | None) -> dict[str, Any]:
    cosigned, size = 0, 0
    while not stop.is_set():
        try:
            done = worker.step(0 if once or every else _WAIT_SECONDS)
        except (UnreachableError, OverloadedError) as error:
            if once:
                raise
            _report({"act": "waiting", "reason": error.code})
            stop.wait(getattr(error, "retry_seconds", _RETRY_SECONDS))
            continue
        except HistoryError as error:
            _report({"act": "refused", "reason": error.code, "detail": str(error)})
            raise
        if done is not None:
            cosigned, size = cosigned + 1, done.size
            _report({"act": "cosigned", "size": done.size})
        if once:
            break
        if every:
            stop.wait(every)
    return {"cosigned": cosigned, "size": size}


def _report(act: dict[str, Any]) -> None:
    sys.stderr.write(json.dumps({"time": int(time.time()), **act}) + "\n")
    sys.stderr.flush()
