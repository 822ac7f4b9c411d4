"""Rules as the matching file spells them: structured conditions, never evaluated text (design section 4, "Rules").

A condition is ``{ field, is | below | above | has, unknown }``. What it says of an unknown value is always written out,
"fires" or "passes", because that is where two readers would differ; only ``is = "unknown"`` says it by itself.
Decimal thresholds become integers here, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from matcher.protocol.agreement import schema
from matcher.protocol.agreement.model import Condition, Field, Rule
from matcher.protocol.agreement.schema import Entry, Table, refuse
from matcher.protocol.comparators import COMPARATORS
from matcher.protocol.comparators.ratio import above_bound, below_bound
from matcher.protocol.outcomes import UNKNOWN_KIND

# "unreadable" is a fact of the service's own; the other two are keys beside the codes in a run's counts.
RESERVED_CODES = frozenset(("unreadable", "matched", "unmatched"))
FACTS = ("matched", "unmatched", "duplicate")
TESTS = ("is", "below", "above", "has")
LANGUAGES = ("zh", "en")
_RATIO = re.compile(r"(0|[1-9]\d{0,2})\.\d{1,4}")
_MIN_RATIO, _MAX_RATIO = Fraction(1, 100), Fraction(100)
_DAYS = re.compile(r"0|-?[1-9]\d{0,6}")


def _one_or_more(value: Any, path: str) -> tuple[str, ...]:
    """One id, or an array of them."""
    if isinstance(value, list):
        words: tuple[str, ...] = schema.listing(schema.identifier, least=1, most=64)(value, path)
        return words
    return (schema.identifier(value, path),)


_CONDITION: dict[str, Entry] = {
    "field": Entry(schema.column_name),
    "is": Entry(_one_or_more, None),
    "below": Entry(schema.text, None),
    "above": Entry(schema.text, None),
    "has": Entry(_one_or_more, None),
    "unknown": Entry(schema.choice("fires", "passes"), None),
}
RULE: dict[str, Entry] = {
    "code": Entry(schema.identifier),
    "fact": Entry(schema.choice(*FACTS), "matched"),
    "all": Entry(schema.listing(schema.table(_CONDITION), least=1, most=16, unique=False), ()),
    "text": Entry(schema.table({language: Entry(schema.text) for language in LANGUAGES})),
}


def rule(path: str, value: Table, fields: Sequence[Field]) -> Rule:
    """One rule. Raises AgreementError."""
    if value["code"] in RESERVED_CODES:
        refuse(f"{path}.code", f"{value['code']!r} is reserved", "Choose another code.")
    if (value["fact"] == "matched") != bool(value["all"]):
        refuse(f"{path}.all", "a rule on fact 'matched' needs conditions; other facts have none")
    conditions = tuple(
        _condition(f"{path}.all[{position}]", item, fields) for position, item in enumerate(value["all"], 1)
    )
    if len(set(conditions)) < len(conditions):
        refuse(f"{path}.all", "a condition stands twice")
    return Rule(value["code"], value["fact"], conditions, value["text"])


def require_complete(path: str, rules: Iterable[Rule], fields: Iterable[Field]) -> None:
    """Refuse a rule that stands twice, and fields and flag codes that no rule looks at: they leak for nothing."""
    rules = tuple(rules)
    for position, rule in enumerate(rules):
        if any(_meaning(rule) == _meaning(other) for other in rules[:position]):
            refuse(f"{path}[{position + 1}]", f"another rule gives {rule.code!r} under the same conditions")
    conditions = [condition for rule in rules for condition in rule.conditions]
    for field in fields:
        concerned = [condition for condition in conditions if condition.field == field.name]
        if not concerned:
            refuse(path, f"no rule looks at field {field.name!r}", "Remove the field: what is not needed stays home.")
        for code in field.codes:
            if not any(code in condition.values for condition in concerned):
                refuse(path, f"no rule has code {code!r} of field {field.name!r}")


def _meaning(rule: Rule) -> tuple[str, str, frozenset[Condition]]:
    return rule.code, rule.fact, frozenset(rule.conditions)


def _condition(path: str, value: Table, fields: Sequence[Field]) -> Condition:
    field = next((field for field in fields if field.name == value["field"]), None)
    if field is None:
        known = ", ".join(field.name for field in fields)
        refuse(f"{path}.field", f"there is no field {value['field']!r}", f"Known here: {known}.")
    tests = [name for name in TESTS if value[name] is not None]
    if len(tests) != 1:
        refuse(path, f"exactly one of {', '.join(TESTS)} is expected")
    test = tests[0]
    at = f"{path}.{test}"
    values: tuple[str, ...] = ()
    bound = 0
    if test == "is":
        values = _kinds(at, value["is"], field)
    elif test == "has":
        values = _codes(at, value["has"], field)
    elif field.comparator in _BOUNDS:
        bound = _BOUNDS[field.comparator](at, value[test], test)
    else:
        refuse(at, f"comparator {field.comparator} has no such test")
    about_unknown = UNKNOWN_KIND in values and test == "is"
    if about_unknown == (value["unknown"] is not None):
        refuse(
            f"{path}.unknown",
            "this test speaks of the unknown itself and has no such field"
            if about_unknown
            else "this field is missing: say what an unknown value means",
            "" if about_unknown else 'Write unknown = "fires" or unknown = "passes".',
        )
    return Condition(
        field=field.name, test=test, values=values, bound=bound,
        unknown=about_unknown or value["unknown"] == "fires",
    )  # fmt: skip


def _kinds(path: str, words: tuple[str, ...], field: Field) -> tuple[str, ...]:
    kinds = COMPARATORS[field.comparator].kinds
    for word in words:
        if word not in kinds:
            known = ", ".join(sorted(kinds))
            refuse(path, f"comparator {field.comparator} has no outcome {word!r}", f"It has: {known}.")
    if UNKNOWN_KIND in words and len(words) > 1:
        refuse(path, "'unknown' stands alone", 'Beside other outcomes, write unknown = "fires".')
    return words


def _codes(path: str, words: tuple[str, ...], field: Field) -> tuple[str, ...]:
    for code in words:
        if code not in field.codes:
            refuse(path, f"field {field.name!r} has no code {code!r}", "Name the code in the field's own list first.")
    return words


def _ratio_bound(path: str, value: str, test: str) -> int:
    if not _RATIO.fullmatch(value) or not _MIN_RATIO <= Fraction(value) <= _MAX_RATIO:
        refuse(path, 'a decimal such as "0.90" is expected, from 0.01 to 100, at most four places')
    return below_bound(Fraction(value)) if test == "below" else above_bound(Fraction(value))


def _days_bound(path: str, value: str, _test: str) -> int:
    if not _DAYS.fullmatch(value):
        refuse(path, 'a number of days such as "30" is expected')
    return int(value)


_BOUNDS = {"ratio": _ratio_bound, "days": _days_bound}
