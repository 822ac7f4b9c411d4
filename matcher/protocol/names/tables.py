"""What splitting knows, as plain tables: for a program that splits plain names by the same knowledge (native/).

Such a program leaves every other name to ``split``, and is held to it by tests; see native/src/names.rs.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any, NamedTuple

from matcher.protocol.names import fold, regions, sounds, splitting, trades

# CJK Unified Ideographs, all of which Unicode normalisation leaves alone. Names hold few others.
_IDEOGRAPHS = range(0x4E00, 0xA000)
_COUNTY = 6


class Places(NamedTuple):
    """See regions.py; ``names`` have (code, bare), ``county_numbers`` are by the name of a county."""

    names: Mapping[str, list[tuple[str, bool]]]
    lengths: Mapping[str, tuple[int, ...]]
    first_codes: Mapping[str, str]
    county_numbers: Mapping[str, int]
    seats: Set[str]


class Words(NamedTuple):
    """See trades.py."""

    exact: Mapping[str, tuple[int, ...]]
    lengths: Mapping[str, tuple[int, ...]]
    slips: Mapping[str, tuple[int, ...]]
    sounds: Mapping[tuple[int, int, int, str], tuple[int, ...]]
    lone: Mapping[str, tuple[int, ...]]
    pairs: Mapping[str, tuple[int, ...]]
    closing: Set[int]
    bank: tuple[int, ...]
    bank_kinds: Set[tuple[int, ...]]
    works: int
    spellings: tuple[str, ...]


def tables() -> dict[str, Any]:
    """The arguments of the native crate's NameSplitter."""
    forms, aliases = splitting.known_forms(), splitting.known_aliases()
    return {
        "folded": _folded(),
        "beginnings": [short for found in aliases.beginnings.values() for short, _long in found] + [*aliases.numbered],
        "anywhere": [short for short, _long in aliases.anywhere],
        "whole": _numbered(forms.whole, forms.numbers),
        "cut": _numbered(forms.cut, forms.numbers),
        "company": forms.numbers["公司"],
        "syllables": sounds.table(),
        "own_sound": sounds.OWN_SOUND,
        "places": _places(),
        "words": Words(*trades.known_words(), works=splitting.works_entry()[0], spellings=trades.spellings()),
    }


def _folded() -> dict[str, str]:
    """What each ideograph is written as, if as one character: others have rules of their own."""
    written = fold.ideographs()
    folded = {chr(code): written.get(code, chr(code)) for code in _IDEOGRAPHS}
    return {character: simplified for character, simplified in folded.items() if len(simplified) == 1}


def _numbered(words: list[str], numbers: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(word, numbers[word]) for word in sorted(words, key=len, reverse=True)]


def _places() -> Places:
    entries, lengths = regions.known()
    counties = [name for name, found in entries.items() if any(len(entry.code) == _COUNTY for entry in found)]
    return Places(
        {name: [(entry.code, entry.bare) for entry in found] for name, found in entries.items()},
        lengths,
        regions.first_codes(),
        {name: regions.county_number(name) for name in counties},
        regions.seats(),
    )
