"""The operator's commands: init, admit, serve, purge, status. What they do is in app.py and the acts."""

from __future__ import annotations

import ipaddress
import json
import os
import resource
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keys import passphrase
from keys.expiry import expiry
from keys.service import ServiceKeys
from matcher.protocol import canonical, messages
from matcher.protocol.errors import InputError, StateError, VerificationError
from matcher.service import app, journal, overview, segments_command, transport_log, upkeep
from matcher.service import purge as purging
from matcher.service.acts import directory
from matcher.service.metrics import Metrics
from matcher.service.store.periods import PeriodName
from matcher.service.transport_log import TransportLog
from matcher.service.upkeep import home_of
from matcher.text import _
from matcher.text.terminal import Invocation, emit, table

if TYPE_CHECKING:
    from rich.console import Console

_MAX_CARD_BYTES = 1 << 20
_HOUSEKEEPING_SECONDS = 300.0
_SILENT = ("ERROR", "NONE")  # levels of gRPC's core that do not say why a handshake was ended


def register(group: click.Group) -> None:
    """Add the commands to ``group``."""
    for command in (init, admit, serve, purge, status):
        group.add_command(command)
    upkeep.register(group)
    segments_command.register(group)


@contextmanager
def _opened(invocation: Invocation) -> Iterator[tuple[app.Storage, ServiceKeys]]:
    home = home_of(invocation)
    home.require()
    keys = ServiceKeys.open(home.keys, passphrase.of_party(invocation.passphrase_file))
    _say_expiry(keys)
    with app.opened(home, keys, app.system_clock) as storage:
        yield storage, keys


