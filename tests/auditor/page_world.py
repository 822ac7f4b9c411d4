"""An auditor's home with a verified copy of a log, and its page as an application to ask."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx

from matcher.auditor.browse import build
from matcher.auditor.browse.command import make_application
from matcher.auditor.home import PARTY_FILE, PARTY_FORMAT, SERVICE_FILE, AuditorHome
from matcher.auditor.mirror.reading import keep_agreement
from matcher.auditor.mirror.updating import verify_copy
from tests.auditor.world import LOG_KEY, ORIGIN, World, finding

HOST = "127.0.0.1:8001"


def full_story() -> World:
    """A day with everything in it: a reveal opened, one refused, one waiting, one disputed, an access denied."""
    world = World.good()
    world.request(3)
    world.request(4)
    world.decide("approved", 4)
    world.deliver(4)
    world.dispute(4)
    world.act(
        "access-denied",
        {"rpc": "GetEntries", "reason": "not-an-auditor", "detail": "only an auditor reads the log",
         "certificate": "", "message": ""},
        actor="labour-bureau", agreement=bytes(32), flow="", period="",
    )  # fmt: skip
    return world


def make_home(path: Path, world: World) -> AuditorHome:
    """A home that holds ``world``'s log, verified, with its page built."""
    path.mkdir(exist_ok=True)
    party = {"format": PARTY_FORMAT, "party": "audit-office", "auditor": True}
    service = {"address": "127.0.0.1:1", "origin": ORIGIN, "log_key": LOG_KEY, "tls_certificate": "-"}
    (path / PARTY_FILE).write_text(json.dumps(party))
    (path / SERVICE_FILE).write_text(json.dumps(service))
    home = AuditorHome(path)
    for digest, papers in world.agreement_files.items():
        keep_agreement(path, digest, *papers)
    update(home, world)
    return home


def update(home: AuditorHome, world: World) -> None:
    """Take over what ``world``'s log has more, verify all, build the page."""
    with closing(home.mirror()) as store:
        size = store.head().size
        store.append(size, world.entries[size:], world.checkpoint())
        report = verify_copy(home.path, store, LOG_KEY, None, lambda _done: None)
        build.build(home.path, store, report)


Get = Callable[..., httpx.Response]


def page_of(home: AuditorHome, token: str = "") -> Get:
    """A function that gets a path of the page."""
    application = make_application(home.path, LOG_KEY, frozenset((HOST,)), token)

    def get(path: str, cookies: Mapping[str, str] | None = None, **headers: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(application)
            async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}", cookies=cookies) as client:
                return await client.get(path, headers=headers)

        return asyncio.run(asked())

    return get


FINDINGS = {name: finding(number) for name, number in (("opened", 1), ("refused", 2), ("waiting", 3), ("disputed", 4))}
