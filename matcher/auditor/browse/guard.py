"""Who may open the page: this machine, or whoever has the token; and what a browser may load for it: nothing else.

The Host header is checked, or a page elsewhere could have the reader's browser ask this one under a name of its own.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

from matcher.auditor.browse.words import WORDS

Application = Callable[[Any, Any, Any], Awaitable[None]]
COOKIE = "concordat-token"
_HEADERS = (
    (b"content-security-policy", b"default-src 'none'; style-src 'self'; script-src 'self'; "
     b"img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)  # fmt: skip


class Guard:
    """Wraps ``application``. ``hosts`` are the names it answers to; an empty ``token`` asks for none."""

    def __init__(self, application: Application, hosts: frozenset[str], token: str) -> None:
        self._application = application
        self._hosts = hosts
        self._token = token

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        headers = dict(scope["headers"])
        if headers.get(b"host", b"").decode("latin-1").lower() not in self._hosts:
            await _refuse(send, 421, "")
            return
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        is_shown = bool(self._token) and hmac.compare_digest(given.encode(), self._token.encode())
        if self._token and not is_shown and not self._has_cookie(headers.get(b"cookie", b"").decode("latin-1")):
            await _refuse(send, 403, "\n".join(WORDS["token_needed"]))
            return

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                more = list(_HEADERS)
                if is_shown:
                    cookie = f"{COOKIE}={self._token}; Path=/; HttpOnly; SameSite=Strict"
                    more.append((b"set-cookie", cookie.encode()))
                kept = [item for item in message.get("headers", []) if item[0].lower() != b"cache-control"]
                message = {**message, "headers": [*kept, *more]}
            await send(message)

        await self._application(scope, receive, guarded)

    def _has_cookie(self, header: str) -> bool:
        try:
            cookie = SimpleCookie(header).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(cookie.value.encode(), self._token.encode())


async def _refuse(send: Any, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *_HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})
