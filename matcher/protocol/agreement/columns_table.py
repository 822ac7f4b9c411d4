"""Columns of a party's files, as the agreement file lists them: what an office calls them, and what they feed.

The text of a cell stays a matter of the file readers; here is only which column there is, and that it fits the flow.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcher.protocol.agreement import schema
from matcher.protocol.agreement.matching_file import LINK_NORMALISERS
from matcher.protocol.agreement.model import Column, Due, Field, Flow, Matching, Side
from matcher.protocol.agreement.schema import Entry, Table, refuse

# A column's type, and the comparators it may feed. A column that feeds nothing is kept for reveals.
TYPES: dict[str, tuple[str, ...]] = {
    "account": ("exact",),
    "company": ("company-name",),
    "credit-code": ("exact",),
    "text": ("exact",),
    "amount": ("ratio",),
    "date": ("days",),
    "flags": ("flags",),
    "choice": ("exact",),
}

_CONSTANTS = schema.keyed(schema.column_name, schema.identifier)
_SEVERAL = schema.keyed(schema.column_name, schema.listing(schema.identifier, least=1, most=50), least=1)
DUE: dict[str, Entry] = {"after": Entry(schema.column_name), "working_days": Entry(schema.integer(1, 1000))}
COLUMN: dict[str, Entry] = {
    "name": Entry(schema.column_name),
    "headers": Entry(schema.listing(schema.text, most=50), ()),
    "type": Entry(schema.choice(*TYPES)),
    "feeds": Entry(schema.column_name, ""),
    "required": Entry(schema.boolean, False),
    "link": Entry(schema.boolean, False),
    "row_id": Entry(schema.boolean, False),
    "only_for": Entry(_CONSTANTS, None),
    "sets": Entry(_CONSTANTS, None),
    "unless": Entry(_SEVERAL, None),
    "due": Entry(schema.table(DUE), None),
    # canonical value = [spellings]; the canonical value itself is always accepted
    "choices": Entry(schema.keyed(schema.identifier, schema.listing(schema.text, most=50), least=1), None),
}


def columns(path: str, value: Sequence[Table], matching: Matching, flow: Flow, side: Side) -> tuple[Column, ...]:
    """The columns of one side of ``flow``. Raises AgreementError."""
    found = tuple(_column(f"{path}[{position}]", item) for position, item in enumerate(value, 1))
    schema.require_distinct((column.name for column in found), path)
    schema.require_distinct((header for column in found for header in column.headers), path)
    schema.require_distinct((column.feeds for column in found if column.feeds), path)
    link_type = LINK_NORMALISERS[matching.links[flow.link].normaliser]
    for position, column in enumerate(found, 1):
        _check_references(f"{path}[{position}]", column, found)
        _check_feeds(f"{path}[{position}]", column, flow, link_type)
        _check_due(f"{path}[{position}].due", column, found)
    if not any(column.link for column in found):
        refuse(path, "no column has link = true: there is nothing to join on")
    if sum(column.row_id for column in found) > 1:
        refuse(path, "more than one column has row_id = true")
    fed = {column.feeds for column in found}
    for field in flow.fields:
        # The answering side alone computes flags; every other field is compared, so both sides need it.
        if field.name not in fed and not (side == "asking" and field.comparator == "flags"):
            refuse(path, f"no column feeds field {field.name!r} of flow {flow.id}")
    return found


def _column(path: str, value: Table) -> Column:
    choices = value["choices"]
    if (value["type"] in ("choice", "flags")) != (choices is not None):
        refuse(f"{path}.choices", "a column of type choice or flags, and no other, needs this field")
    if choices is not None:
        spellings = [(spelling, canonical) for canonical, words in choices.items() for spelling in (canonical, *words)]
        schema.require_distinct((spelling for spelling, _ in spellings), f"{path}.choices")
        value = {**value, "choices": dict(spellings)}
    if value["due"] is not None:
        value = {**value, "due": Due(**value["due"])}
    return Column(**value)


def _check_references(path: str, column: Column, found: Sequence[Column]) -> None:
    """What names another column names one of the right type, and values it has; a header may lack if set."""
    if column.sets is not None and not column.link:
        refuse(f"{path}.sets", "only a column with link = true makes a record that something can be set for")
    if column.unless is not None and not column.link:
        refuse(f"{path}.unless", "only a column with link = true makes a record that may be left out")
    by_name = {other.name: other for other in found}
    for name, references in (("sets", column.sets), ("only_for", column.only_for), ("unless", column.unless)):
        for other, value in (references or {}).items():
            choices = by_name[other].choices if other in by_name and by_name[other].type == "choice" else None
            if choices is None:
                refuse(f"{path}.{name}.{other}", "this is no column of type choice on the same side")
            for word in (value,) if isinstance(value, str) else value:
                if word not in choices.values():
                    known = ", ".join(sorted(set(choices.values())))
                    refuse(f"{path}.{name}.{other}", f"{word!r} is no value of that column", f"It has: {known}.")
    if not column.headers and not all(column.name in (other.sets or {}) for other in found if other.link):
        refuse(f"{path}.headers", "a column without headers must be set by every link column")


def _check_due(path: str, column: Column, found: Sequence[Column]) -> None:
    if column.due is None:
        return
    if column.type != "date":
        refuse(path, "only a column of type date can be due")
    if not any(other.name == column.due.after and other.type == "date" for other in found if other is not column):
        refuse(f"{path}.after", "this is no other column of type date on the same side")


def _check_feeds(path: str, column: Column, flow: Flow, link_type: str) -> None:
    if column.link and column.type != link_type:
        refuse(f"{path}.type", f"a link column of flow {flow.id} is of type {link_type!r}")
    if not column.feeds:
        return
    if column.link or column.row_id:
        refuse(f"{path}.feeds", "a link column or row id is not compared as a field")
    field: Field | None = next((field for field in flow.fields if field.name == column.feeds), None)
    if field is None:
        refuse(f"{path}.feeds", f"flow {flow.id} has no field {column.feeds!r}")
    if field.comparator not in TYPES[column.type]:
        refuse(f"{path}.feeds", f"a column of type {column.type} cannot feed comparator {field.comparator}")
    if column.type == "flags" and column.choices is not None:
        for code in column.choices.values():
            if code not in field.codes:
                refuse(f"{path}.choices.{code}", f"field {field.name!r} has no code {code!r}")
