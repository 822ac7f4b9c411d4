"""Which rules fire on a pair's outcomes (design section 4, "Rules").

One function for all: the service over blinded outcomes, the answering agent over its own flags, the asking side over
the opened plaintext. Integers and agreed words decide; an unknown value does what its condition says.
"""

from __future__ import annotations

from collections.abc import Sequence

from matcher.protocol.agreement.model import Condition, Field, Flow, Rule
from matcher.protocol.errors import VerificationError
from matcher.protocol.outcomes import UNKNOWN_KIND, Outcome

MATCHED = "matched"
UNMATCHED = "unmatched"
DUPLICATE = "duplicate"
UNREADABLE = "unreadable"


def evaluate(flow: Flow, outcomes: Sequence[Outcome], fact: str) -> tuple[str, ...]:
    """Codes of the rules that fire, sorted, each once.

    ``fact`` is "matched", with one outcome for each of the flow's fields; or "unmatched", "duplicate" or "unreadable",
    with none: there is nothing to compare. An unreadable envelope is always found, whatever the rules.
    """
    if len(outcomes) != (len(flow.fields) if fact == MATCHED else 0):
        raise VerificationError(f"rules of flow {flow.id}: {len(outcomes)} outcomes do not fit fact {fact!r}")
    if fact == UNREADABLE:
        return (UNREADABLE,)
    by_field = {field.name: (field, outcome) for field, outcome in zip(flow.fields, outcomes, strict=False)}
    return tuple(sorted({rule.code for rule in flow.rules if rule.fact == fact and _holds(rule, by_field)}))


def _holds(rule: Rule, by_field: dict[str, tuple[Field, Outcome]]) -> bool:
    return all(condition_holds(condition, *by_field[condition.field]) for condition in rule.conditions)


def condition_holds(condition: Condition, field: Field, outcome: Outcome) -> bool:
    """Whether one condition holds for the outcome of its field. Raises VerificationError for an unknown test."""
    if outcome.kind == UNKNOWN_KIND:
        return condition.unknown
    if condition.test == "is":
        return outcome.kind in condition.values
    if condition.test == "below":
        return outcome.number < condition.bound
    if condition.test == "above":
        return outcome.number > condition.bound
    if condition.test == "has":
        return any(outcome.codes >> field.codes.index(code) & 1 for code in condition.values)
    raise VerificationError(f"rules: test {condition.test!r} is not known")
