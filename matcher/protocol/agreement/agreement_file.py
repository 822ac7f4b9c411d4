"""The agreement file: everything that may be amended without changing a token (design section 4, "Digests").

It names the matching file by digest; the two are read together, and must fit.
"""

from __future__ import annotations

import datetime
from typing import Any

from matcher.protocol import bodies, cosignature, note, suite
from matcher.protocol.agreement import schema, terms_table
from matcher.protocol.agreement.model import Agreement, Matching, Party, Quotas
from matcher.protocol.agreement.schema import Entry, Table, refuse
from matcher.protocol.entry_types import MAX_RECEIPTS
from matcher.protocol.errors import VerificationError
from matcher.protocol.zone import CHINA

FILE = "agreement"
ROLES = ("prepare", "approve", "administer", "read")
_LARGEST = 2**53 - 1
_MAX_ORIGIN_BYTES = 255  # as in C2SP tlog-cosignature

_PERSON: dict[str, Entry] = {
    "id": Entry(schema.identifier),
    "roles": Entry(schema.listing(schema.choice(*ROLES), least=1)),
}
_PARTY: dict[str, Entry] = {
    "name": Entry(schema.text),
    "kind": Entry(schema.choice("data", "auditor")),
    "root": Entry(schema.hexadecimal(32)),
    "people": Entry(schema.listing(schema.table(_PERSON), least=1, most=bodies.MAX_PEOPLE, unique=False)),
}
_CALENDAR: dict[str, Entry] = {
    "period": Entry(schema.choice("month", "quarter", "year")),
    "window_days": Entry(schema.integer(0, 366)),
    "retention_days": Entry(schema.integer(1, 36_500)),
    "message_hours": Entry(schema.integer(1, 24 * 366)),
}
_QUOTAS: dict[str, Entry] = {
    name: Entry(schema.integer(0, _LARGEST))
    for name in ("rows", "submissions", "runs", "evaluations_epoch", "evaluations_month", "reveals_month")
}
_LOG: dict[str, Entry] = {"origin": Entry(schema.text), "key": Entry(schema.text)}
_WITNESSES: dict[str, Entry] = {
    "threshold": Entry(schema.integer(0, 100)),
    "keys": Entry(schema.listing(schema.text, most=100)),
}
_FILE: dict[str, Entry] = {
    "suite": Entry(schema.text),
    "agreement": Entry(schema.identifier),
    "version": Entry(schema.integer(1, 1_000_000)),
    "previous": Entry(schema.hexadecimal(32, empty=True)),
    "matching": Entry(schema.hexadecimal(32)),
    "title": Entry(schema.text),
    "valid_from": Entry(schema.date),
    "valid_until": Entry(schema.date),
    "calendar": Entry(schema.table(_CALENDAR)),
    "parties": Entry(schema.keyed(schema.identifier, schema.table(_PARTY), least=2)),
    "terms": Entry(schema.keyed(schema.identifier, schema.table(terms_table.TERMS), least=1)),
    "quotas": Entry(schema.keyed(schema.identifier, schema.table(_QUOTAS))),
    "log": Entry(schema.table(_LOG)),
    "witnesses": Entry(schema.table(_WITNESSES)),
}


def parse(data: bytes, matching: Matching) -> Agreement:
    """The agreement file in ``data``, which belongs to ``matching``. Raises AgreementError naming what is wrong."""
    raw = schema.load(data, FILE)
    # The suite first: a file of another suite may have other fields.
    if "suite" in raw:
        suite.require_suite(schema.text(raw["suite"], f"{FILE}.suite"))
    value = schema.table(_FILE)(raw, FILE)
    _check_belongs(value, matching)
    parties = {name: _party(name, item) for name, item in value["parties"].items()}
    _check_parties(parties, matching)
    _check_same_keys(f"{FILE}.terms", value["terms"], matching.flows, "flow")
    data_parties = [party.id for party in parties.values() if party.kind == "data"]
    _check_same_keys(f"{FILE}.quotas", value["quotas"], data_parties, "data party")
    _check_submissions(value["quotas"], matching)
    _check_log(value["log"], value["witnesses"])
    calendar: dict[str, Any] = value["calendar"]
    return Agreement(
        digest=suite.sha256(data),
        matching=matching,
        version=value["version"],
        previous=value["previous"],
        title=value["title"],
        valid_from=_midnight(value["valid_from"]),
        valid_until=_midnight(value["valid_until"]),
        period_pattern=calendar["period"],
        window_days=calendar["window_days"],
        retention_days=calendar["retention_days"],
        message_hours=calendar["message_hours"],
        parties=parties,
        terms={
            name: terms_table.terms(f"{FILE}.terms.{name}", item, matching, matching.flows[name])
            for name, item in value["terms"].items()
        },
        quotas={name: Quotas(**item) for name, item in value["quotas"].items()},
        log_origin=value["log"]["origin"],
        log_key=value["log"]["key"],
        witnesses=value["witnesses"]["keys"],
        witness_threshold=value["witnesses"]["threshold"],
    )


