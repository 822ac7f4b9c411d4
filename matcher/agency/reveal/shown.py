"""Which parts of a row a reveal shows (design sections 3 and 4, "Reveal").

The agreed reveal columns of the row, and the comparison values that the fired rules look at, so the asking side can
recompute them. A value leaves only if every column that feeds it is agreed; a rule that looks at any other field could
not be checked by the other side, so its findings are refused by name until the agreement is amended.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from matcher.agency.reveal.own_rows import OwnRow
from matcher.agency.reveal.payload import Payload
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import AgreementError


def fields_of_rules(agreement: Agreement, flow: str, codes: Collection[str]) -> tuple[str, ...]:
    """The comparison fields that the rules of ``codes`` look at, in the flow's order."""
    named = {
        condition.field
        for rule in agreement.flow(flow).rules
        if rule.code in codes
        for condition in rule.conditions
        if condition.field
    }
    return tuple(field.name for field in agreement.flow(flow).fields if field.name in named)


def require_columns(agreement: Agreement, flow: str, codes: Collection[str]) -> None:
    """Raise AgreementError (``reveal-columns``) when a rule of ``codes`` looks outside the reveal columns."""
    terms = agreement.flow_terms(flow)
    agreed = set(terms.reveal)
    for name in fields_of_rules(agreement, flow, codes):
        feeding = {column.name for column in terms.answering_columns if column.feeds == name}
        if not feeding <= agreed:
            raise AgreementError(
                f"flow {flow}: field {name} decides a rule, but column {min(feeding - agreed)} is not to be revealed",
                code="reveal-columns",
                remedy="Amend the agreement: reveal every column that feeds a rule's field.",
            )


def revealed(agreement: Agreement, flow: str, codes: Collection[str], row: OwnRow) -> Payload:
    """What is shown of ``row``. Raises AgreementError as ``require_columns`` does."""
    require_columns(agreement, flow, codes)
    needed = set(fields_of_rules(agreement, flow, codes))
    columns = {name: row.columns[name] for name in agreement.flow_terms(flow).reveal if name in row.columns}
    values: dict[str, Any] = {
        field.name: value
        for field, value in zip(agreement.flow(flow).fields, row.values, strict=True)
        if field.name in needed
    }
    return Payload(row.leaf, columns, values)
