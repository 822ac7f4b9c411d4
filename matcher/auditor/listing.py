"""The log as lines for a person: who did what, when, and for which purpose.

A line is shown only once all entries hash to the signed checkpoint. Whether what they say was allowed is verify.py's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from matcher.auditor.source import LogSource
from matcher.protocol import cases, checkpoint, entries, merkle
from matcher.protocol.entries import Entry
from matcher.protocol.errors import VerificationError
from matcher.text import _

Progress = Callable[[int], None]
_Why = tuple[str, str]
_SHORT = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One entry. ``time`` in ms; ``person`` where one signed; ``purpose`` and ``case`` of the request it belongs to."""

    index: int
    time: int
    party: str
    person: str
    type: str
    flow: str
    period: str
    purpose: str
    case: str
    about: str


def listing(
    source: LogSource, log_key: str, finding: str = "", newest: int = 0, progress: Progress = lambda _: None
) -> list[Line]:
    """The lines of the log: those about ``finding`` (the start of an id, hex) if given, the ``newest`` ones if not 0.

    Raises VerificationError when the entries are malformed or do not hash to the signed checkpoint.
    """
    point = checkpoint.verify(source.checkpoint(), log_key)
    tree = merkle.CompactRange()
    requests: dict[str, _Why] = {}
    lines: deque[Line] = deque(maxlen=newest or None)
    for data in source.entries(point.size):
        entry = entries.parse(data)
        why = _why(entry, requests)
        if _is_about(entry, finding):
            lines.append(_line(tree.size, entry, why))
        tree.append(merkle.leaf_hash(data))
        progress(tree.size)
    if tree.size != point.size or tree.root() != point.root:
        raise VerificationError(
            "the entries do not hash to the signed checkpoint", remedy="Run `concordat audit verify`."
        )  # fmt: skip
    return list(lines)


def _is_about(entry: Entry, finding: str) -> bool:
    if not finding:
        return True
    return any(name.startswith(finding) for name in cases.findings_of(entry.body))


def _why(entry: Entry, known: dict[str, _Why]) -> _Why:
    """Purpose and case of the request that the entry belongs to; ``known``, by message digest, learns from it."""
    body = entry.body
    if entry.type == "reveal-requested":
        why = (body["purpose"], body["case"])
    else:
        why = known.get(body.get("request") or body.get("delivery", ""), ("", ""))
    if entry.type in ("reveal-requested", "reveal-delivered"):
        known[entry.require_message().digest().hex()] = why
    return why


def _line(index: int, entry: Entry, why: _Why) -> Line:
    person = entry.message.person if entry.message else ""
    return Line(
        index, entry.time, entry.actor, person, entry.type, entry.flow, entry.period, *why, about(entry)
    )  # fmt: skip


def about(entry: Entry) -> str:
    """What the entry is about, in a few words: counts and ids."""
    body, facts = entry.body, entry.facts
    match entry.type:
        case "card-admitted" | "key-rotated":
            return _("card {serial}", serial=body["serial"])
        case "agreement-signed":
            return f"{body['agreement']} v{body['version']}"
        case "agreement-in-force":
            return f"{facts['agreement_id']} v{facts['version']}"
        case "group-key-delivered":
            return str(body["link"])
        case "evaluation-requested":
            return _("{count} evaluations of {link}", count=body["count"], link=body["link"])
        case "evaluation-answered":
            return _("{count} evaluations, {total} in all", count=body["count"], total=body["total_epoch"])
        case "evaluation-refused":
            return _("{count} evaluations of {link}", count=body["count"], link=body["link"]) + f", {body['reason']}"
        case "submission-sealed":
            return _("{rows} rows", rows=facts["rows"])
        case "match-run":
            return _(
                "{matched} pairs, {findings} findings",
                matched=facts["run"]["counts"].get("matched", 0), findings=facts["findings"],
            )  # fmt: skip
        case "receipts-issued":
            return _("{count} receipts", count=len(facts["receipts"]))
        case "finding-listed":
            return _("{count} findings", count=facts["count"])
        case "reveal-requested":
            return _("{count} findings", count=len(body["findings"]))
        case "reveal-approved" | "reveal-refused":
            return _("{count} findings", count=len(body["findings"])) + f", {body['reason']}"
        case "reveal-delivered":
            return str(body["finding"][:_SHORT])
        case "reveal-opened":
            holds = _("the rule holds") if body["rule_holds"] else _("no rule holds")
            return f"{body['finding'][:_SHORT]}, {holds}"
        case "reveal-disputed":
            return f"{body['finding'][:_SHORT]}, {body['reason']}"
        case "period-purged":
            return _("{count} segments destroyed", count=facts["segments"])
        case _:
            return f"{facts['rpc']}: {facts['reason']}"


def act_name(name: str) -> str:
    """What an entry of this type says was done."""
    names = {
        "card-admitted": _("card admitted"),
        "key-rotated": _("card renewed"),
        "agreement-signed": _("agreement signed"),
        "agreement-in-force": _("agreement in force"),
        "group-key-delivered": _("group key delivered"),
        "evaluation-requested": _("evaluation requested"),
        "evaluation-answered": _("evaluation answered"),
        "evaluation-refused": _("evaluation refused"),
        "submission-sealed": _("submission sealed"),
        "match-run": _("match run"),
        "receipts-issued": _("receipts issued"),
        "finding-listed": _("findings listed"),
        "reveal-requested": _("reveal requested"),
        "reveal-approved": _("reveal approved"),
        "reveal-refused": _("reveal refused"),
        "reveal-delivered": _("reveal delivered"),
        "reveal-opened": _("reveal opened"),
        "reveal-disputed": _("reveal disputed"),
        "period-purged": _("period purged"),
        "access-denied": _("access denied"),
    }
    return names[name]
