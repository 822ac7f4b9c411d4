"""Log entries: canonical JSON, one for every act that changes state or shows data (design section 4, "Audit log").

    {"actor":"labour-bureau","agreement":"5f..","facts":{"rows":386},"flow":"account-check",
     "message":{"kind":"manifest",..},"period":"2022-05","time":1654041600000,"type":"submission-sealed","v":1}

``parse`` takes no entry that it does not fully understand: every field, the message's body and every fact are checked
against tables, and the entry's headers must be those of the message. The bytes are the leaf of the log's tree.

Left to others: signatures and what the acts mean together (auditor/), appending and signing (service).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from types import MappingProxyType
from typing import Any, NamedTuple

from matcher.protocol import bodies, canonical, messages
from matcher.protocol.checks import is_count, is_id, is_period, optional
from matcher.protocol.entry_types import ENTRY_TYPES, EntryType, Scope, type_of
from matcher.protocol.errors import VerificationError
from matcher.protocol.messages import NO_AGREEMENT, SignedMessage
from matcher.protocol.tiles import MAX_ENTRY_BYTES

VERSION = 1
_FIELDS = frozenset(("v", "type", "time", "actor", "agreement", "flow", "period", "message", "facts"))
# By scope: whether agreement, flow and period are named.
_ANY = frozenset(product((False, True), repeat=3))
_NAMED: Mapping[Scope, frozenset[tuple[bool, ...]]] = {
    "none": frozenset({(False, False, False)}),
    "agreement": frozenset(named for named in _ANY if named[0]),
    "period": frozenset({(True, True, True)}),
    "any": _ANY,
}
_is_optional_id = optional(is_id)
_is_optional_period = optional(is_period)


class Entry(NamedTuple):
    """One entry. ``time`` in ms since 1970 by the service's clock; ``agreement`` 32 bytes, zero where there is none.

    ``body`` is the message's body as a value, empty where there is no message.
    """

    type: str
    time: int
    actor: str
    agreement: bytes
    flow: str
    period: str
    message: SignedMessage | None
    facts: Mapping[str, Any]
    body: Mapping[str, Any] = MappingProxyType({})

    def require_message(self) -> SignedMessage:
        """The message. Raises VerificationError for an entry of a type without one."""
        if self.message is None:
            raise VerificationError(f"entry {self.type}: there is no message")
        return self.message


def for_message(time: int, message: SignedMessage, facts: canonical.Json | None = None, name: str = "") -> bytes:
    """The entry of a message; the type follows from the message unless ``name`` says otherwise.

    Raises VerificationError when the message's body or the facts do not have their form.
    """
    body = message.content()
    bodies.check(message.kind, body)
    return encode(
        Entry(
            name or type_of(message.kind, body), time, message.sender, message.agreement, message.flow,
            message.period, message, facts or {},
        )
    )  # fmt: skip


def without_message(
    name: str, time: int, facts: canonical.Json, *, actor: str = "", agreement: bytes = NO_AGREEMENT, flow: str = "",
    period: str = "",
) -> bytes:  # fmt: skip
    """The entry of an act that no message asked for. Raises VerificationError when a field does not have its form."""
    return encode(Entry(name, time, actor, agreement, flow, period, None, facts))


def encode(entry: Entry) -> bytes:
    """The entry's bytes. Raises VerificationError for whatever ``parse`` would refuse."""
    data = canonical.encode(
        {
            "v": VERSION,
            "type": entry.type,
            "time": entry.time,
            "actor": entry.actor,
            "agreement": "" if entry.agreement == NO_AGREEMENT else entry.agreement.hex(),
            "flow": entry.flow,
            "period": entry.period,
            "message": messages.to_json(entry.message) if entry.message else None,
            "facts": entry.facts,
        }
    )
    parse(data)
    return data


