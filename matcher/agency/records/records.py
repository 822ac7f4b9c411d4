"""From rows of text cells to records: one for each link value a row names, normalised, with its content.

A row's cells are read once and shared by its records. Content is the JSON of [values, extras]: values are the
comparison fields in the flow's order (null is unknown), extras the file's own texts by column name (the link value's
normalised), which is what a reveal may show.

A problem rejects the records it concerns, by column and reason code, never with a value. A credit code whose check
fails is unknown, counted as a warning: the name decides then. Everything goes column by column, which takes a third of
the time of row by row. Left to others: how a cell is read (cells.py), which columns make a record (plan.py),
duplicates (blind/rows.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from matcher.agency.records import cells, faults
from matcher.agency.records.cells import Cells
from matcher.agency.records.plan import Layout, LinkColumn, plan
from matcher.agency.records.rejects import Reject
from matcher.protocol import normalise
from matcher.protocol.agreement.model import Column

MAX_ROW_ID = 64
SPARED = "spared"
_NULL = "null"
_SEPARATOR = b"\x1f"  # no normalised text holds a control character


@dataclass(slots=True)
class Group:
    """Records of one link column in file order, as parallel lists. ``column`` is its index among the agreement's."""

    column: int
    lines: list[int] = field(default_factory=list)
    row_ids: list[str] = field(default_factory=list)
    link_values: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Records:
    """What some rows gave. ``rejected`` counts records (a row that names none as one); each may have many problems.
    ``warned`` are lines with a credit code that does not check; ``warnings`` counts those codes, and under SPARED the
    records that, by what their row says, need no comparison."""

    groups: list[Group] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    rejected: int = 0
    warnings: Counter[str] = field(default_factory=Counter)
    warned: list[int] = field(default_factory=list)


