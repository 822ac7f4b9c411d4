"""How a name is split into parts: account words and project off the end, region off the front, trade off the back.

Design section 4, "the name is normalised and split into parts". What is left in the middle is the brand (字号), the
part that names the firm. Nothing here compares; see verdict.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from matcher.protocol.names import data, fold, latin, regions, sounds, tails, trades
from matcher.protocol.names.parts import CAPS, EMPTY, NO, YES, NameParts
from matcher.protocol.names.regions import NOWHERE, Region

_CACHE_SIZE = 1 << 15
_ORDINALS = 2
_ORDINAL_LIMIT = 10_000
_LONGEST_NESTED = 16
_ORDINAL = re.compile(f"第({fold.ORDINAL_NUMERAL}{{1,6}})")
# 八一 and 五一 are days and brands, so two figures without 十 are no ordinal.
_LEADING_ORDINAL = re.compile("([一二三四五六七八九]|[二三四五六七八九]?十[一二三四五六七八九]?)(?=建|安|公司|工程)")
_BRACKET = re.compile(r"\(([^()]*)\)?")
_SUFFIXES = tuple("省市县区旗州盟")
_STRAY_SUFFIX = re.compile("[省市县区旗州盟](?=..)")
_LISTED = re.compile("^s?st(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])[abuw]$")
_BUREAU_BRANCH = re.compile(f"(?<=局)(?:集团)?({fold.NUMERAL}{{1,2}})公司")
_UNIONS, _UNION = ("工会", "工会委员会", "工会联合会"), "工会"
_OWN_DEPARTMENTS = ("经营部", "业务部")
_NUMBER = "#"
_GROUP, _BUILD = "集团", "建"
_CHINA, _IN_CHINA = "中国", "(中国)"
_BANK = re.compile("(.*?(?:银行|信用社|证券|保险|信托))(.*)")


class _Forms(NamedTuple):
    """``pattern`` finds a legal form: anywhere if it is ``whole``, at the end of the name if it was ``cut`` off."""

    pattern: re.Pattern[str]
    numbers: dict[str, int]
    whole: list[str]
    cut: list[str]


@cache
def known_forms() -> _Forms:
    numbers = data.numbered("legal_forms.tsv")
    forms = [word for word in numbers if fold.is_chinese(word)]
    whole = [word for word in forms if word.endswith(("公司", "企业")) and word != "公司"]
    cut = [word for word in forms if not word.endswith(("公司", "企业", "合伙"))]
    pattern = re.compile(f"{tails.any_of(whole)}|(?<![分子支])公司|{tails.any_of(cut)}$")
    return _Forms(pattern, numbers, whole, cut)


class _Aliases(NamedTuple):
    """Short ways to write what a name begins with, by their first two characters; and what stands anywhere in it.
    In those with a number, the pattern's group is the number, which the long form repeats."""

    beginnings: dict[str, list[tuple[str, str]]]
    anywhere: tuple[tuple[str, str], ...]
    numbered: dict[str, list[tuple[re.Pattern[str], str]]]


@cache
def known_aliases() -> _Aliases:
    beginnings: dict[str, list[tuple[str, str]]] = {}
    anywhere = []
    numbered: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    for short, long, mark in data.rows("aliases.tsv"):
        if _NUMBER in short:
            pattern = re.escape(short).replace(re.escape(_NUMBER), f"({fold.NUMERAL}{{1,3}})")
            numbered.setdefault(short[:2], []).append((re.compile(pattern), long.replace(_NUMBER, r"\1")))
        elif mark == "anywhere":
            anywhere.append((short, long))
        else:
            beginnings.setdefault(short[:2], []).append((short, long))
    return _Aliases(beginnings, tuple(anywhere), numbered)


class _Draft(NamedTuple):
    """``core``: the name up to its legal form. ``form``: the entry's number, 0 for none. ``tail``: a branch follows.
    ``addition``: what stood in brackets somewhere and belongs to the brand's end."""

    core: str
    form: int
    tail: bool
    addition: str = ""


