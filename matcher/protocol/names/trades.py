"""The words at the end of a name that say what the company does, taken from the right, longest first.

Data: trades.tsv. Slips of the pen in its common words are undone here, at home, since at the service no character of a
trade is left to compare: two neighbours exchanged (设建 for 建设), one written twice (工程程), one of the same sound
(健筑 for 建筑), one left out at the end (装饰程 for 装饰工程). Only where they leave what is no word.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from matcher.protocol.names import data, sounds

WORKS = "工程"
_LONGEST_SLIP = 4
_SHORTEST_BRAND = 2
_Entries = tuple[int, ...]


class _Words(NamedTuple):
    """Entry numbers: of each word; of slips; by the sound of a common word and one of its characters, with its place;
    by the last character of a common word, 0 if several end in it. ``lengths``: of words by last character."""

    exact: dict[str, _Entries]
    lengths: dict[str, tuple[int, ...]]
    slips: dict[str, _Entries]
    sounds: dict[tuple[int, int, int, str], _Entries]
    lasts: dict[str, _Entries]


@cache
def _words() -> _Words:
    exact: dict[str, _Entries] = {word: (number,) for word, number in data.numbered("trades.tsv").items()}
    common = [row[0] for row in data.rows("trades.tsv") if row[2] == "common"]
    slips: dict[str, _Entries] = {}
    by_sound: dict[tuple[int, int, int, str], _Entries] = {}
    lasts: dict[str, _Entries] = {}
    for first in common:
        for slip in _slips(first) - exact.keys():
            slips.setdefault(slip, exact[first])
        if len(first) == 2:
            one, two = sounds.of(first)
            for place in (0, 1):
                by_sound.setdefault((one, two, place, first[place]), exact[first])
            lasts[first[1]] = () if first[1] in lasts else exact[first]
            for second in common:
                if len(second) == 2:
                    slips.setdefault(first[0] + second[0] + first[1] + second[1], exact[first] + exact[second])
    lengths: dict[str, set[int]] = {}
    for word in exact:
        lengths.setdefault(word[-1], set()).add(len(word))
    by_last = {last: tuple(sorted(sizes, reverse=True)) for last, sizes in lengths.items()}
    return _Words(exact, by_last, slips, by_sound, {last: entries for last, entries in lasts.items() if entries})


def _slips(word: str) -> set[str]:
    exchanged = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)}
    doubled = {word[:i] + word[i] + word[i:] for i in range(len(word))}
    return exchanged | doubled


def number_of(word: str) -> int:
    """The number of the entry ``word`` spells; 0 if it is none."""
    return _words().exact.get(word, (0,))[0]


def take(text: str) -> tuple[int, _Entries]:
    """Trade words at the end of ``text``: where they begin, and their entry numbers from left to right."""
    words = _words()
    end = len(text)
    taken: list[_Entries] = []
    while end > 0:
        size, found = _exact(words, text, end)
        if not size:
            size, found = _slip(words, text, end)
        if not size:
            break
        taken.append(found)
        end -= size
    return end, tuple([number for found in reversed(taken) for number in found])


def _exact(words: _Words, text: str, end: int) -> tuple[int, _Entries]:
    for size in words.lengths.get(text[end - 1], ()):
        if size <= end and (found := words.exact.get(text[end - size : end])) is not None:
            return size, found
    return 0, ()


def _slip(words: _Words, text: str, end: int) -> tuple[int, _Entries]:
    for size in range(min(_LONGEST_SLIP, end), 1, -1):
        if (found := words.slips.get(text[end - size : end])) is not None:
            return size, found
    if end >= 2 + _SHORTEST_BRAND:
        pair = text[end - 2 : end]
        one, two = sounds.of(pair)
        found = words.sounds.get((one, two, 0, pair[0])) or words.sounds.get((one, two, 1, pair[1]))
        if found is not None:
            return 2, found
        if end == len(text) and (missing := words.lasts.get(pair[1])) and _exact(words, text, end - 1)[0]:
            return 1, missing
    return 0, ()
