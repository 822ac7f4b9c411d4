"""What changes a file's rows before they become records: due dates from the calendar, codes from local rules.

A reader that sees columns instead of rows asks for due dates by the cell they are counted from (``dues``). Rules leave
most rows as they are; ``hand_back`` says which ones they might change. Left to others: the changes themselves
(calendar/, local/), and flows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matcher.agency.calendar.due_dates import term, with_due_dates
from matcher.agency.calendar.workdays import Calendar
from matcher.agency.files.batches import RowSource
from matcher.agency.local.applying import KIND, LOOKS, STATE, Applying
from matcher.agency.local.settings import LocalRules
from matcher.agency.records.compiled import CellTest, DueDate
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

    def dues(self, columns: Sequence[Column]) -> list[DueDate] | None:
        """The columns of ``columns``, those of ``source``, whose empty cells the calendar fills in.

        None where one is counted from a column that is filled in itself, or that is no data.
        """
        names = {column.name for column in columns}
        found = [
            DueDate(column.name, column.due.after)
            for column in columns
            if column.due is not None and column.due.after in names
        ]
        data = _data(columns).keys() - {item.column for item in found}
        return found if all(item.after in data for item in found) else None

    def term(self, name: str) -> Callable[[str], str]:
        """What fills an empty cell of due column ``name``, by the cell to count from."""
        due = next(column.due for column in self.columns if column.name == name and column.due is not None)
        return term(due, self.calendar)

    def hand_back(self, columns: Sequence[Column]) -> list[list[CellTest]] | None:
        """Tests of cells in ``columns``, those of ``source``: a row for which all of one list hold might be changed.

        None where cells do not tell.
        """
        data = _data(columns)
        tests: list[list[CellTest]] = []
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


def _data(columns: Sequence[Column]) -> dict[str, Column]:
    return {column.name: column for column in columns if not column.link and not column.row_id}