@lru_cache(maxsize=_CACHE_SIZE)
def split(name: str) -> NameParts:
    """The parts of a name. All parts empty when the name holds nothing but punctuation."""
    if not fold.is_chinese(name):
        return _split_latin(fold.latin(name))
    folded = fold.chinese(name)
    if not folded.strip("()"):
        return EMPTY
    draft = _cut(_spelled_out(folded))
    core, group = draft.core, False
    if _GROUP in core:
        cleared = core.replace(f"({_GROUP})", "").replace(_GROUP, "")
        core, group = (cleared, True) if cleared else (core, False)
    if _IN_CHINA in core:
        core = core.replace(_IN_CHINA, "", 1)
        draft = draft._replace(addition=_CHINA)
    core, region = _without_brackets(core, _region(core) if core[:1] == core[1:2] else regions.find(core))
    return _assemble(core, region, draft, group)


def _spelled_out(name: str) -> str:
    aliases = known_aliases()
    for short, long in aliases.anywhere:
        if short in name:
            name = name.replace(short, long, 1)
    for short, long in aliases.beginnings.get(name[:2], ()):
        if name.startswith(short):
            return long + name[len(short) :]
    for pattern, long in aliases.numbered.get(name[:2], ()):
        if (found := pattern.match(name)) is not None:
            name = found.expand(long) + name[found.end() :]
    return _BUREAU_BRANCH.sub(r"第\1工程公司", name) if "局" in name else name


def _region(core: str) -> Region:
    """The region of a name whose first character is written twice, as a slip (四四川) or because a brand begins so."""
    region = regions.find(core)
    if region is not NOWHERE:
        return region
    region = regions.find(core[1:])
    return NOWHERE if region is NOWHERE or region.bare else region._replace(end=region.end + 1)


def _assemble(core: str, region: Region, draft: _Draft, group: bool) -> NameParts:
    rest = core[region.end :]
    if region.end and rest[:1] == core[region.end - 1] and rest[:1] in _SUFFIXES and not trades.number_of(rest[:2]):
        rest = rest[1:]
    ordinals: list[int] = []
    if "第" in rest:
        ordinals = [fold.numeral_value(numeral) for numeral in _ORDINAL.findall(rest)]
        rest = _ORDINAL.sub("", rest)
    if not ordinals and (leading := _LEADING_ORDINAL.match(rest)):
        ordinals, rest = [fold.numeral_value(leading[1])], rest[leading.end() :]
    brand, trade = trades.take(rest)
    if ordinals and brand == _BUILD:
        # 五建 is 第五建筑公司: in 五建建筑公司 the word stands twice.
        brand, trade = "", trade if trade[:1] == _builders() else _builders() + trade
    elif not brand and not ordinals and len(trade) > 1 and trade[0] in _brand_words():
        brand, trade = trades.spelling(trade[0]), trade[1:]
    if region.bare and (len(brand) == 1 or (not brand and not ordinals)):
        # 永安 + 行, 东方 + 建设: the short name of a county was the brand, or the beginning of it.
        return _assemble(core, regions.find(core, 4) if region.prefecture or region.province else NOWHERE, draft, group)
    if not brand and not ordinals and region.county_name:
        # 云溪县交通工程公司 is called by its county, and written 云溪交通工程公司: then the county is the brand.
        brand = region.county_name
    if region is NOWHERE and _STRAY_SUFFIX.match(brand):
        brand = brand[1:]
    if "(" in brand or ")" in brand:
        brand = brand.replace("(", "").replace(")", "")
    return _parts(region, tuple(ordinals), draft, group, trade, brand + draft.addition)


