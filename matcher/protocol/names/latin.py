"""A name in Latin letters taken apart, word by word from the end: branch, legal form, trade; then ordinals; the brand.

The words come folded (fold.latin). Nothing here knows regions: 北京 is on the map of the data, Beijing is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from matcher.protocol.names import trades

_THE, _NO, _AND = "the", "no", "and"
_BRANCHES = ("branch", "office", "zweigniederlassung", "succursale")
_ORDINALS = {
    word: number
    for number, words in enumerate(
        ("1st first", "2nd second", "3rd third", "4th fourth", "5th fifth", "6th sixth", "7th seventh", "8th eighth"), 1
    )
    for word in words.split()
}


class LatinName(NamedTuple):
    """``form``: the entry's number, 0 for none. ``trade``: entry numbers. ``branch``: the name is of a branch."""

    brand: str
    ordinals: tuple[int, ...]
    trade: tuple[int, ...]
    form: int
    branch: bool


def take_apart(words: list[str], forms: Mapping[str, int]) -> LatinName:
    """The parts of a name of at least one word; ``forms`` are the numbers of legal forms."""
    if words[0] == _THE and len(words) > 1:
        words = words[1:]
    branch = len(words) > 1 and words[-1] in _BRANCHES
    if branch:
        # Ruiheng Construction Ltd Beijing Branch: the firm's own name ends with its legal form.
        ends = [place for place, word in enumerate(words) if place and word in forms]
        words = words[: ends[-1] + 1] if ends else words[:-1]
    form = 0
    while len(words) > 1 and words[-1] in forms:
        form, words = max(form, forms[words[-1]]), words[:-1]
    trade: list[int] = []
    while len(words) > 1 and (number := trades.number_of(words[-1])):
        trade.insert(0, number)
        words = words[:-1]
        if words[-1] == _AND and len(words) > 2 and trades.number_of(words[-2]):
            words = words[:-1]
    ordinals, words = _ordinals(words)
    return LatinName("".join(words), ordinals, tuple(trade), form, branch)


def _ordinals(words: list[str]) -> tuple[tuple[int, ...], list[str]]:
    """The ordinals among the words (No. 2, 2nd, Second), and the other words."""
    ordinals: list[int] = []
    others: list[str] = []
    for place, word in enumerate(words):
        if word.isdecimal() and place and words[place - 1] == _NO:
            others.pop()
            ordinals.append(int(word))
        elif word in _ORDINALS:
            ordinals.append(_ORDINALS[word])
        else:
            others.append(word)
    return tuple(ordinals), others
