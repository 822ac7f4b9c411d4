"""From the verified copy to the tables of the page, entry by entry, where the last build ended; in one transaction."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from matcher.auditor.browse.schema import PAGE_FILE, connect
from matcher.auditor.browse.searching import indexed
from matcher.auditor.browse.usage import Usage
from matcher.auditor.listing import about, act_name
from matcher.auditor.mirror.store import MirrorStore
from matcher.auditor.verify import Report
from matcher.protocol import cases, entries
from matcher.protocol.entries import Entry
from matcher.protocol.findings import run_digest
from matcher.protocol.zone import CHINA
from matcher.text import LANGUAGES, speaking

_STATES = {
    "reveal-requested": "requested", "reveal-approved": "approved", "reveal-refused": "refused",
    "reveal-delivered": "delivered", "reveal-opened": "opened", "reveal-disputed": "disputed",
}  # fmt: skip


def build(home: Path, store: MirrorStore, report: Report, progress: Callable[[int], None] = lambda _: None) -> None:
    """Bring HOME/page.db up to the copy in ``store``, and show what ``report`` found."""
    with closing(connect(home / PAGE_FILE, store.log_key)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        try:
            _build(connection, store, report, progress)
            connection.commit()
        except BaseException:
            connection.rollback()  # does nothing where SQLite has rolled back by itself, as on a full disk
            raise


def _build(connection: sqlite3.Connection, store: MirrorStore, report: Report, progress: Callable[[int], None]) -> None:
    (size,) = connection.execute("SELECT size FROM status").fetchone()
    usage = Usage(connection, report.agreements)
    for index, leaf in enumerate(store.leaves(size), size):
        _add(connection, usage, index, entries.parse(leaf))
        progress(index + 1)
        size = index + 1
    usage.write()
    connection.execute("DELETE FROM failures")
    connection.executemany(
        "INSERT INTO failures VALUES (?, ?, ?)", [(item.number, item.index, item.reason) for item in report.failures]
    )
    shown = {
        "origin": report.origin, "size": report.size, "root": report.root.hex(), "failed": report.failed.total(),
        "witnessed": report.witnessed, "witnesses": report.cosigned,
    }  # fmt: skip
    connection.execute(
        "UPDATE status SET size = ?, verified_at = ?, report = ?", (size, int(time.time()), json.dumps(shown))
    )


def _add(connection: sqlite3.Connection, usage: Usage, index: int, entry: Entry) -> None:
    moment = datetime.fromtimestamp(entry.time / 1000, UTC).astimezone(CHINA)
    message = entry.message
    purpose, case = _reason(connection, entry)
    words = []
    for language in LANGUAGES:
        with speaking(language):
            words += [act_name(entry.type), about(entry)]
    act_en, about_en, act_zh, about_zh = words
    person, recipient = (message.person, message.recipient) if message else ("", "")
    connection.execute(
        "INSERT INTO acts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            index, moment.strftime("%Y-%m-%d %H:%M:%S"), moment.strftime("%Y-%m-%d"), moment.hour, moment.weekday(),
            entry.type, entry.actor, person, recipient, entry.flow, entry.period, purpose, case, act_en, act_zh,
            about_en, about_zh,
        ),
    )  # fmt: skip
    known = (entry.actor, usage.name(entry.actor), person, recipient, usage.name(recipient), entry.flow, entry.period,
             purpose, usage.purpose(purpose), case, *words)  # fmt: skip
    connection.execute("INSERT INTO search (rowid, words) VALUES (?, ?)", (index, indexed(" ".join(known))))
    usage.take(entry, moment)
    _trail(connection, index, entry, moment.strftime("%Y-%m-%d %H:%M:%S"), (purpose, case))


def _reason(connection: sqlite3.Connection, entry: Entry) -> tuple[str, str]:
    """Purpose and case of the request that the entry belongs to."""
    body = entry.body
    if entry.type == "reveal-requested":
        why = (str(body["purpose"]), str(body["case"]))
    else:
        digest = body.get("request") or body.get("delivery", "")
        found = connection.execute("SELECT purpose, case_ref FROM reasons WHERE digest = ?", (digest,)).fetchone()
        why = found or ("", "")
    if entry.type in ("reveal-requested", "reveal-delivered"):
        digest = entry.require_message().digest().hex()
        connection.execute("INSERT OR IGNORE INTO reasons VALUES (?, ?, ?)", (digest, *why))
    return why


def _trail(connection: sqlite3.Connection, index: int, entry: Entry, at: str, why: tuple[str, str]) -> None:
    body = entry.body
    if entry.type == "submission-sealed":
        manifest = entry.require_message().digest().hex()
        connection.execute("INSERT OR IGNORE INTO sealed VALUES (?, ?)", (manifest, index))
    elif entry.type == "match-run":
        _run(connection, index, entry.facts["run"])
    elif entry.type in _STATES:
        found = cases.findings_of(body)
        if entry.type == "reveal-requested":
            message = entry.require_message()
            connection.executemany(
                "INSERT OR REPLACE INTO findings VALUES (?, 'requested', ?, ?, ?, ?, ?, ?, ?)",
                [(item, message.sender, message.recipient, *why, at, index, message.expiry) for item in found],
            )
            before = connection.execute("SELECT idx FROM runs WHERE digest = ?", (body["run"],)).fetchall()
            connection.executemany(
                "INSERT OR IGNORE INTO finding_acts VALUES (?, ?)", [(item, idx) for item in found for (idx,) in before]
            )
        else:
            connection.executemany(
                "UPDATE findings SET state = ? WHERE id = ?", [(_STATES[entry.type], item) for item in found]
            )
        connection.executemany(
            "INSERT OR IGNORE INTO finding_acts VALUES (?, ?)", [(item, index) for item in found]
        )  # fmt: skip


def _run(connection: sqlite3.Connection, index: int, record: dict[str, Any]) -> None:
    """A run's own entry, and those of the submissions it compared."""
    digest = run_digest(record).hex()
    manifests = [manifest for item in record["inputs"] for manifest in item["manifests"]]
    marks = ", ".join("?" * len(manifests))
    inputs = connection.execute(f"SELECT idx FROM sealed WHERE manifest IN ({marks})", manifests)  # noqa: S608
    rows = [(digest, index), *((digest, idx) for (idx,) in inputs.fetchall())]
    connection.executemany("INSERT OR IGNORE INTO runs VALUES (?, ?)", rows)
