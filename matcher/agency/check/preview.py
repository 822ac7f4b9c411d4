"""The first records as they would be compared, so that a clerk sees whether the columns were understood.

It is the clerk's own content, shown on the clerk's own screen: a preview is printed to a terminal and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from matcher.agency.check.terms import SideTerms
from matcher.agency.records.records import Group
from matcher.protocol.agreement.model import Field
from matcher.text import _

PREVIEW_RECORDS = 3
_EPOCH = date(1970, 1, 1)


class Preview:
    """Keeps the first records."""

    def __init__(self, terms: SideTerms) -> None:
        self._terms = terms
        self._found: list[tuple[int, int, str, str, str]] = []

    def __repr__(self) -> str:
        return f"Preview({len(self._found)} records)"

    def add(self, groups: Sequence[Group]) -> None:
        """Take what is still wanted of the records of one batch."""
        if len(self._found) >= PREVIEW_RECORDS:
            return
        for group in groups:
            parts = (group.lines, group.row_ids, group.link_values, group.contents)
            for line, row_id, link, content in zip(*(part[:PREVIEW_RECORDS] for part in parts), strict=True):
                self._found.append((line, group.column, row_id, link, content))
        self._found = sorted(self._found)[:PREVIEW_RECORDS]

    def headings(self) -> list[str]:
        """One column for each record, named by its line."""
        return ["", *(_("line {line}", line=record[0]) for record in self._found)]

    def rows(self) -> list[list[str]]:
        """What names a record, then each field that is compared, as a person reads it."""
        columns = self._terms.columns
        values = [json.loads(content)[0] for *_names, content in self._found]
        return [
            [_("row"), *(row_id for _line, _column, row_id, _link, _content in self._found)],
            [_("compared by"), *(columns[column].headers[0] for _line, column, *_rest in self._found)],
            [_("link value"), *(link for _line, _column, _row_id, link, _content in self._found)],
            *(
                [self._label(field), *(_shown(field, value[place]) for value in values)]
                for place, field in enumerate(self._terms.layout.fields)
            ),
        ]

    def _label(self, field: Field) -> str:
        """The header of the column that feeds ``field``; its name where records set it themselves."""
        return next((column.headers[0] for column in self._terms.columns
                     if column.feeds == field.name and column.headers), field.name)  # fmt: skip


def _shown(field: Field, value: Any) -> str:
    if value is None:
        return "?"
    if field.comparator == "ratio":
        return f"{value // 100:,}.{value % 100:02d}" if value >= 0 else f"-{-value // 100:,}.{-value % 100:02d}"
    if field.comparator == "days":
        return (_EPOCH + timedelta(days=value)).isoformat()
    if field.comparator == "flags":
        return ", ".join(code for place, code in enumerate(field.codes) if value >> place & 1) or "-"
    return str(value)
