"""How a name is split into parts: account words and project off the end, region off the front, trade off the back.

Design section 4, "the name is normalised and split into parts". What is left in the middle is the brand (字号), the
part that names the firm. Nothing here compares; see verdict.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

from matcher.protocol.names import data, fold, regions, sounds, trades
from matcher.protocol.names.parts import CAPS, EMPTY, NameParts
from matcher.protocol.names.regions import NOWHERE, Region

_CACHE_SIZE = 1 << 15
_LONGEST_NESTED = 16
_SPECIAL_ACCOUNT = re.compile("工资|保证金|专户|账户|账号")
_ORDINAL = re.compile(f"第({fold.NUMERAL}+)")
_LEADING_ORDINAL = re.compile(f"({fold.NUMERAL}+)(?=建|安|公司|工程)")
_BRACKET = re.compile(r"\(([^()]*)\)?")
_STRAY_SUFFIX = re.compile("[省市县区旗州盟](?=..)")
_GROUP = "集团"
_BANK = re.compile("(.*?(?:银行|信用社|证券|保险|信托))(.*)")


class _Patterns(NamedTuple):
    form: re.Pattern[str]
    form_numbers: dict[str, int]
    branch: re.Pattern[str]
    account: re.Pattern[str]
    bracketed_form: re.Pattern[str]
    aliases: list[tuple[str, str]]


def _any(words: list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


@cache
def _patterns() -> _Patterns:
    numbers = data.numbered("legal_forms.tsv")
    forms = [word for word in numbers if fold.is_chinese(word)]
    whole = [word for word in forms if word.endswith(("公司", "企业"))]
    cut = [word for word in forms if word not in whole and not word.endswith("合伙")]
    tails: dict[str, list[str]] = {"branch": [], "account": []}
    for kind, word in data.rows("tails.tsv"):
        tails[kind].append(word)
    return _Patterns(
        re.compile(f"(?:{_any([word for word in whole if word != '公司'])}|(?<![分子支])公司)|(?:{_any(cut)})$"),
        numbers,
        re.compile(f"(?:{_any(tails['branch'])})$"),
        re.compile(f"(?:{_any(tails['account'])})+$"),
        re.compile(f"\\((?:{_any(forms)})\\)?"),
        [(short, long) for short, long in data.rows("aliases.tsv")],
    )


class _Draft(NamedTuple):
    """``core``: the name up to its legal form. ``form``: the entry's number, 0 for none. ``tail``: a branch follows."""

    core: str
    form: int
    tail: bool


@lru_cache(maxsize=_CACHE_SIZE)
def split(name: str) -> NameParts:
    """The parts of a name. All parts empty when the name holds nothing but punctuation."""
    if not fold.is_chinese(name):
        return _split_latin(fold.latin(name))
    draft = _cut(_spelled_out(fold.chinese(name)))
    core, group = draft.core, False
    if _GROUP in core:
        cleared = core.replace(f"({_GROUP})", "").replace(_GROUP, "")
        core, group = (cleared, True) if cleared else (core, False)
    core, region = _without_brackets(core, regions.find(core))
    return _assemble(core, region, draft, group)


def _spelled_out(name: str) -> str:
    for short, long in _patterns().aliases:
        if name.startswith(short):
            return long + name[len(short) :]
    return name


def _assemble(core: str, region: Region, draft: _Draft, group: bool) -> NameParts:
    rest = core[region.end :]
    ordinals: list[int] = []
    if "第" in rest:
        ordinals = [fold.numeral_value(numeral) for numeral in _ORDINAL.findall(rest)]
        rest = _ORDINAL.sub("", rest)
    if not ordinals and (leading := _LEADING_ORDINAL.match(rest)):
        ordinals, rest = [fold.numeral_value(leading[1])], rest[leading.end() :]
    end, trade = trades.take(rest)
    if region.bare and (end == 1 or (end == 0 and not ordinals)):
        # 永安 + 行, 东方 + 建设: the short name of a county was the brand, or the beginning of it.
        return _assemble(core, regions.find(core, 4) if region.prefecture or region.province else NOWHERE, draft, group)
    brand = rest[:end]
    if region is NOWHERE and _STRAY_SUFFIX.match(brand):
        brand = brand[1:]
    return _capped(
        region, ordinals, draft.form, group, draft.tail, trade, brand.replace("(", "").replace(")", "")
    )  # fmt: skip


