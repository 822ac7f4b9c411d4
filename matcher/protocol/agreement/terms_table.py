"""Terms of one flow: files, purposes, legal basis, what a reveal shows, and what is approved without a person."""

from __future__ import annotations

from matcher.protocol.agreement import columns_table, schema
from matcher.protocol.agreement.model import Column, Flow, Matching, Terms
from matcher.protocol.agreement.schema import Entry, Table, refuse

_TEXTS = schema.keyed(schema.identifier, schema.text)
_COLUMNS = schema.listing(schema.table(columns_table.COLUMN), least=1, most=200, unique=False)
TERMS: dict[str, Entry] = {
    "purposes": Entry(schema.keyed(schema.identifier, schema.text, least=1)),
    "legal_basis": Entry(_TEXTS),
    "legal_basis_required": Entry(schema.boolean),
    "reveal": Entry(schema.listing(schema.column_name, least=1, most=200)),
    "automatic_approval": Entry(schema.listing(schema.identifier)),
    "asking_columns": Entry(_COLUMNS),
    "answering_columns": Entry(_COLUMNS),
}


def terms(path: str, value: Table, matching: Matching, flow: Flow) -> Terms:
    """The terms of ``flow``. Raises AgreementError."""
    if value["legal_basis_required"] and not value["legal_basis"]:
        refuse(f"{path}.legal_basis", "a legal basis is required, but none is listed")
    answering = columns_table.columns(
        f"{path}.answering_columns", value["answering_columns"], matching, flow, "answering"
    )
    asking = columns_table.columns(f"{path}.asking_columns", value["asking_columns"], matching, flow, "asking")
    _check_reveal(f"{path}.reveal", value["reveal"], answering)
    for code in value["automatic_approval"]:
        _check_automatic(f"{path}.automatic_approval", code, flow)
    return Terms(
        flow=flow.id,
        asking_columns=asking,
        answering_columns=answering,
        purposes=value["purposes"],
        legal_basis=tuple(value["legal_basis"]),
        legal_basis_required=value["legal_basis_required"],
        reveal=value["reveal"],
        automatic=frozenset(value["automatic_approval"]),
        legal_basis_texts=value["legal_basis"],
    )


def _check_reveal(path: str, reveal: tuple[str, ...], answering: tuple[Column, ...]) -> None:
    """Answering columns only; each one that a rule looks at is among them, or nobody could recompute the rule."""
    names = {column.name for column in answering}
    for name in reveal:
        if name not in names:
            refuse(path, f"{name!r} is no column of the answering side", f"It has: {', '.join(sorted(names))}.")
    for column in answering:
        if column.feeds and column.name not in reveal:
            refuse(
                path,
                f"column {column.name!r} feeds a rule but is not revealed, so the asking side could not check the flag",
                "Add the column to reveal, or remove field and rules from the matching file.",
            )


def _check_automatic(path: str, code: str, flow: Flow) -> None:
    """Only what the agent recomputes from its own row alone is approved without a person (design section 5, step 4)."""
    rules = [rule for rule in flow.rules if rule.code == code]
    if not rules:
        refuse(path, f"no rule of flow {flow.id} has code {code!r}")
    for rule in rules:
        if rule.fact != "matched" or any(condition.test != "has" for condition in rule.conditions):
            refuse(
                path,
                f"{code!r} depends on the asking side's row",
                "Only codes of rules that test flags by 'has' can be approved automatically.",
            )