def parse(data: bytes) -> Entry:
    """The entry in ``data``. Raises VerificationError for any other spelling, or a field that does not fit its type."""
    if len(data) > MAX_ENTRY_BYTES:
        raise VerificationError(f"entry: longer than {MAX_ENTRY_BYTES} bytes")
    value = canonical.decode(data)
    if value.keys() != _FIELDS or not is_count(value["v"]) or value["v"] != VERSION:
        raise VerificationError("entry: a field is missing or unknown, or another version")
    name = value["type"]
    if not isinstance(name, str) or name not in ENTRY_TYPES:
        raise VerificationError("entry: the type is not known")
    if not is_count(value["time"]):
        raise VerificationError(f"entry {name}: the time is no number")
    entry_type = ENTRY_TYPES[name]
    message, body = _message(name, entry_type, value["message"])
    entry = Entry(
        name, value["time"], value["actor"], _agreement(value["agreement"]), value["flow"], value["period"], message,
        value["facts"], body,
    )  # fmt: skip
    _check_facts(entry, entry_type)
    _check_headers(entry)
    return entry


def _agreement(value: Any) -> bytes:
    if not isinstance(value, str):
        raise VerificationError("entry: the agreement is no text")
    return _agreement_digest(value)


@lru_cache(maxsize=256)
def _agreement_digest(value: str) -> bytes:
    """Of a log's entries nearly all name the same few agreements."""
    if value == "":
        return NO_AGREEMENT
    digest = canonical.unhex(value, 32)
    if digest == NO_AGREEMENT:
        raise VerificationError("entry: no agreement is written as an empty string")
    return digest


def _message(name: str, entry_type: EntryType, value: Any) -> tuple[SignedMessage | None, canonical.Json]:
    if entry_type.kind == "":
        if value is not None:
            raise VerificationError(f"entry {name}: it carries no message")
        return None, {}
    message = messages.from_json(value, canonical.encode_decoded)
    if message.kind != entry_type.kind:
        raise VerificationError(f"entry {name}: it carries a message of kind {entry_type.kind!r} only")
    if not is_id(message.sender) or not _is_optional_id(message.recipient) or not _is_optional_id(message.person):
        raise VerificationError(f"entry {name}: sender, recipient or person of the message is malformed")
    body = value["body"]
    if not isinstance(body, dict):
        raise VerificationError(f"entry {name}: the message's body is no object")
    bodies.check(message.kind, body)
    return message, body


def _check_facts(entry: Entry, entry_type: EntryType) -> None:
    facts = entry.facts
    if not isinstance(facts, dict) or facts.keys() != entry_type.facts.keys():
        raise VerificationError(f"entry {entry.type}: facts are missing or unknown")
    for name, is_valid in entry_type.facts.items():
        if not is_valid(facts[name]):
            raise VerificationError(f"entry {entry.type}: fact {name} is malformed")
    if entry.message is not None and not entry_type.agrees(entry.body, facts):
        raise VerificationError(f"entry {entry.type}: message and facts do not fit together")
    run = facts.get("run")
    if isinstance(run, dict) and (run["agreement"], run["flow"], run["period"]) != (
        entry.agreement.hex(), entry.flow, entry.period,
    ):  # fmt: skip
        raise VerificationError(f"entry {entry.type}: the run is of another agreement, flow or period")


def _check_headers(entry: Entry) -> None:
    if not (isinstance(entry.actor, str) and isinstance(entry.flow, str) and isinstance(entry.period, str)):
        raise VerificationError(f"entry {entry.type}: actor, flow or period is no text")
    _require_headers(entry.type, entry.actor, entry.agreement != NO_AGREEMENT, entry.flow, entry.period)
    message = entry.message
    if message is not None and (entry.actor, entry.agreement, entry.flow, entry.period) != (
        message.sender, message.agreement, message.flow, message.period,
    ):  # fmt: skip
        raise VerificationError(f"entry {entry.type}: actor, agreement, flow or period is not the message's")


@lru_cache(maxsize=4096)
def _require_headers(name: str, actor: str, has_agreement: bool, flow: str, period: str) -> None:
    """Of a log's entries nearly all have the same few headers. A failure is raised each time again."""
    if not _is_optional_id(flow) or not _is_optional_period(period) or not _is_optional_id(actor):
        raise VerificationError(f"entry {name}: actor, flow or period is malformed")
    entry_type = ENTRY_TYPES[name]
    if entry_type.actor != "optional" and actor == "":
        raise VerificationError(f"entry {name}: the actor is missing")
    if (has_agreement, flow != "", period != "") not in _NAMED[entry_type.scope]:
        raise VerificationError(f"entry {name}: agreement, flow or period is missing or out of place")
