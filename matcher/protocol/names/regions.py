"""The region at the start of a name: province, prefecture, county, each with or without its suffix.

Numbers are GB/T 2260 codes. A county that stands alone brings its prefecture and province with it when only one
county has that name. Data: regions.tsv. Whether a short name is a region or the brand (东方, 永安) is for splitting.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from matcher.protocol.names import data

_SUFFIXES = {4: ("市", "地区", "州"), 6: ("县", "市", "区")}
_PROVINCE, _PREFECTURE, _COUNTY = 2, 4, 6


class Region(NamedTuple):
    """``end``: characters used. A number is 0 where a level is not known. ``bare``: ends in a county without suffix."""

    end: int
    province: int
    prefecture: int
    county: int
    bare: bool


NOWHERE = Region(0, 0, 0, 0, False)


class _Entry(NamedTuple):
    code: str
    bare: bool


@cache
def _names() -> tuple[dict[str, list[_Entry]], dict[str, tuple[int, ...]]]:
    """Entries by name, highest level first; and by a name's first two characters, lengths of names, longest first."""
    entries: dict[str, list[_Entry]] = {}
    rows = data.rows("regions.tsv")
    official = {name for _, name, _ in rows}
    for code, name, others in rows:
        spellings = {name: False}
        for other in others.split():
            spellings[other] = other[-1] not in "省市县区旗州盟"
            if spellings[other]:
                for suffix in _SUFFIXES.get(len(code), ()):
                    if other + suffix not in official:
                        spellings.setdefault(other + suffix, False)
        for spelling, bare in spellings.items():
            entries.setdefault(spelling, []).append(_Entry(code, bare))
    lengths: dict[str, set[int]] = {}
    for spelling, found in entries.items():
        found.sort(key=lambda entry: (len(entry.code), entry.code))
        lengths.setdefault(spelling[:2], set()).add(len(spelling))
    return entries, {start: tuple(sorted(sizes, reverse=True)) for start, sizes in lengths.items()}


@cache
def _county_number(name: str) -> int:
    # Counties of one name share a number, so that 鼓楼区 alone and 南京市鼓楼区 do not contradict each other.
    return int(min(entry.code for entry in _names()[0][name] if len(entry.code) == _COUNTY))


def _next(text: str, start: int, within: str, level: int) -> tuple[int, str, bool, bool]:
    """The longest name at ``start`` below ``level`` inside ``within``: (end, code, bare, is the only one so named)."""
    entries, lengths = _names()
    for size in lengths.get(text[start : start + 2], ()):
        found = entries.get(text[start : start + size])
        if found is None or start + size > len(text):
            continue
        fitting = [entry for entry in found if len(entry.code) > level and entry.code.startswith(within)]
        if fitting:
            highest = len(fitting[0].code)
            alone = sum(len(entry.code) == highest for entry in fitting) == 1
            return start + size, fitting[0].code, fitting[0].bare, alone
    return start, "", False, False


def find(text: str, limit: int = _COUNTY) -> Region:
    """The region that ``text`` begins with, down to codes of ``limit`` digits; NOWHERE if there is none."""
    if text[:2] not in _names()[1]:
        return NOWHERE
    end, within, level, bare = 0, "", 0, False
    numbers = {_PROVINCE: 0, _PREFECTURE: 0, _COUNTY: 0}
    while level < limit:
        start = end
        next_end, code, next_bare, alone = _next(text, start, within, level)
        if not code or len(code) > limit:
            break
        end, bare, level = next_end, next_bare, len(code)
        if level == _COUNTY:
            numbers[_COUNTY] = _county_number(text[start:end])
            if not alone:
                break
        numbers[_PROVINCE] = int(code[:2])
        if level > _PROVINCE and code[2:4] != "90" and not _is_municipality(code):
            numbers[_PREFECTURE] = int(code[:4])
        within = code
    return Region(end, numbers[_PROVINCE], numbers[_PREFECTURE], numbers[_COUNTY], bare and level == _COUNTY)


def _is_municipality(code: str) -> bool:
    return code[:2] in ("11", "12", "31", "50")


def agree(one: Region, other: Region) -> bool:
    """Whether two regions can be the same place: no level on which both are known and differ."""
    return all(a == b or not a or not b for a, b in zip(one[1:4], other[1:4], strict=True))