def _capped(
    region: Region, ordinals: list[int], form: int, group: bool, tail: bool, trade: tuple[int, ...], brand: str
) -> NameParts:  # fmt: skip
    works = trade[-1:] == (_works_number(),)
    parts = (
        _one(region.province), _one(region.prefecture), _one(region.county), tuple(ordinals), _one(form), _one(group),
        _one(works), _one(tail), trade[:-1] if works else trade, tuple(map(ord, brand)), sounds.of(brand),
    )  # fmt: skip
    return NameParts(*(part[:cap] for part, cap in zip(parts, CAPS, strict=True)))


@cache
def _works_number() -> int:
    return trades.number_of(trades.WORKS)


def _one(number: int) -> tuple[int, ...]:
    return (int(number),) if number else ()


def _cut(name: str) -> _Draft:
    """Find where the company's own name ends, and what follows it."""
    patterns = _patterns()
    found = patterns.form.search(name)
    if found is None or found.start() == 0:
        return _cut_without_form(name)
    core, rest = name[: found.start()], name[found.end() :]
    form = patterns.form_numbers[found[0]]
    while rest and (nested := patterns.form.search(rest)) is not None:
        # A company inside a group: 某某集团有限公司第八建筑工程公司. A project's name may hold a company's name too, so
        # nothing but a branch may follow.
        inner = rest[: nested.start()]
        after, _ = _without_tail(rest[nested.end() :])
        is_trade = inner and trades.take(inner)[0] == 0
        if not inner or len(inner) > _LONGEST_NESTED or "(" in inner or (after.strip("()") and not is_trade):
            break
        core, rest, form = core + inner, rest[nested.end() :], patterns.form_numbers[nested[0]]
    return _Draft(core, form, _without_tail(rest)[1])


def _cut_without_form(name: str) -> _Draft:
    core, tail = _without_tail(name)
    if tail and (bank := _BANK.fullmatch(core)):
        core = bank[1]
    if core.endswith("股份") and len(core) > 2:
        core = core[:-2]
    return _Draft(core, 0, tail)


def _without_tail(text: str) -> tuple[str, bool]:
    """``text`` without account words and branch words at its end; and whether there was a branch."""
    if not text:
        return text, False
    patterns = _patterns()
    bare = patterns.bracketed_form.sub("", text).rstrip("()")
    account = patterns.account.search(bare)
    if account is not None and account.start() > 0 and _SPECIAL_ACCOUNT.search(account[0]):
        bare = bare[: account.start()].rstrip("()")
    branch = patterns.branch.search(bare)
    if branch is None:
        return bare, False
    return re.sub(f"(?:第{fold.NUMERAL}+|{fold.NUMERAL}+)$", "", bare[: branch.start()]), True


def _without_brackets(core: str, region: Region) -> tuple[str, Region]:
    """Brackets resolved: a place in them is the region if the name does not begin with one; other words stay."""
    if "(" not in core:
        return core, region
    place = region
    for inner in _BRACKET.findall(core):
        found = regions.find(inner)
        if found.end == len(inner) and inner and region is NOWHERE:
            place = found._replace(end=0, bare=False)
            core = core.replace(f"({inner})", "", 1)
    return core, place


def _split_latin(words: list[str]) -> NameParts:
    if not words:
        return EMPTY
    numbers = _patterns().form_numbers
    form = 0
    while len(words) > 1 and words[-1] in numbers:
        form, words = max(form, numbers[words[-1]]), words[:-1]
    trade: list[int] = []
    while len(words) > 1 and (number := trades.number_of(words[-1])):
        trade.insert(0, number)
        words = words[:-1]
    return _capped(NOWHERE, [], form, False, False, tuple(trade), "".join(words))
