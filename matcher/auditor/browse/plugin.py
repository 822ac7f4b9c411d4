"""Our pages inside Datasette: overview, findings, trails, entries, alarms; search and language for the access log.

One Page stands for one served home. It reads HOME/page.db and HOME/mirror.db and writes nothing. Left to others:
tables, facets, filters and exports (Datasette), who may connect (guard.py).
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from datasette import hookimpl
from datasette.app import Datasette
from datasette.filters import FilterArguments
from datasette.utils.asgi import NotFound, Request, Response
from jinja2 import Environment
from markupsafe import Markup

from matcher.auditor.browse import queries, searching
from matcher.auditor.browse.proofs import Proofs
from matcher.auditor.browse.schema import ENTRY_COLUMNS, LOGS, PAGE_FILE, read_only
from matcher.auditor.browse.words import words
from matcher.protocol import proof
from matcher.protocol.errors import NotFoundError
from matcher.text import LANGUAGES, language

DATABASE = Path(PAGE_FILE).stem
_COOKIE = "concordat-language"
_YEAR_SECONDS = 366 * 86_400
View = Callable[..., Awaitable[Response]]


class Page:
    """The plugin for the home at ``home``, whose log has the verifier key ``log_key``."""

    # Datasette takes plugins for modules, and lists them by this name.
    __name__ = "matcher.auditor.browse"

    def __init__(self, home: Path, log_key: str) -> None:
        self._path = home / PAGE_FILE
        self._proofs = Proofs(home, log_key)

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        connection = read_only(self._path)
        try:
            yield connection
        finally:
            connection.close()

    @hookimpl
    def register_routes(self) -> list[tuple[str, View]]:
        """Our pages; they come before Datasette's own."""
        return [
            (r"^/$", self._overview),
            (r"^/findings$", self._findings),
            (r"^/finding/(?P<finding>[0-9a-f]{6,64})$", self._trail),
            (r"^/entry/(?P<index>[0-9]{1,15})$", self._entry),
            (r"^/proof/(?P<index>[0-9]{1,15})$", self._proof),
            (r"^/alarms$", self._alarms),
            (r"^/language/(?P<chosen>en|zh)$", _choose_language),
        ]

    @hookimpl
    def prepare_jinja2_environment(self, env: Environment) -> None:
        """The same for Datasette's page of an error, which asks nobody."""
        env.globals.update(self.extra_template_vars(None))

    @hookimpl
    def extra_template_vars(self, request: Request | None) -> dict[str, Any]:
        """What every page shows: words, the search box of the access log, how the log stands."""
        chosen = language_of(request)
        other = LANGUAGES[1 - LANGUAGES.index(chosen)]
        path = request.path if request else "/"
        shown = {name: f"/{DATABASE}/{table}" for name, table in LOGS.items()}
        return {
            "w": words(chosen), "lang": chosen, "other": other, "path": path, "log_url": shown[chosen],
            "find": request.args.get("_find", "") if request else "", "next_path": _translated(path, other),
        }  # fmt: skip

    @hookimpl
    def filters_from_request(self, request: Request, database: str, table: str) -> FilterArguments | None:
        """``?_find=`` on the access log, in either language."""
        wanted = searching.query(request.args.get("_find") or "")
        if database != DATABASE or table not in ENTRY_COLUMNS or not wanted:
            return None
        column = ENTRY_COLUMNS[table]
        return FilterArguments(
            [f'"{column}" IN (SELECT rowid FROM search WHERE search MATCH :find_words)'],  # noqa: S608 - a constant
            params={"find_words": wanted},
            human_descriptions=[f"“{request.args.get('find')}”"],
        )

    @hookimpl
    def render_cell(self, value: Any, column: str, table: str | None) -> Markup | None:
        """An entry's number leads to the entry."""
        if table in ENTRY_COLUMNS and column == ENTRY_COLUMNS[table]:
            return Markup('<a href="/entry/{0}">{0}</a>').format(value)
        return None

    async def _overview(self, datasette: Datasette, request: Request) -> Response:
        with self._database() as connection:
            shown = queries.overview(connection, words(language_of(request)), int(time.time()))
        return await _render(datasette, request, "overview.html", shown)

    async def _findings(self, datasette: Datasette, request: Request) -> Response:
        with self._database() as connection:
            shown = queries.findings(connection, words(language_of(request)), int(time.time()))
        return await _render(datasette, request, "findings.html", {"findings": shown})

    async def _alarms(self, datasette: Datasette, request: Request) -> Response:
        with self._database() as connection:
            shown = queries.alarms(connection)
        return await _render(datasette, request, "alarms.html", shown)

    async def _trail(self, datasette: Datasette, request: Request) -> Response:
        with self._database() as connection:
            finding, acts = queries.trail(connection, request.url_vars["finding"])
        proved = [self._proofs.of(act["idx"]) for act in acts]
        lines = [(act, len(item.proof.hashes)) for act, item in zip(acts, proved, strict=True)]
        status = 200 if finding else 404
        return await _render(datasette, request, "trail.html", {"finding": finding, "lines": lines}, status)

    async def _entry(self, datasette: Datasette, request: Request) -> Response:
        index = int(request.url_vars["index"])
        proved = self._proved(index)
        with self._database() as connection:
            act = connection.execute("SELECT * FROM acts WHERE idx = ?", (index,)).fetchone()
            failures = connection.execute("SELECT * FROM failures WHERE idx = ?", (index,)).fetchall()
            findings = queries.findings_of(connection, index)
        pretty = json.dumps(json.loads(proved.leaf), ensure_ascii=False, indent=2)
        shown = {
            "index": index, "act": act, "failures": failures, "findings": findings, "pretty": pretty,
            "leaf_hash": proved.leaf_hash.hex(), "count": len(proved.proof.hashes),
        }  # fmt: skip
        return await _render(datasette, request, "entry.html", shown)

    async def _proof(self, request: Request) -> Response:
        index = int(request.url_vars["index"])
        headers = {"content-disposition": f'attachment; filename="entry-{index}{proof.SUFFIX}"'}
        return Response.text(proof.render(self._proved(index).proof), headers=headers)

    def _proved(self, index: int) -> Any:
        try:
            return self._proofs.of(index)
        except NotFoundError as error:
            raise NotFound(str(error)) from error


def language_of(request: Request | None) -> str:
    """The language that this reader chose, else the process's."""
    chosen = request.cookies.get(_COOKIE, "") if request else ""
    return chosen if chosen in LANGUAGES else language()


async def _choose_language(request: Request) -> Response:
    path = request.args.get("next") or "/"
    # Only a path of this page: never a way out of it.
    local = path if path.startswith("/") and not path.startswith("//") and "\\" not in path else "/"
    response = Response.redirect(local)
    response.set_cookie(_COOKIE, request.url_vars["chosen"], max_age=_YEAR_SECONDS, path="/", samesite="lax")
    return response


def _translated(path: str, other: str) -> str:
    """Where the other language shows the same: the access log has a table of its own in each."""
    is_log = path.startswith(f"/{DATABASE}/")
    return f"/language/{other}?{urlencode({'next': f'/{DATABASE}/{LOGS[other]}' if is_log else path})}"


async def _render(
    datasette: Datasette, request: Request, template: str, shown: dict[str, Any], status: int = 200
) -> Response:
    return Response.html(await datasette.render_template(template, shown, request=request), status=status)
