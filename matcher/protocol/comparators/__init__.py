"""The comparators that an agreement may name (design section 4). A rule's thresholds are theirs to interpret."""

from __future__ import annotations

from types import MappingProxyType

from matcher.protocol.comparators.company_name import CompanyName
from matcher.protocol.comparators.days import Days
from matcher.protocol.comparators.exact import Exact
from matcher.protocol.comparators.flags import Flags
from matcher.protocol.comparators.ratio import Ratio
from matcher.protocol.outcomes import Comparator, Comparators, Outcome

__all__ = ["COMPARATORS", "Comparator", "Outcome"]

_ALL: tuple[Comparator, ...] = (Exact(), CompanyName(), Ratio(), Days(), Flags())
COMPARATORS: Comparators = MappingProxyType({comparator.name: comparator for comparator in _ALL})
