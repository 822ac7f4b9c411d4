"""Where a table's header is, and which cell of a row feeds which column of the agreement.

Office tables carry a title, a unit and a date above the header, and group their columns under a merged first row. So
the first rows are tried, each alone and with the next, and the one that names most columns is the header; whether it
suffices is decided then. Headers the agreement does not know are not read at all: what nobody agreed on does not
enter. Left to others: spellings (spellings.py), cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from matcher.agency.files.mappings import SourceMapping
from matcher.agency.files.spellings import YUAN, Found, Spellings, stated_unit, unit_in
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError
from matcher.text import _

HEAD_ROWS = 20  # how far down a header is looked for


class Place(NamedTuple):
    """One column of the agreement in a file: its cell's position in a row, its unit of money, its header there."""

    position: int
    column: Column
    unit: str
    header: str


@dataclass(frozen=True, slots=True)
class Header:
    """``last`` is the index, among the rows looked at, of the header's last row; ``rows`` are one or two.

    ``texts`` are all its headers, in file order; ``places`` those that are read, in the agreement's order; ``absent``
    the columns of the agreement that the file does not have.
    """

    last: int
    rows: int
    texts: tuple[str, ...]
    places: tuple[Place, ...]
    absent: tuple[str, ...]

    @property
    def ignored(self) -> tuple[str, ...]:
        """Headers that are not read."""
        read = {place.position for place in self.places}
        return tuple(text for position, text in enumerate(self.texts) if text.strip() and position not in read)


class _Candidate(NamedTuple):
    last: int
    rows: int
    texts: tuple[str, ...]
    found: tuple[Found | None, ...]
    spellings: Spellings

    def score(self) -> tuple[bool, int, int, int, int, int]:
        named = [item for item in self.found if item is not None]
        mapping = self.spellings.mapping
        return (
            not self.spellings.absent(self.texts),
            len({item.column.name for item in named}),
            len(mapping.entries) if mapping else 0,
            sum(bool(item.unit) for item in named),
            -self.rows,
            -self.last,
        )


def find_header(
    file: str,
    head: Sequence[Sequence[str]],
    columns: Sequence[Column],
    mappings: Sequence[SourceMapping] = (),
) -> Header:
    """The header among the rows of ``head``. With mappings, the one that fits best is used.

    Raises InputError, naming ``file`` and column, for no known header, a missing required column, one that stands
    twice, no link column at all, or headers of every mapping that are not there.
    """
    best = _best(head, columns, mappings)
    if best is None or not any(best.found):
        # One cell holding known headers between separators would have been split; so this is another table.
        raise InputError(
            f"{file}: the first {HEAD_ROWS} lines have no header that the agreement knows",
            code="header-unknown",
            remedy="Give the columns these headers, or map your own with --map: "
            + ", ".join(map(_shown, Spellings(columns).columns)),
        )
    if absent := best.spellings.absent(best.texts):
        raise InputError(
            f"{file}: mapping {best.spellings.mapping.name if best.spellings.mapping else ''}: "
            f"these headers are not in the file: {', '.join(absent)}",
            code="mapping-unfit",
            remedy="Give the mapping of this file's source, or save it anew with `concordat check --map`.",
        )
    first = best.last - best.rows + 1
    unit = next((unit for row in reversed(head[:first]) if (unit := stated_unit(row))), "")
    places = _places(file, best, columns, unit)
    present = {place.column.name for place in places}
    absent = tuple(_shown(column) for column in best.spellings.columns if column.name not in present)
    return Header(best.last, best.rows, best.texts, places, absent)


def fits(head: Sequence[Sequence[str]], columns: Sequence[Column], mappings: Sequence[SourceMapping] = ()) -> int:
    """How many columns the best header names; 0 when what is needed is not all there."""
    best = _best(head, columns, mappings)
    if best is None or best.spellings.absent(best.texts):
        return 0
    try:
        return len(_places("", best, columns, ""))
    except InputError:
        return 0


