"""The words at the end of a name that say what the company does, taken from the right, longest first.

Data: trades.tsv. Two slips of a pen that keep every character are undone here in its common words, since they leave
what is no word: two neighbours exchanged (设建 for 建设), one written twice (工程程). Wrong characters stay.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from matcher.protocol.names import data

_LONGEST_SLIP = 4


class _Words(NamedTuple):
    """Entry numbers by spelling, exact words and slips apart; and by last character, lengths, longest first."""

    exact: dict[str, tuple[int, ...]]
    exact_lengths: dict[str, tuple[int, ...]]
    slips: dict[str, tuple[int, ...]]


@cache
def _words() -> _Words:
    exact: dict[str, tuple[int, ...]] = {word: (number,) for word, number in data.numbered("trades.tsv").items()}
    slips: dict[str, tuple[int, ...]] = {}
    common = [row[0] for row in data.rows("trades.tsv") if row[2] == "common"]
    for first in common:
        for slip in _slips(first) - exact.keys():
            slips.setdefault(slip, exact[first])
        for second in common:
            if len(first) == len(second) == 2:
                slips.setdefault(first[0] + second[0] + first[1] + second[1], exact[first] + exact[second])
    lengths: dict[str, set[int]] = {}
    for word in exact:
        lengths.setdefault(word[-1], set()).add(len(word))
    return _Words(exact, {last: tuple(sorted(sizes, reverse=True)) for last, sizes in lengths.items()}, slips)


def _slips(word: str) -> set[str]:
    exchanged = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)}
    doubled = {word[:i] + word[i] + word[i:] for i in range(len(word))}
    return exchanged | doubled


def number_of(word: str) -> int:
    """The number of the entry ``word`` spells; 0 if it is none."""
    return _words().exact.get(word, (0,))[0]


def take(text: str) -> tuple[int, tuple[int, ...]]:
    """Trade words at the end of ``text``: where they begin, and their entry numbers from left to right."""
    words = _words()
    end = len(text)
    taken: list[tuple[int, ...]] = []
    while end > 0:
        found = None
        for size in words.exact_lengths.get(text[end - 1], ()):
            if size <= end and (found := words.exact.get(text[end - size : end])) is not None:
                break
        else:
            for size in range(min(_LONGEST_SLIP, end), 1, -1):
                if (found := words.slips.get(text[end - size : end])) is not None:
                    break
        if found is None:
            break
        taken.append(found)
        end -= size
    return end, tuple(number for found in reversed(taken) for number in found)
