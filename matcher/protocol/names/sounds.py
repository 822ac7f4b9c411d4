"""The syllable of a character: what two characters that sound alike have in common.

Data: pinyin.tsv, one reading a character, no tones: a clerk who types by sound picks the wrong character, not the wrong
tone. A table lookup for each character, since a name costs microseconds.
"""

from __future__ import annotations

from functools import cache

from matcher.protocol.names import data

OWN_SOUND = 1 << 21  # beyond every code point and every syllable


@cache
def table() -> dict[str, int]:
    """The number of each character's syllable: its place in the file, from 1."""
    return {
        character: number
        for number, (_, characters) in enumerate(data.rows("pinyin.tsv"), 1)
        for character in characters
    }


def of(text: str) -> tuple[int, ...]:
    """The syllables of ``text``; a character without a reading stands for itself, as OWN_SOUND and its code point."""
    syllables = table()
    return tuple([syllables.get(character) or OWN_SOUND + ord(character) for character in text])