class RecordReader:
    """Turns rows of one file into records. ``present`` are the indexes of the columns the file has, in cell order."""

    def __init__(self, layout: Layout, present: Sequence[int], units: Sequence[str]) -> None:
        self._fields = len(layout.fields)
        self._read_link = cells.link_reader(layout.normaliser)
        self._plan = plan(layout, present, units)

    def read(self, lines: Sequence[int], rows: Sequence[Sequence[str]]) -> Records:
        """The records of some rows."""
        result = Records()
        if not rows:
            return result
        texts = [list(map(str.strip, column)) for column in zip(*rows, strict=True)]
        row_ids, excluded = self._row_ids(lines, texts, result)
        read = [data.reader(texts[data.position]) for data in self._plan.data]
        for cell in read:
            result.warnings.update(cell.warnings)
            result.warned += [lines[index] for index in cell.warned]
        without = [line for index, line in enumerate(lines) if index not in excluded]
        everything = len(without)
        for link in self._plan.links:
            named = self._records(link, lines, texts, row_ids, excluded, read, result)
            if len(named) == everything:
                without = []
            elif without:
                without = [line for line in without if line not in named]
        result.rejected += len(without)
        result.rejects += [Reject(line, self._plan.links[0].column.name, "no-link") for line in without]
        return result

    def _row_ids(
        self, lines: Sequence[int], texts: list[list[str]], result: Records
    ) -> tuple[list[str] | None, frozenset[int]]:
        """The row ids, None when the link value stands for it; and the indexes of rows without a usable one."""
        if self._plan.row_id is None:
            return None, frozenset()
        position, column = self._plan.row_id
        row_ids = list(map(normalise.text, texts[position]))
        problems = row_id_problems(row_ids) | faults.find(texts[position])
        bad = frozenset(problems)
        result.rejected += len(bad)
        result.rejects += [Reject(lines[index], column.name, problems[index]) for index in sorted(bad)]
        return row_ids, bad

    def _records(
        self, link: LinkColumn, lines: Sequence[int], texts: list[list[str]], row_ids: list[str] | None,
        excluded: frozenset[int], read: list[Cells], result: Records,
    ) -> set[int]:  # fmt: skip
        """Add the records of one link column; returns the lines that name a value in it, or must have."""
        links = self._read_link(texts[link.position])
        applies = [_applies(conditions, read, len(lines)) for _number, conditions in link.concerns]
        problems = self._problems(link, links, applies, read)
        contents = self._contents(link, links, applies, read, texts)
        spared = _spared(link, read)
        group = Group(link.number)
        named = set()
        for index, value in enumerate(links.values):
            if index in excluded:
                continue
            line = lines[index]
            if index in spared:
                named.add(line)
                result.warnings[SPARED] += 1
                continue
            found = problems.get(index)
            if found is not None:
                named.add(line)
                result.rejected += 1
                result.rejects += [Reject(line, column, code) for column, code in found]
            elif value is not None:
                named.add(line)
                group.lines.append(line)
                group.row_ids.append(value if row_ids is None else row_ids[index])
                group.link_values.append(value)
                group.contents.append(contents[index])
        result.groups.append(group)
        return named

    def _problems(
        self, link: LinkColumn, links: Cells, applies: list[list[bool] | None], read: list[Cells]
    ) -> dict[int, list[tuple[str, str]]]:
        """By row index: (column name, code) of what is wrong with the record that ``link`` names there."""
        name = link.column.name
        problems = {index: [(name, code)] for index, code in links.problems.items()}
        if link.column.required:
            problems |= {index: [(name, "empty")] for index, cell in enumerate(links.values)
                         if cell is None and index not in problems}  # fmt: skip
        for (number, _conditions), concerned in zip(link.concerns, applies, strict=True):
            for index, code in read[number].problems.items():
                # A row whose link value is wrong is told its other faults as well, so that once is enough.
                is_named = links.values[index] is not None or index in links.problems
                if is_named and (concerned is None or concerned[index]):
                    problems.setdefault(index, []).append((self._plan.data[number].column.name, code))
        return problems

    def _contents(
        self,
        link: LinkColumn,
        links: Cells,
        applies: list[list[bool] | None],
        read: list[Cells],
        texts: list[list[str]],
    ) -> list[str]:
        """The JSON content of the record of each row. Written by a template: one formatting for a row."""
        fields: dict[int, str] = {place: _literal(text) for place, text in link.fixed.items()}
        slots: dict[int, list[str]] = {}
        extras = [[cells.quote(value or "") for value in links.values]]
        for (number, _conditions), concerned in zip(link.concerns, applies, strict=True):
            data = self._plan.data[number]
            shown = cells.named(data.column.name, texts[data.position])
            values = read[number].json
            if concerned is not None:
                shown = [text if applied else "" for text, applied in zip(shown, concerned, strict=True)]
                values = [text if applied else _NULL for text, applied in zip(values, concerned, strict=True)]
            extras.append(shown)
            if data.field >= 0:
                slots[data.field], fields[data.field] = values, "%s"
        head = ",".join(fields.get(place, _NULL) for place in range(self._fields))
        own = _literal(f"{cells.quote(link.column.name)}:")
        template = f"[[{head}],{{{_literal(link.extras)}{own}%s{'%s' * (len(extras) - 1)}}}]"
        columns = [slots[place] for place in sorted(slots)] + extras
        return [template % items for items in zip(*columns, strict=True)]


def row_id_ending(link: Column) -> bytes:
    """What follows the row id in the vault row id of an asking row, for the records of one link column."""
    return _SEPARATOR + link.name.encode()


def row_id_problems(row_ids: Sequence[str]) -> dict[int, str]:
    """Codes by position of what cannot be a row's own number."""
    return {
        index: "row-number-too-long" if row_id else "empty"
        for index, row_id in enumerate(row_ids)
        if not 0 < len(row_id) <= MAX_ROW_ID
    }


def _applies(conditions: tuple[tuple[int, str], ...], read: list[Cells], count: int) -> list[bool] | None:
    """For each row whether all conditions hold; None when there is nothing to ask."""
    if not conditions:
        return None
    result = [True] * count
    for number, wanted in conditions:
        result = [so_far and value == wanted for so_far, value in zip(result, read[number].values, strict=True)]
    return result


def _spared(link: LinkColumn, read: list[Cells]) -> frozenset[int]:
    """Indexes of the rows whose choice columns say that ``link`` needs no comparison, whatever its cell holds."""
    return frozenset(
        index for number, values in link.unless for index, value in enumerate(read[number].values) if value in values
    )


def _literal(text: str) -> str:
    return text.replace("%", "%%")
