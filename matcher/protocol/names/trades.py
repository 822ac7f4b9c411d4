"""The words at the end of a name that say what the company does, taken from the right, longest first.

Data: trades.tsv. Slips of the pen in its common words are undone here, at home, since at the service no character of a
trade is left to compare: two neighbours exchanged (设建 for 建设, 建工设程 for 建设工程), one exchanged with the
brand's last (建衡筑 for 衡建筑), one written twice (工程程, 设设计), one of the same sound (健筑 for 建筑), one left
out (装饰程 for 装饰工程, 劳务遣 for 劳务派遣). Only where they leave what is no word, and only in words that are common
or long enough to tell.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from matcher.protocol.names import data, sounds

WORKS = "工程"
_BANK, _BANK_KINDS = "银行", ("商业", "农村")
_LONGEST_SLIP = 6
_TELLING_LENGTH = 3
_PAIR = 2
_SHORTEST_BRAND = 2
_Entries = tuple[int, ...]


class _Words(NamedTuple):
    """Entry numbers: of each word; of slips; by the sound of a common word and one of its characters, with its place;
    by a character that one common word begins or ends with and no other, or that is marked as standing for its word;
    of common words of two characters. ``lengths``: of words by last character. ``closing``: words that people leave out
    when they shorten a name."""

    exact: dict[str, _Entries]
    lengths: dict[str, tuple[int, ...]]
    slips: dict[str, _Entries]
    sounds: dict[tuple[int, int, int, str], _Entries]
    lone: dict[str, _Entries]
    pairs: dict[str, _Entries]
    closing: frozenset[int]
    bank: _Entries
    bank_kinds: frozenset[_Entries]


@cache
def known_words() -> _Words:
    exact: dict[str, _Entries] = {word: (number,) for word, number in data.numbered("trades.tsv").items()}
    rows = data.rows("trades.tsv")
    common, frequent = _marked(rows, "common"), _marked(rows, "frequent")
    slips: dict[str, _Entries] = {}
    by_sound: dict[tuple[int, int, int, str], _Entries] = {}
    lone: dict[str, set[_Entries]] = {}
    pairs = {word: exact[word] for word in common if len(word) == 2}
    for first in common:
        for character in (first[0], first[-1]):
            lone.setdefault(character, set()).add(exact[first])
        for second in (*common, *frequent):
            slips.setdefault(first[:-1] + second[0] + first[-1] + second[1:], exact[first] + exact[second])
            slips.setdefault(second[:-1] + first[0] + second[-1] + first[1:], exact[second] + exact[first])
    for word in (*common, *frequent, *(word for word in exact if len(word) >= _TELLING_LENGTH)):
        for slip in _slips(word) - exact.keys():
            slips.setdefault(slip, exact[word])
        if len(word) == _PAIR:
            one, two = sounds.of(word)
            for place in (0, 1):
                by_sound.setdefault((one, two, place, word[place]), exact[word])
    alone = {character: exact[word] for word in _marked(rows, "alone") for character in word}
    lengths: dict[str, set[int]] = {}
    for word in exact:
        lengths.setdefault(word[-1], set()).add(len(word))
    by_last = {last: tuple(sorted(sizes, reverse=True)) for last, sizes in lengths.items()}
    return _Words(
        exact,
        by_last,
        slips,
        by_sound,
        {character: next(iter(found)) for character, found in lone.items() if len(found) == 1} | alone,
        pairs,
        frozenset(exact[row[0]][0] for row in rows if "closing" in row[2].split()),
        exact[_BANK],
        frozenset(exact[word] for word in _BANK_KINDS),
    )


def _slips(word: str) -> set[str]:
    exchanged = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1)}
    doubled = {word[:i] + word[i] + word[i:] for i in range(len(word))}
    omitted = {word[:i] + word[i + 1 :] for i in range(len(word))} if len(word) > _TELLING_LENGTH else set()
    return exchanged | doubled | omitted


def _marked(rows: list[list[str]], mark: str) -> list[str]:
    return [row[0] for row in rows if mark in row[2].split()]


def number_of(word: str) -> int:
    """The number of the entry ``word`` spells; 0 if it is none."""
    return known_words().exact.get(word, (0,))[0]


def spelling(number: int) -> str:
    """The word of entry ``number``."""
    return spellings()[number - 1]


@cache
def spellings() -> tuple[str, ...]:
    return tuple(row[0] for row in data.rows("trades.tsv"))


def closing(entries: _Entries) -> int:
    """How many of ``entries``, at their end, say little of what a firm does (科技, 发展, 控股 ...)."""
    known, count = known_words().closing, 0
    for number in reversed(entries):
        if number not in known:
            break
        count += 1
    return count


def take(text: str) -> tuple[str, _Entries]:
    """What stands before the trade words at the end of ``text``, and their entry numbers from left to right."""
    words = known_words()
    end = len(text)
    taken: list[_Entries] = []
    while end > 0:
        size, found = _exact(words, text, end)
        if words.bank in taken and found not in words.bank_kinds:
            # What a bank is called stands before the word, though it may be 农业 or 建设.
            break
        if size:
            end -= size
            if end > _SHORTEST_BRAND and text[end - 1] == text[end] and not _exact(words, text, end)[0]:
                end -= 1
        else:
            size, found = _slip(words, text, end)
            if size:
                end -= size
            elif end > _SHORTEST_BRAND + 1 and (moved := words.pairs.get(text[end - 3] + text[end - 1])) is not None:
                text, end, found = text[: end - 3] + text[end - 2], end - 2, moved
            else:
                break
        taken.append(found)
    return text[:end], tuple([number for found in reversed(taken) for number in found])


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
        if (left := words.lone.get(pair[1])) and _exact(words, text, end - 1)[0]:
            return 1, left
    return 0, ()
