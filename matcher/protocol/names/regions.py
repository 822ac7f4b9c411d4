"""The region at the start of a name: province, prefecture, county, each with or without its suffix.

Numbers are GB/T 2260 codes. A county that stands alone brings its prefecture and province with it when only one
county has that name. Data: regions.tsv. Whether a short name is a region or the brand (东方, 永安) is for splitting.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from matcher.protocol.names import data

_SUFFIXES = {4: ("市", "地区", "州"), 6: ("县", "市", "区")}
_PROVINCE, _COUNTY = 2, 6
_SHORTEST = 2
_ONCE_COUNTIES = "81"
_NO_PREFECTURE = "90"  # counties directly under a province
_MUNICIPALITIES = ("11", "12", "31", "50")


class Region(NamedTuple):
    """``end``: characters used. A number is 0 where a level is not known. ``bare``: ends in a county without suffix.
    ``county_name``: the county's name without suffix, if one is named."""

    end: int
    province: int
    prefecture: int
    county: int
    bare: bool
    county_name: str = ""


NOWHERE = Region(0, 0, 0, 0, False)


class _Entry(NamedTuple):
    code: str
    bare: bool


@cache
def known() -> tuple[dict[str, list[_Entry]], dict[str, tuple[int, ...]]]:
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
def county_number(name: str) -> int:
    # Counties of one name share a number, so that 鼓楼区 alone and 南京市鼓楼区 do not contradict each other.
    return int(min(_first_code(entry.code) for entry in known()[0][name] if len(entry.code) == _COUNTY))


@cache
def first_codes() -> dict[str, str]:
    """The lowest code of each place that had several: a county made a city or a district, a prefecture made a city.

    伊宁市 and 伊宁县 are two places at one time; such cities have low codes, cities that were counties have high ones.
    """
    by_name: dict[tuple[str, str], str] = {}
    first: dict[str, str] = {}
    for code, name, others in sorted(data.rows("regions.tsv")):
        was_other = len(code) < _COUNTY or name.endswith("区") or code[4:] >= _ONCE_COUNTIES
        if len(code) > _PROVINCE and others and code[2:4] != _NO_PREFECTURE and was_other:
            first[code] = by_name.setdefault((code[:-2], others.split()[0]), code)
    return first


def _first_code(code: str) -> str:
    return first_codes().get(code, code)


@cache
def seats() -> frozenset[str]:
    """Codes of cities that bear the name of their prefecture and are its seat: 楚雄 is written for either."""
    short: dict[str, set[str]] = {}
    for code, name, others in data.rows("regions.tsv"):
        short[code] = {name, *others.split()}
    return frozenset(
        code
        for code, name, _ in data.rows("regions.tsv")
        if len(code) == _COUNTY and name.endswith("市") and name[:-1] in short.get(code[:4], ())
    )


def _next(text: str, start: int, within: str) -> tuple[int, _Entry | None, bool]:
    """The longest name at ``start`` of a place inside ``within``: end, entry, and whether no other has that name."""
    entries, lengths = known()
    for size in lengths.get(text[start : start + 2], ()):
        found = entries.get(text[start : start + size])
        # 定襄市政 is no city of 定襄.
        if found is None or start + size > len(text) or text[start + size - 1 : start + size + 1] == "市政":
            continue
        inside = [entry for entry in found if len(entry.code) > len(within) and entry.code.startswith(within)]
        if inside:
            highest, first = len(inside[0].code), _first_code(inside[0].code)
            alone = all(_first_code(entry.code) == first or len(entry.code) != highest for entry in inside[1:])
            return start + size, inside[0], alone
    return start, None, False


def find(text: str, limit: int = _COUNTY) -> Region:
    """The region that ``text`` begins with, down to codes of ``limit`` digits; NOWHERE if there is none."""
    end, within = 0, ""
    prefecture = county = 0
    bare, county_name = False, ""
    while len(within) < limit:
        next_end, entry, alone = _next(text, end, within)
        if entry is None or len(entry.code) > limit:
            break
        code = entry.code
        if len(code) == _COUNTY:
            if code not in seats():
                county = county_number(text[end:next_end])
            bare, county_name = entry.bare, _without_suffix(text[end:next_end])
            if not alone:
                end = next_end
                break
        if len(code) > _PROVINCE and code[2:4] != _NO_PREFECTURE and code[:2] not in _MUNICIPALITIES:
            prefecture = int(_first_code(code[:4]))
        end, within = next_end, code
    return Region(end, int(within[:2] or 0), prefecture, county, bare, county_name) if end else NOWHERE


def _without_suffix(name: str) -> str:
    return name[:-1] if len(name) > _SHORTEST and name[-1] in "市县区旗" else name


def agree(one: Region, other: Region) -> bool:
    """Whether two regions can be the same place: no level on which both are known and differ."""
    pairs = ((one.province, other.province), (one.prefecture, other.prefecture), (one.county, other.county))
    return all(first == second or not first or not second for first, second in pairs)
