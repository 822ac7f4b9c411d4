"""What changes a file's rows before they become records: due dates from the calendar, codes from local rules.

Both look at a few cells and leave most rows as they are. ``hand_back`` says which rows they might change, for a reader
that sees columns instead of rows. Left to others: the changes themselves (calendar/, local/), and flows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matcher.agency.calendar.due_dates import with_due_dates
from matcher.agency.calendar.workdays import Calendar
from matcher.agency.files.batches import RowSource
from matcher.agency.local.applying import KIND, LOOKS, STATE, Applying
from matcher.agency.local.settings import LocalRules
from matcher.agency.records.compiled import CellTest
from matcher.protocol.agreement.model import Column


@dataclass(frozen=True, slots=True)
class Amending:
    """One submission's. ``columns`` are the side's in the agreement, ``codes`` those of its flags; ``rules`` is None
    where there are no local rules."""

    columns: tuple[Column, ...]
    codes: tuple[str, ...]
    calendar: Calendar
    rules: LocalRules | None

    def source(self, source: RowSource) -> tuple[RowSource, Applying | None]:
        """``source`` as its rows become records; what local rules count, grows with them."""
        source = with_due_dates(source, self.columns, self.calendar)
        if self.rules is None:
            return source, None
        applying = Applying(self.rules, self.columns, self.codes, None)
        return applying.source(source), applying

    def hand_back(self, columns: Sequence[Column]) -> list[list[CellTest]] | None:
        """Tests of cells in ``columns``, those of ``source``: a row for which all of one list hold might be changed.

        None where cells do not tell.
        """
        data = {column.name: column for column in columns if not column.link and not column.row_id}
        tests = [
            [CellTest("blank", column.name), CellTest("filled", column.due.after)]
            for column in data.values()
            if column.due is not None and any(other.name == column.due.after for other in columns)
        ]
        names = {column.name for column in columns}
        if self.rules is not None and KIND in names:
            in_force = self.rules.enabled & frozenset(self.codes)
            for look in LOOKS:
                if look.filled in names and (not look.code or look.code in in_force):
                    tests.append([CellTest("is", KIND, look.kinds), CellTest("filled", look.filled)])
                    if look.blank in names:
                        tests[-1].append(CellTest("blank", look.blank))
                    if look.filled == STATE and STATE in data and data[STATE].type == "text":
                        # Ordinary states give no code. One that is written in another way is handed back.
                        tests[-1][1] = CellTest("other", STATE, self.rules.ordinary())
            if tests and (KIND not in data or data[KIND].type != "choice"):
                return None
        return tests if all(test.column in data for group in tests for test in group) else None
