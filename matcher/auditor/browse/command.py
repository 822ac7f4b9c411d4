"""``concordat audit browse``: the page, served by Datasette on this machine until stopped."""

from __future__ import annotations

import ipaddress
import secrets
import socket
from pathlib import Path
from typing import Any

import click

from matcher.auditor.browse.schema import PAGE_FILE
from matcher.auditor.home import AuditorHome
from matcher.protocol.errors import InputError, StateError
from matcher.text import _
from matcher.text.terminal import Invocation, emit

_TEMPLATES = Path(__file__).parent / "templates"
_SETTINGS = {
    "default_page_size": 50, "max_returned_rows": 5000, "suggest_facets": False, "allow_download": False,
    "sql_time_limit_ms": 10_000, "facet_time_limit_ms": 5_000, "num_sql_threads": 2,
}  # fmt: skip


@click.command(help=_("Show your verified copy of the log in a browser: who saw what, when, why, on whose approval."))
@click.option("--host", default="127.0.0.1", show_default=True, help=_("Another address asks for a token."))
@click.option("--port", default=8001, show_default=True, type=click.IntRange(0, 65535))
@click.option(
    "--ready-file", type=click.Path(path_type=Path), help=_("Write the page's address here once it is served.")
)
@click.pass_obj
def browse(invocation: Invocation, host: str, port: int, ready_file: Path | None) -> None:
    """Serve until stopped. Raises StateError without a copy, InputError for an address that cannot be had."""
    # Datasette and its server take a second to load, and no other command needs them.
    import uvicorn

    home = AuditorHome.of(invocation)
    if not (home.path / PAGE_FILE).is_file():
        raise StateError("this home holds no copy of the log", remedy="Fetch one: `concordat audit mirror`.")
    is_here = _is_loopback(host)
    token = "" if is_here else secrets.token_urlsafe(24)
    listener = _listen(host, port)
    bound = listener.getsockname()[1]
    address = f"http://{f'[{host}]' if ':' in host else host}:{bound}/" + (f"?token={token}" if token else "")
    names = {host, "localhost", "127.0.0.1", "[::1]"} if is_here else {f"[{host}]" if ":" in host else host}
    application = make_application(
        home.path, home.service.log_key, frozenset(f"{name}:{bound}" for name in names), token
    )
    if ready_file is not None:
        ready_file.write_text(address, encoding="utf-8")
    text = _("The page is at {address}  (stop it with Ctrl-C)", address=address)
    emit(invocation, {"address": address}, lambda console: console.print(text, markup=False, soft_wrap=True))
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="on", server_header=False))
    with listener:
        server.run(sockets=[listener])


def make_application(home: Path, log_key: str, hosts: frozenset[str], token: str) -> Any:
    """The ASGI application over one home."""
    from datasette.app import Datasette
    from datasette.plugins import pm

    from matcher.auditor.browse.guard import Guard
    from matcher.auditor.browse.plugin import Page

    if pm.get_plugin("concordat") is not None:
        pm.unregister(name="concordat")
    pm.register(Page(home, log_key), name="concordat")
    site = Datasette([str(home / PAGE_FILE)], template_dir=str(_TEMPLATES), settings=_SETTINGS)
    return Guard(site.app(), hosts, token)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        raise InputError(f"{host} port {port} cannot be listened on", remedy="Choose another --port.") from error
    listener.listen()
    return listener