def _parts(
    region: Region, ordinals: tuple[int, ...], draft: _Draft, group: bool, trade: tuple[int, ...], brand: str
) -> NameParts:  # fmt: skip
    brand = brand[: CAPS.brand]
    works = trade[-1:] == works_entry()
    trade = trade[:-1] if works else trade
    closing = trades.closing(trade)
    word = trades.spelling(trade[0]) if trade else ""
    closing_start = len(trade) - min(closing, CAPS.closing)
    return NameParts(
        (region.province,) if region.province else (),
        (region.prefecture,) if region.prefecture else (),
        (region.county,) if region.county else (),
        (_one_number(ordinals),),
        (draft.form,) if draft.form else (),
        YES if group else NO,
        YES if works else NO,
        YES if draft.tail else NO,
        trade[:closing_start][: CAPS.trade],
        trade[closing_start:],
        tuple(map(ord, brand)),
        sounds.of(brand[: CAPS.sound]),
        (ord(brand[-1]) if brand else 0, ord(word[0]) if word else 0, ord(word[-1]) if word else 0),
    )


def _one_number(ordinals: tuple[int, ...]) -> int:
    number = 0
    for ordinal in ordinals[:_ORDINALS]:
        number = number * _ORDINAL_LIMIT + ordinal % _ORDINAL_LIMIT
    return number


@cache
def _builders() -> tuple[int, ...]:
    return (trades.number_of("建筑"),)


@cache
def _brand_words() -> frozenset[int]:
    """Words of trade that firms use as a brand, too (创业, 通达)."""
    return frozenset(number for number, row in enumerate(data.rows("trades.tsv"), 1) if "brand" in row[2].split())


@cache
def works_entry() -> tuple[int, ...]:
    return (trades.number_of(trades.WORKS),)


def _cut(name: str) -> _Draft:
    """Find where the company's own name ends, and what follows it."""
    forms = known_forms()
    found = forms.pattern.search(name)
    if found is None or found.start() == 0:
        return _cut_without_form(name)
    core, rest = name[: found.start()], name[found.end() :]
    form = forms.numbers[found[0]]
    if rest.endswith(_UNIONS):
        # The union of a company has accounts of its own and is another legal person.
        return _Draft(core, form, False, _UNION)
    while rest and (nested := forms.pattern.search(rest)) is not None:
        # A company inside a group: 某某集团有限公司第八建筑工程公司. A project's name may hold a company's name too, so
        # nothing but a branch may follow.
        inner = rest[: nested.start()]
        after, _ = tails.strip(rest[nested.end() :])
        is_trade = inner and not trades.take(inner)[0]
        if not inner or len(inner) > _LONGEST_NESTED or "(" in inner or (after.strip("()") and not is_trade):
            break
        core, rest, form = core + inner, rest[nested.end() :], forms.numbers[nested[0]]
    return _Draft(core, form, tails.strip(rest)[1])


def _cut_without_form(name: str) -> _Draft:
    # Without a company before it, a 经营部 is a business of its own.
    core, tail = (name, False) if name.endswith(_OWN_DEPARTMENTS) else tails.strip(_LISTED.sub("", name))
    if tail and (bank := _BANK.fullmatch(core)):
        core = bank[1]
    if core.endswith("股份") and len(core) > 2:
        core = core[:-2]
    return _Draft(core, 0, tail)


def _without_brackets(core: str, region: Region) -> tuple[str, Region]:
    """Brackets resolved: a place in them is the region if the name does not begin with one; other words stay.

    A place in brackets that contradicts the short name of a county before it shows that to be the brand.
    """
    if "(" not in core:
        return core, region
    for inner in _BRACKET.findall(core):
        found = regions.find(inner)
        is_place = inner != "" and found.end == len(inner)
        if is_place and (region.end == 0 or (region.bare and not regions.agree(region, found))):
            return core.replace(f"({inner})", "", 1), found._replace(end=0, bare=False)
    return core, region


def _split_latin(words: list[str]) -> NameParts:
    if not words:
        return EMPTY
    name = latin.take_apart(words, known_forms().numbers)
    draft = _Draft("", name.form, name.branch)
    return _parts(NOWHERE, name.ordinals, draft, False, name.trade, name.brand)
