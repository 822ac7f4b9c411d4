"""What the pages show, read from HOME/page.db: plain values, ready for a template."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from matcher.auditor.browse import plot
from matcher.auditor.browse.words import state_word
from matcher.protocol import cases
from matcher.protocol.zone import CHINA

_OPENS, _CLOSES, _SATURDAY = 8, 18, 5
_NEARLY = 0.8
_DAYS = 60
_MOST = 200
_KINDS = {
    "kind_rows": ("submission-sealed", "match-run", "finding-listed", "period-purged"),
    "kind_evaluations": ("group-key-delivered", "evaluation-requested", "evaluation-answered"),
    "kind_reveals": (
        "reveal-requested", "reveal-approved", "reveal-delivered", "reveal-opened",
    ),
    "kind_denied": ("reveal-refused", "reveal-disputed", "evaluation-refused", "access-denied"),
}  # fmt: skip
_OTHER = "kind_other"
_COLOURS = {"kind_rows": "#3d6b99", "kind_evaluations": "#8aa7c4", "kind_reveals": "#d08a28",
            "kind_denied": "#b3372f", _OTHER: "#9a9a90"}  # fmt: skip
_REVEALS = "('reveal-requested', 'reveal-approved', 'reveal-delivered', 'reveal-opened')"
Row = Mapping[str, Any]


def status(connection: sqlite3.Connection) -> dict[str, Any]:
    """How far the copy reaches and what verifying it found."""
    row = connection.execute("SELECT * FROM status").fetchone()
    report = json.loads(row["report"])
    at = datetime.fromtimestamp(row["verified_at"], CHINA).strftime("%Y-%m-%d %H:%M:%S")
    return {**report, "verified_at": at, "held": row["size"]}


def overview(connection: sqlite3.Connection, w: Mapping[str, str], now: int) -> dict[str, Any]:
    """Tiles, plot and tables of the first page. ``now`` in seconds since 1970."""
    count = dict(connection.execute("SELECT type, count(*) FROM acts GROUP BY type").fetchall())
    cases_now = [
        {**row, "state": cases.lapse(row["state"], row["expiry"], now)}
        for row in connection.execute("SELECT * FROM findings")
    ]
    opened = sum(item["state"] in ("opened", "disputed") for item in cases_now)
    waiting = _waiting(cases_now, now)
    return {
        "status": status(connection),
        "tiles": (
            (w["entries"], sum(count.values()), ""),
            (w["reveals"], len(cases_now), ""),
            (w["opened"], opened, ""),
            (w["waiting"], sum(item["count"] for item in waiting), "#waiting"),
            (w["refusals"], count.get("reveal-refused", 0) + count.get("evaluation-refused", 0), "#refusals"),
            (w["denials"], count.get("access-denied", 0), "/alarms"),
        ),
        "plot": _plot(connection, w),
        "legend": [(w[kind], colour) for kind, colour in _COLOURS.items()],
        "by_purpose": connection.execute(
            "SELECT purpose, asking, answering, count(*) AS count, sum(state IN ('opened', 'disputed')) AS opened"
            " FROM findings GROUP BY purpose, asking, answering ORDER BY count DESC"
        ).fetchall(),
        "waiting": waiting,
        "refusals": connection.execute(
            "SELECT * FROM acts WHERE type IN ('reveal-refused', 'evaluation-refused') ORDER BY idx DESC"
        ).fetchmany(_MOST),
        "usage": usage(connection),
    }  # fmt: skip


def _waiting(findings: list[dict[str, Any]], now: int) -> list[dict[str, Any]]:
    """Requests that nobody has decided on, oldest first, with their age."""
    by_request: dict[int, dict[str, Any]] = {}
    for item in findings:
        if item["state"] == "requested":
            line = by_request.setdefault(item["request"], {**item, "count": 0})
            line["count"] += 1
    for line in by_request.values():
        asked = datetime.strptime(line["requested_at"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
        line["hours"] = max(0, int(now - asked.timestamp()) // 3600)
    return [by_request[request] for request in sorted(by_request)]


def _plot(connection: sqlite3.Connection, w: Mapping[str, str]) -> str:
    kind_of = {name: kind for kind, names in _KINDS.items() for name in names}
    counts: dict[tuple[str, str], int] = {}
    for day, name, count in connection.execute("SELECT day, type, count(*) FROM acts GROUP BY day, type"):
        key = (day, kind_of.get(name, _OTHER))
        counts[key] = counts.get(key, 0) + count
    days = sorted({day for day, _kind in counts})[-_DAYS:]
    kinds = [plot.Kind(kind, w[kind], colour) for kind, colour in _COLOURS.items()]
    return plot.stacked(days, kinds, counts, w["by_day"])


def usage(connection: sqlite3.Connection, share: float = 0.0) -> list[dict[str, Any]]:
    """Quotas of which at least ``share`` is used, the fullest first."""
    rows = connection.execute("SELECT * FROM usage ORDER BY CAST(used AS REAL) / max(quota, 1) DESC, party, what")
    lines = [{**row, "share": min(1.0, row["used"] / max(row["quota"], 1))} for row in rows]
    return [line for line in lines if line["share"] >= share]


def alarms(connection: sqlite3.Connection) -> dict[str, Any]:
    """What an auditor should look at first."""
    late = f"hour < {_OPENS:d} OR hour >= {_CLOSES:d} OR weekday >= {_SATURDAY:d}"
    return {
        "status": status(connection),
        "failures": connection.execute("SELECT * FROM failures ORDER BY idx, number LIMIT ?", (_MOST,)).fetchall(),
        "disputes": _acts(connection, "type = 'reveal-disputed'"),
        "denials": _acts(connection, "type = 'access-denied'"),
        "late": _acts(connection, f"type IN {_REVEALS} AND ({late})"),
        "usage": usage(connection, _NEARLY),
    }


def _acts(connection: sqlite3.Connection, where: str) -> list[Row]:
    return connection.execute(f"SELECT * FROM acts WHERE {where} ORDER BY idx DESC LIMIT {_MOST:d}").fetchall()  # noqa: S608


def findings(connection: sqlite3.Connection, w: Mapping[str, str], now: int) -> list[dict[str, Any]]:
    """Every finding that was asked for, the newest first."""
    rows = connection.execute("SELECT * FROM findings ORDER BY request DESC, id LIMIT ?", (_MOST * 10,))
    return [{**row, "state_word": state_word(w, cases.lapse(row["state"], row["expiry"], now))} for row in rows]


def trail(connection: sqlite3.Connection, start: str) -> tuple[str, list[Row]]:
    """(finding id, its entries in order) of the one finding whose id begins with ``start``; ("", []) if not one."""
    found = connection.execute(
        "SELECT id FROM findings WHERE substr(id, 1, ?) = ? LIMIT 2", (len(start), start)
    ).fetchall()  # fmt: skip
    if len(found) != 1:
        return "", []
    rows = connection.execute(
        "SELECT acts.* FROM finding_acts JOIN acts USING (idx) WHERE finding = ? ORDER BY idx", (found[0]["id"],)
    ).fetchall()
    return found[0]["id"], rows


def findings_of(connection: sqlite3.Connection, index: int) -> list[str]:
    """Findings whose trail an entry belongs to."""
    rows = connection.execute("SELECT finding FROM finding_acts WHERE idx = ? LIMIT ?", (index, _MOST))
    return [row["finding"] for row in rows]