def named(head: Sequence[Sequence[str]], columns: Sequence[Column], mappings: Sequence[SourceMapping] = ()) -> int:
    """How many columns the best header names, enough of them or not."""
    best = _best(head, columns, mappings)
    return 0 if best is None else best.score()[1]


def _best(
    head: Sequence[Sequence[str]], columns: Sequence[Column], mappings: Sequence[SourceMapping]
) -> _Candidate | None:
    every = [Spellings(columns, mapping) for mapping in mappings] or [Spellings(columns)]
    return max(_candidates(head, every), key=_Candidate.score, default=None)


def _candidates(head: Sequence[Sequence[str]], every: Iterable[Spellings]) -> Iterator[_Candidate]:
    for spellings in every:
        for index, row in enumerate(head):
            texts = tuple(row)
            yield _Candidate(index, 1, texts, tuple(map(spellings.find, texts)), spellings)
            if index:
                joined = _joined(head[index - 1], row, spellings)
                if joined is not None:
                    yield _Candidate(index, 2, *joined, spellings)


def _joined(
    above: Sequence[str], below: Sequence[str], spellings: Spellings
) -> tuple[tuple[str, ...], tuple[Found | None, ...]] | None:
    """Two rows as one header. A cell above that is empty is taken to belong to the filled one at its left.

    None when something unknown stands under a known header: then the lower row is the first record, whose cells must
    be neither lost nor shown.
    """
    texts: list[str] = []
    found: list[Found | None] = []
    group = ""
    for position in range(max(len(above), len(below))):
        own = above[position] if position < len(above) else ""
        lower = below[position] if position < len(below) else ""
        group = own if own.strip() else group
        if not lower.strip():
            choices = [own]
        elif not group.strip():
            choices = [lower]
        else:
            choices = [group + lower, lower, f"{group}({lower})"]
        text, item = next(
            ((text, item) for text in choices if (item := spellings.find(text)) is not None), (choices[0], None)
        )
        if item is None and lower.strip() and spellings.find(own) is not None:
            return None
        if item is not None and not item.unit and group:
            item = item._replace(unit=unit_in(group))
        texts.append(text)
        found.append(item)
    return tuple(texts), tuple(found)


def _places(file: str, candidate: _Candidate, columns: Sequence[Column], unit: str) -> tuple[Place, ...]:
    places: dict[str, Place] = {}
    for position, item in enumerate(candidate.found):
        if item is None:
            continue
        column = item.column
        if column.name in places:
            raise InputError(
                f"{file}: column {column.name} stands twice, as column {places[column.name].position + 1} and "
                f"{position + 1}",
                code="header-twice",
                remedy="Remove or rename one of the two headers, or say which with --map HEADER=COLUMN.",
            )
        places[column.name] = Place(
            position, column, item.unit or unit or YUAN, " ".join(candidate.texts[position].split())
        )
    missing = [column for column in candidate.spellings.columns if column.required and column.name not in places]
    if missing:
        # By position only: what looks like a header may be a record.
        every = zip(candidate.texts, candidate.found, strict=True)
        unknown = [str(place) for place, (text, item) in enumerate(every, 1) if item is None and text.strip()]
        there = _(" (columns not known: {places})", places=", ".join(unknown)) if unknown else ""
        raise InputError(
            f"{file}: required columns are missing: {', '.join(_shown(column) for column in missing)}{there}",
            code="header-missing",
            remedy="Add the columns, correct the spelling of their headers, or map them: --map HEADER=COLUMN.",
        )
    if not any(place.column.link for place in places.values()):
        links = ", ".join(_shown(column) for column in candidate.spellings.columns if column.link)
        raise InputError(
            f"{file}: none of the columns to compare by is there: {links}",
            code="header-missing",
            remedy="Add one of them, or map it: --map HEADER=COLUMN.",
        )
    return tuple(places[column.name] for column in columns if column.name in places)


def _shown(column: Column) -> str:
    return f"{column.headers[0]} ({column.name})"
