"""Ways of writing one character folded to one: width, case, traditional forms, brackets, numerals, punctuation.

Follows design section 4, "the name is normalised". Folding looks at characters only; what they say is for splitting.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from matcher.protocol.names import data

_DIGITS = "零一二三四五六七八九"
_NUMERALS = {character: value for value, character in enumerate(_DIGITS)} | {"〇": 0, "两": 2}
_NUMERALS |= {character: value for value, character in enumerate("壹贰叁肆伍陆柒捌玖", 1)}
_TENS, _HUNDREDS = "十拾", "百佰"
_ROMANS_TO_TWELVE = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_ROMANS = {roman: value for value, roman in enumerate(_ROMANS_TO_TWELVE, 1)}
_ROMAN = re.compile("(?<=第)(?:" + "|".join(sorted(_ROMANS, key=len, reverse=True)) + ")(?![a-z])")
_CONTRACTED = {ord("廿"): "二十", ord("卅"): "三十"}
NUMERAL = "[零〇一二三四五六七八九十两壹贰叁肆伍陆柒捌玖拾]"
# 百 begins brands (百安, 百建): it counts as a numeral only behind 第.
ORDINAL_NUMERAL = "[零〇一二三四五六七八九十百两壹贰叁肆伍陆柒捌玖拾佰]"
_CHINESE = re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")
_ARABIC = re.compile(r"(?<![0-9a-z])[0-9]+(?![0-9a-z])")
_WORD = re.compile(r"[^\W_]+")
_MARKS = re.compile("[.'’\u0300-\u036f]")
_OPENING, _CLOSING = "([{<【〔〖「『〈《⟨", ")]}>】〕〗」』〉》⟩"


def is_chinese(name: str) -> bool:
    """Whether any Chinese character is in ``name``."""
    return _CHINESE.search(name) is not None


@cache
def table() -> dict[int, str | None]:
    # Over the whole plane, once: a character that is neither letter, digit nor bracket says nothing in a Chinese name.
    table: dict[int, str | None] = {}
    for code in range(0x10000):
        character = chr(code)
        if unicodedata.category(character)[0] not in "LN":
            table[code] = None
        elif (lower := character.lower()) != character and len(lower) == 1:
            table[code] = lower
    table |= ideographs()
    table |= dict.fromkeys(map(ord, _OPENING), "(") | dict.fromkeys(map(ord, _CLOSING), ")")
    return table


@cache
def ideographs() -> dict[int, str]:
    """What an ideograph is written as, where it is not written as itself."""
    return _CONTRACTED | {
        ord(other): simplified for simplified, others in data.rows("characters.tsv") for other in others
    }


def chinese(name: str) -> str:
    """A name in Chinese characters, folded: no spaces or punctuation but "(" and ")"; numbers in Chinese numerals."""
    if not unicodedata.is_normalized("NFKC", name):
        name = unicodedata.normalize("NFKC", name)
    name = name.translate(table())
    if "第" in name:
        name = _ROMAN.sub(lambda found: str(_ROMANS[found[0]]), name)
    return _ARABIC.sub(_in_chinese, name)


def _in_chinese(found: re.Match[str]) -> str:
    digits = found[0]
    if len(digits) > 2:
        return "".join(_DIGITS[int(digit)] for digit in digits)
    tens, ones = divmod(int(digits), 10)
    if tens == 0:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + ("" if ones == 0 else _DIGITS[ones])


def numeral_value(numeral: str) -> int:
    """The number that a run of ``ORDINAL_NUMERAL`` characters writes: 二十 is 20, 一二 is 12, 一百零五 is 105."""
    for mark in _HUNDREDS:
        before, found, after = numeral.partition(mark)
        if found:
            return (_read(before) or 1) * 100 + (numeral_value(after) if after else 0)
    tens, ten, ones = numeral, "", ""
    for mark in _TENS:
        before, found, after = numeral.partition(mark)
        if found:
            tens, ten, ones = before, found, after
            break
    if not ten:
        return _read(numeral)
    return (_read(tens) or 1) * 10 + _read(ones)


def _read(digits: str) -> int:
    value = 0
    for digit in digits:
        value = value * 10 + _NUMERALS.get(digit, 0)
    return value


def latin(name: str) -> list[str]:
    """The words of a name in Latin letters: no accents, lower case, split at all but letters and digits."""
    plain = unicodedata.normalize("NFKD", name).casefold().replace("&", " and ")
    return _WORD.findall(_MARKS.sub("", plain))
