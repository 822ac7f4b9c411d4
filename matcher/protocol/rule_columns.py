"""Which rules fire on many pairs at once: ``rules.evaluate`` over columns of outcomes.

Few combinations of codes occur, so a batch of pairs is a number for each pair and the combinations themselves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from matcher.protocol import rules
from matcher.protocol.agreement.model import Condition, Field, Flow
from matcher.protocol.comparing import Mask, OutcomeColumn, readable
from matcher.protocol.errors import VerificationError
from matcher.protocol.outcomes import UNKNOWN_KIND

Numbers = npt.NDArray[np.intp]
Combinations = tuple[tuple[str, ...], ...]


def evaluate(
    flow: Flow, outcomes: Sequence[OutcomeColumn], is_duplicate: Mask, is_open: Mask
) -> tuple[Numbers, Combinations]:  # fmt: skip
    """(which combination of codes each pair has, the combinations), for pairs with these outcomes.

    ``is_duplicate`` says where the fact "duplicate" holds too. Where an envelope did not open (``is_open``) or holds no
    vector, the pair is unreadable, whatever the rules.
    """
    count = len(is_duplicate)
    good = is_open & readable(outcomes, count)
    matched = [rule for rule in flow.rules if rule.fact == rules.MATCHED]
    codes = sorted({rule.code for rule in matched})
    fired: Mask = np.zeros((count, len(codes) + 2), np.bool_)
    by_field = {field.name: (field, column) for field, column in zip(flow.fields, outcomes, strict=True)}
    for rule in matched:
        holds: Mask = good.copy()
        for condition in rule.conditions:
            holds &= condition_column(condition, *by_field[condition.field])
        fired[:, codes.index(rule.code)] |= holds
    fired[:, -2], fired[:, -1] = is_duplicate & good, ~good
    packed = np.packbits(fired, axis=1)
    _found, places, numbers = np.unique(packed, axis=0, return_index=True, return_inverse=True)
    doubled = rules.evaluate(flow, (), rules.DUPLICATE)
    combinations = []
    for row in fired[places]:
        if row[-1]:
            combinations.append(rules.evaluate(flow, (), rules.UNREADABLE))
        else:
            own = {code for code, holds in zip(codes, row, strict=False) if holds}
            combinations.append(tuple(sorted(own.union(doubled if row[-2] else ()))))
    return numbers.reshape(-1), tuple(combinations)


def condition_column(condition: Condition, field: Field, outcomes: OutcomeColumn) -> Mask:
    """``rules.condition_holds`` of many outcomes. Raises VerificationError for an unknown test."""
    holds: Mask = np.zeros(len(outcomes.kinds), np.bool_)
    if condition.test == "is":
        wanted = [number for number, word in enumerate(outcomes.words) if word in condition.values]
        holds = np.isin(outcomes.kinds, wanted)
    elif condition.test == "below":
        holds |= (0 if outcomes.numbers is None else outcomes.numbers) < condition.bound
    elif condition.test == "above":
        holds |= (0 if outcomes.numbers is None else outcomes.numbers) > condition.bound
    elif condition.test == "has":
        wanted_bits = sum(1 << field.codes.index(code) for code in condition.values)
        if outcomes.codes is not None:
            holds = (outcomes.codes & np.uint64(wanted_bits)) != 0
    else:
        raise VerificationError(f"rules: test {condition.test!r} is not known")
    if UNKNOWN_KIND in outcomes.words:
        holds[outcomes.kinds == outcomes.words.index(UNKNOWN_KIND)] = condition.unknown
    return holds