def _say_expiry(keys: ServiceKeys) -> None:
    left = expiry(keys.tls_certificate_pem, app.system_clock() // 1000)
    if left.limit:
        click.echo(
            _("The service's certificate is good for {n} more days. Run `concordat-server renew-tls`.", n=left.days),
            err=True,
        )


@click.command(help=_("Make a new service: keys, an empty signed log, and service.json to hand to the parties."))
@click.option("--origin", required=True, help=_("Name of the log, e.g. log.example.gov.cn/daxing."))
@click.pass_obj
def init(invocation: Invocation, origin: str) -> None:
    """Make a new service."""
    home = home_of(invocation)
    public = app.create(home, passphrase.new_of_party(invocation.passphrase_file), origin, app.system_clock)

    def show(console: Console) -> None:
        console.print(_("The service is ready. Hand this file to the parties:"), str(home.public_file))
        console.print(_("Log origin:"), public.origin, markup=False)
        console.print(_("Log key:"), public.log_key, markup=False)

    emit(invocation, {"origin": public.origin, "log_key": public.log_key, "file": str(home.public_file)}, show)


@click.command(help=_("Admit a party by its card, or take a renewed card. Works while the service runs."))
@click.argument("card", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def admit(invocation: Invocation, card: Path) -> None:
    """Admit a party."""
    try:
        data = card.read_bytes()
        if len(data) > _MAX_CARD_BYTES:
            raise InputError(f"{card.name} is too large for a card")
        message = messages.from_json(json.loads(data))
    except (ValueError, RecursionError, VerificationError) as error:
        raise InputError(
            f"{card.name} is no card", remedy="Ask the party for the output of `concordat card`."
        ) from error
    with _opened(invocation) as (storage, _keys):
        admitted = directory.admit(storage.database, storage.log, message, app.system_clock)

    def show(console: Console) -> None:
        console.print(_("Admitted {party}, card {serial}.", party=admitted.party, serial=admitted.serial))
        console.print(_("Check its root with the party itself: {root}", root=admitted.root.hex()))

    emit(
        invocation,
        {"party": admitted.party, "serial": admitted.serial, "root": canonical.b64(admitted.root)},
        show,
    )


@click.command(help=_("Serve. JSON log lines go to standard error; SIGTERM stops gracefully."))
@click.option("--listen", default="127.0.0.1:7461", show_default=True, help=_("Address; port 0 takes a free one."))
@click.option("--allow-network", is_flag=True, help=_("Permit an address that other machines can reach."))
@click.option("--ready-file", type=click.Path(path_type=Path), help=_("Write the bound address here once serving."))
@click.option("--metrics-port", type=click.IntRange(1, 65535), help=_("Prometheus metrics on this loopback port."))
@click.pass_obj
def serve(
    invocation: Invocation, listen: str, allow_network: bool, ready_file: Path | None, metrics_port: int | None
) -> None:  # fmt: skip
    """Serve until SIGTERM or SIGINT."""
    _require_loopback(listen, allow_network=allow_network)
    _raise_file_limit()
    home = home_of(invocation)
    home.require()
    with transport_log.taken(home.transport_log) as transport:
        journal.start()
        if os.environ.get("GRPC_VERBOSITY", "").upper() in _SILENT:
            journal.warning("handshakes-unwatched", reason="GRPC_VERBOSITY keeps back what TLS refuses")
        _serve(invocation, listen, ready_file, metrics_port, transport)


def _serve(
    invocation: Invocation, listen: str, ready_file: Path | None, metrics_port: int | None, transport: TransportLog
) -> None:
    metrics = Metrics()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    with _opened(invocation) as (storage, keys):
        if metrics_port is not None:
            metrics.serve(metrics_port)
        app.require_certificate(keys, app.system_clock)
        with app.serving(storage, keys, listen, metrics, app.system_clock, transport.lines) as server:
            if ready_file is not None:
                _write_ready(ready_file, server.address)
            while not stop.wait(_HOUSEKEEPING_SECONDS):
                app.keep_house(storage, keys, app.system_clock)


def _raise_file_limit() -> None:
    """Take as many file descriptors as this user may have: idle connections use them up."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _write_ready(path: Path, address: str) -> None:
    aside = path.with_name(f"{path.name}.{os.getpid()}.aside")
    aside.write_text(address + "\n", encoding="utf-8")
    aside.replace(path)


def _require_loopback(listen: str, *, allow_network: bool) -> None:
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise click.UsageError(_("--listen takes HOST:PORT."))
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback and not allow_network:
        raise click.UsageError(
            _("{host} can be reached by other machines; add --allow-network if that is meant.", host=host)
        )


@click.command(help=_("Destroy a period's wrapping key and segments. Works while the service runs."))
@click.option("--agreement", "agreement_id", help=_("Agreement id."))
@click.option("--flow", help=_("Flow id."))
@click.option("--period", help=_("Period label."))
@click.option("--due", "all_due", is_flag=True, help=_("Purge every period whose retention is over."))
@click.option("--early", is_flag=True, help=_("Purge the named period before its retention is over."))
@click.pass_obj
def purge(
    invocation: Invocation, agreement_id: str | None, flow: str | None, period: str | None, all_due: bool, early: bool
) -> None:
    """Purge one named period, or all that are due."""
    named = agreement_id and flow and period
    if bool(named) == all_due or (all_due and early):
        raise click.UsageError(_("Name --agreement, --flow and --period, or give --due."))
    with _opened(invocation) as (storage, _keys):
        names = (
            purging.due(storage.database, app.system_clock())
            if all_due
            else [PeriodName(agreement_id or "", flow or "", period or "")]
        )
        result: list[dict[str, Any]] = []
        for name in names:
            segments = purging.purge(
                storage.database, storage.log, storage.home, storage.period_keys, name, app.system_clock, early=early
            )
            result.append(
                {"agreement": name.agreement_id, "flow": name.flow, "period": name.period, "segments": segments}
            )
    headings = [_("Agreement"), _("Flow"), _("Period"), _("Segments destroyed")]
    emit(
        invocation, {"purged": result},
        lambda console: console.print(table("", headings, [list(item.values()) for item in result])),
    )  # fmt: skip


@click.command(help=_("What the service holds: parties, agreements, periods, log size. Counts only."))
@click.pass_obj
def status(invocation: Invocation) -> None:
    """Show counts; needs no passphrase."""
    home = home_of(invocation)
    home.require()
    if not home.control.exists():
        raise StateError(f"{home.path} has no control database")
    result = overview.gather(home)
    emit(invocation, result, lambda console: overview.show(console, result))