def _midnight(day: datetime.date) -> int:
    return int(datetime.datetime(day.year, day.month, day.day, tzinfo=CHINA).timestamp())


def _check_belongs(value: Table, matching: Matching) -> None:
    if value["agreement"] != matching.agreement_id:
        refuse(f"{FILE}.agreement", f"the matching file is of agreement {matching.agreement_id!r}")
    if value["matching"] != matching.digest:
        refuse(
            f"{FILE}.matching",
            "this is not the digest of the matching file beside it",
            "One of the two files was changed, by a byte at least. Fetch both again, or draft them anew.",
        )
    if (value["version"] == 1) != (not value["previous"]):
        refuse(f"{FILE}.previous", "version 1 has no previous digest, every later version has one")
    if value["valid_from"] >= value["valid_until"]:
        refuse(f"{FILE}.valid_until", "the term ends before it begins")


def _party(name: str, value: Table) -> Party:
    path = f"{FILE}.parties.{name}"
    schema.require_distinct((person["id"] for person in value["people"]), f"{path}.people")
    people = {person["id"]: frozenset(person["roles"]) for person in value["people"]}
    for person, roles in people.items():
        if {"prepare", "approve"} <= roles:
            refuse(f"{path}.people", f"{person} both prepares and approves", "Whoever makes does not check.")
        if value["kind"] == "auditor" and roles != {"read"}:
            refuse(f"{path}.people", f"{person}: people of an auditor hold the role 'read' only")
    if value["kind"] == "data" and not any("administer" in roles for roles in people.values()):
        refuse(f"{path}.people", "nobody holds the role 'administer', so nobody could sign")
    return Party(id=name, name=value["name"], kind=value["kind"], root=value["root"], people=people)


def _check_parties(parties: dict[str, Party], matching: Matching) -> None:
    if len(parties) >= MAX_RECEIPTS:
        refuse(f"{FILE}.parties", f"{len(parties)} parties; every run makes a receipt for each, {MAX_RECEIPTS} at most")
    schema.require_distinct((party.root.hex() for party in parties.values()), f"{FILE}.parties (root)")
    for flow in matching.flows.values():
        for name in flow.parties():
            if name not in parties or parties[name].kind != "data":
                refuse(f"{FILE}.parties.{name}", f"flow {flow.id} needs this data party")
        for name, role in ((flow.asking, "prepare"), *((name, "approve") for name in flow.answering)):
            if not any(role in roles for roles in parties[name].people.values()):
                refuse(f"{FILE}.parties.{name}.people", f"nobody holds the role {role!r}, which flow {flow.id} needs")


def _check_same_keys(path: str, found: dict[str, Any], wanted: Any, what: str) -> None:
    for name in wanted:
        if name not in found:
            refuse(f"{path}.{name}", f"this table is missing; each {what} needs one")
    for name in found:
        if name not in wanted:
            refuse(f"{path}.{name}", f"there is no such {what}")


def _check_submissions(quotas: Table, matching: Matching) -> None:
    """All that may be submitted in a period must fit one run's log entry, or the last ones could never be matched."""
    for flow in matching.flows.values():
        total = sum(quotas[party]["submissions"] for party in flow.parties())
        if total > bodies.MAX_MANIFESTS_PER_RUN:
            refuse(
                f"{FILE}.quotas",
                f"{total} submissions of a period in flow {flow.id}; one match takes {bodies.MAX_MANIFESTS_PER_RUN}",
                "Lower submissions, or choose a shorter period.",
            )


def _check_log(log: Table, witnesses: Table) -> None:
    keys = witnesses["keys"]
    texts = [(f"{FILE}.log.key", log["key"], note.ED25519)]
    texts += [
        (f"{FILE}.witnesses.keys[{position}]", key, cosignature.COSIGNATURE_V1) for position, key in enumerate(keys, 1)
    ]
    parsed = []
    for path, key, signature_type in texts:
        try:
            parsed.append(note.parse_verifier_key(key, signature_type))
        except VerificationError as error:
            refuse(path, f"this is no verifier key ({error})", "Copy it anew from whoever runs that log or witness.")
    if parsed[0].name != log["origin"]:
        refuse(f"{FILE}.log.key", "the key is of another log than the origin")
    # Not the names alone: one witness under two names would count twice.
    schema.require_distinct((key.public.hex() for key in parsed), f"{FILE}.witnesses.keys")
    schema.require_distinct((key.name for key in parsed), f"{FILE}.witnesses.keys")
    if len(log["origin"].encode()) > _MAX_ORIGIN_BYTES:
        refuse(f"{FILE}.log.origin", f"longer than {_MAX_ORIGIN_BYTES} bytes")
    threshold = witnesses["threshold"]
    majority = threshold <= len(keys) < 2 * threshold
    if not majority and (threshold or keys):
        refuse(
            f"{FILE}.witnesses.threshold",
            f"{threshold} of {len(keys)} witnesses: more than half are needed, or no witness and threshold 0",
        )
