"""The parts of a name in words again, for whoever holds the name: what ``concordat explain`` shows.

Numbers of the pinned data go back to the entries they stand for; the reverse of splitting, as far as there is one.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from matcher.protocol.names import data, sounds, trades
from matcher.protocol.names.parts import YES, NameParts, Numbers


class NameWords(NamedTuple):
    """Texts are empty, ``ordinal`` is 0, where the name does not say."""

    province: str
    prefecture: str
    county: str
    ordinal: int
    brand: str
    sound: tuple[str, ...]
    trade: tuple[str, ...]
    works: bool
    form: str
    group: bool
    branch: bool


def words(parts: NameParts) -> NameWords:
    """What ``parts`` of a plain name stand for."""
    return NameWords(
        _region(parts.province, 2),
        _region(parts.prefecture, 4),
        _region(parts.county, 6),
        parts.ordinal[0] if parts.ordinal else 0,
        "".join(map(chr, parts.brand)),
        tuple([_syllable(number) for number in parts.sound]),
        tuple([trades.spelling(number) for number in parts.trade + parts.closing]),
        parts.works == YES,
        _forms()[parts.form[0] - 1] if parts.form else "",
        parts.group == YES,
        parts.tail == YES,
    )


@cache
def _regions() -> dict[str, str]:
    return {code: name for code, name, _ in data.rows("regions.tsv")}


def _region(part: Numbers, size: int) -> str:
    return _regions()[f"{part[0]:0{size}}"] if part else ""


@cache
def _syllables() -> tuple[str, ...]:
    return tuple(syllable for syllable, _ in data.rows("pinyin.tsv"))


def _syllable(number: int) -> str:
    return chr(number - sounds.OWN_SOUND) if number > sounds.OWN_SOUND else _syllables()[number - 1]


@cache
def _forms() -> tuple[str, ...]:
    return tuple(spellings.split()[0] for _, spellings in data.rows("legal_forms.tsv"))
