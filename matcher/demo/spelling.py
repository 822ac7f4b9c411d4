"""How offices really write: harmless ways to spell a firm, an account number, an amount or a date.

Nothing here changes what is meant. Each function takes the random source, so one seed gives one data set.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from random import Random

from matcher.demo.firms import Firm

_WIDE_DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")
_WIDE_BRACKETS = str.maketrans("（）", "()")
_DIGIT_OF_ORDINAL = {"第一": "第1", "第二": "第２", "第三": "第3", "第四": "第４", "第五": "第5", "第六": "第６"}


def _as_registered(_random: Random, firm: Firm, _site: str) -> str:
    return firm.name


def _narrow_brackets(_random: Random, firm: Firm, _site: str) -> str:
    return firm.name.translate(_WIDE_BRACKETS)


def _with_spaces(random: Random, firm: Firm, _site: str) -> str:
    position = random.randrange(1, len(firm.name))
    return firm.name[:position] + random.choice((" ", "　")) + firm.name[position:]


def _ordinal_in_digits(_random: Random, firm: Firm, _site: str) -> str:
    return firm.name.replace(firm.ordinal, _DIGIT_OF_ORDINAL[firm.ordinal]) if firm.ordinal else firm.name


def _full_region(_random: Random, firm: Firm, _site: str) -> str:
    return firm.name.replace(firm.short_region, firm.region)


def _without_region(_random: Random, firm: Firm, _site: str) -> str:
    return firm.name.replace(f"（{firm.short_region}）", "").replace(firm.short_region, "")


def _without_form(_random: Random, firm: Firm, _site: str) -> str:
    return firm.name.removesuffix(firm.form)


def _other_form(_random: Random, firm: Firm, _site: str) -> str:
    form = "有限公司" if firm.form == "有限责任公司" else "有限责任公司"
    return firm.name.removesuffix(firm.form) + form


def _old_form(_random: Random, firm: Firm, _site: str) -> str:
    return firm.name.removesuffix(firm.form) + "公司"


def _branch(random: Random, firm: Firm, _site: str) -> str:
    return firm.name + random.choice(("北京分公司", "大兴分公司", "第二分公司"))


def _project_department(random: Random, firm: Firm, site: str) -> str:
    return firm.name + random.choice((f"{site}项目部", f"（{site}）项目经理部"))


def _wage_account(random: Random, firm: Firm, site: str) -> str:
    return firm.name + random.choice(("农民工工资专用账户", f"（{site}）农民工工资专用账户", f"{site}农民工工资专户"))


Spelling = Callable[[Random, Firm, str], str]

# What a clerk at the bureau writes, and what a bank's account list holds.
_AT_THE_BUREAU: tuple[Spelling, ...] = (_as_registered, _as_registered, _narrow_brackets, _with_spaces, _full_region)
_AT_THE_BANK: tuple[Spelling, ...] = (
    _as_registered, _narrow_brackets, _with_spaces, _ordinal_in_digits, _full_region, _without_region, _without_form,
    _other_form, _old_form, _branch, _project_department, _wage_account,
)  # fmt: skip


def contractor_name(random: Random, firm: Firm, site: str) -> str:
    """The firm as the bureau's list has it."""
    return random.choice(_AT_THE_BUREAU)(random, firm, site)


def holder_name(random: Random, firm: Firm, site: str) -> str:
    """The firm as a bank's account list has it. ``site`` is the project's name."""
    return random.choice(_AT_THE_BANK)(random, firm, site)


def account_number(random: Random, digits: str) -> str:
    """An account number as typed: plain, in groups of four, hyphenated, or with full-width digits."""
    style = random.random()
    if style < 0.6:
        return digits
    groups = [digits[start : start + 4] for start in range(0, len(digits), 4)]
    if style < 0.8:
        return " ".join(groups)
    if style < 0.9:
        return "-".join(groups)
    return digits.translate(_WIDE_DIGITS)


def amount(random: Random, fen: int | None) -> str:
    """An amount in yuan from fen; empty for None."""
    if fen is None:
        return ""
    yuan, rest = divmod(fen, 100)
    if rest == 0 and random.random() < 0.3:
        return str(yuan)
    return f"{yuan:,}.{rest:02}" if random.random() < 0.4 else f"{yuan}.{rest:02}"


def day(random: Random, value: date | None) -> str:
    """A date in one of the usual styles; empty for None."""
    if value is None:
        return ""
    style = random.random()
    if style < 0.5:
        return value.isoformat()
    if style < 0.75:
        return f"{value.year}/{value.month}/{value.day}"
    if style < 0.85:
        return f"{value:%Y%m%d}"
    return f"{value.year}年{value.month}月{value.day}日"


def month(random: Random, value: str) -> str:
    """A month, given as 2022-05, in one of the usual styles."""
    year, number = value.split("-")
    return random.choice((value, value, f"{year}/{int(number)}", f"{year}年{int(number)}月", year + number))
