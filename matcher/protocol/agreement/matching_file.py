"""The matching file: what tokens, blinding and rules depend on (design section 4, "Digests").

A change of one byte here gives a new matching digest, so new tokens. Rules are in rules_table.py.
"""

from __future__ import annotations

from typing import Any

from matcher.protocol import suite
from matcher.protocol.agreement import rules_table, schema
from matcher.protocol.agreement.model import Field, Flow, Link, Matching
from matcher.protocol.agreement.schema import Entry, Table, refuse
from matcher.protocol.comparators import COMPARATORS
from matcher.protocol.comparators.flags import MAX_CODES
from matcher.protocol.entry_types import MAX_CODES_PER_RUN, MAX_PARTIES_PER_RUN

FILE = "matching"
# A link value's normaliser, and the type a column must have to carry such values.
LINK_NORMALISERS = {"account-number": "account", "credit-code": "credit-code", "company-name": "company"}
MAX_MULTIPLE = 1000
_MAX_EPOCH = 2**32 - 1
_MAX_CODES = MAX_CODES_PER_RUN - 4  # what a run counts beside rule codes: pairs, and the facts of rules_table.py

_LINK: dict[str, Entry] = {
    "normaliser": Entry(schema.choice(*LINK_NORMALISERS)),
    "mode": Entry(schema.choice("oprf", "hmac")),
    "holder": Entry(schema.identifier),
    "epoch": Entry(schema.integer(1, _MAX_EPOCH)),
    "public_key": Entry(schema.hexadecimal(32), b""),
    "group_key_id": Entry(schema.hexadecimal(32), b""),
}
_FIELD: dict[str, Entry] = {
    "name": Entry(schema.column_name),
    "comparator": Entry(schema.choice(*COMPARATORS)),
    "codes": Entry(schema.listing(schema.identifier, least=1, most=MAX_CODES), ()),
}
_FLOW: dict[str, Entry] = {
    "link": Entry(schema.identifier),
    "asking": Entry(schema.identifier),
    "answering": Entry(schema.listing(schema.identifier, least=1, most=MAX_PARTIES_PER_RUN - 1)),
    "multiple": Entry(schema.integer(1, MAX_MULTIPLE), 1),
    "fields": Entry(schema.listing(schema.table(_FIELD), least=1, most=64, unique=False)),
    "rules": Entry(schema.listing(schema.table(rules_table.RULE), least=1, most=500, unique=False)),
}
_FILE: dict[str, Entry] = {
    "suite": Entry(schema.text),
    "agreement": Entry(schema.identifier),
    "data": Entry(
        schema.table({"normaliser_vectors": Entry(schema.hexadecimal(32)), "name_data": Entry(schema.hexadecimal(32))})
    ),
    "links": Entry(schema.keyed(schema.identifier, schema.table(_LINK), least=1)),
    "flows": Entry(schema.keyed(schema.identifier, schema.table(_FLOW), least=1)),
}


def parse(data: bytes) -> Matching:
    """The matching file in ``data``. Raises AgreementError naming the path of what is wrong."""
    raw = schema.load(data, FILE)
    # The suite first: a file of another suite may have other fields.
    if "suite" in raw:
        suite.require_suite(schema.text(raw["suite"], f"{FILE}.suite"))
    value = schema.table(_FILE)(raw, FILE)
    links = {kind: _link(kind, item) for kind, item in value["links"].items()}
    flows = {name: _flow(name, item) for name, item in value["flows"].items()}
    _check_links(links, flows)
    return Matching(
        digest=suite.sha256(data),
        agreement_id=value["agreement"],
        links=links,
        flows=flows,
        normaliser_digest=value["data"]["normaliser_vectors"],
        name_data_digest=value["data"]["name_data"],
    )


def _link(kind: str, value: Table) -> Link:
    path = f"{FILE}.links.{kind}"
    wanted, other = ("public_key", "group_key_id") if value["mode"] == "oprf" else ("group_key_id", "public_key")
    if not value[wanted]:
        refuse(f"{path}.{wanted}", f"this field is missing; mode {value['mode']} needs it")
    if value[other]:
        refuse(f"{path}.{other}", f"mode {value['mode']} has no such field")
    return Link(kind=kind, **value)


def _flow(name: str, value: Table) -> Flow:
    path = f"{FILE}.flows.{name}"
    schema.require_distinct((value["asking"], *value["answering"]), f"{path}.answering")
    fields = tuple(_field(f"{path}.fields[{position}]", item) for position, item in enumerate(value["fields"], 1))
    schema.require_distinct((field.name for field in fields), f"{path}.fields")
    rules = tuple(
        rules_table.rule(f"{path}.rules[{position}]", item, fields) for position, item in enumerate(value["rules"], 1)
    )
    rules_table.require_complete(f"{path}.rules", rules, fields)
    if len(codes := {rule.code for rule in rules}) > _MAX_CODES:
        refuse(f"{path}.rules", f"{len(codes)} different codes; a run's log entry has room for {_MAX_CODES}")
    return Flow(
        id=name, link=value["link"], asking=value["asking"], answering=value["answering"],
        multiple=value["multiple"], fields=fields, rules=rules,
    )  # fmt: skip


def _field(path: str, value: dict[str, Any]) -> Field:
    has_codes = value["comparator"] == "flags"
    if has_codes and not value["codes"]:
        refuse(f"{path}.codes", "this field is missing; comparator flags needs it")
    if value["codes"] and not has_codes:
        refuse(f"{path}.codes", f"comparator {value['comparator']} has no such field")
    return Field(value["name"], value["comparator"], value["codes"])


def _check_links(links: dict[str, Link], flows: dict[str, Flow]) -> None:
    """Each flow's link exists; flows that share a link kind have the same parties, its holder among them."""
    parties: dict[str, frozenset[str]] = {}
    for flow in flows.values():
        path = f"{FILE}.flows.{flow.id}"
        if flow.link not in links:
            refuse(f"{path}.link", f"there is no link kind {flow.link!r}", f"Known here: {', '.join(links)}.")
        present = frozenset(flow.parties())
        if parties.setdefault(flow.link, present) != present:
            refuse(
                path,
                f"another flow on link kind {flow.link!r} has other parties",
                "Give each group of parties a link kind, so a key, of its own.",
            )
    for kind, link in links.items():
        if kind not in parties:
            refuse(f"{FILE}.links.{kind}", "no flow uses this link kind")
        if link.holder not in parties[kind]:
            refuse(f"{FILE}.links.{kind}.holder", f"{link.holder} is no data party of this link's flows")
