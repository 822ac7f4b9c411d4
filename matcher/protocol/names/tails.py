"""What follows a company's name on a form: a branch or department of it, the words of a special account, a project.

Data: tails.tsv. Account words are taken off one by one from the end, never by a repeated pattern, whose search could
take time exponential in a name that a stranger wrote.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from matcher.protocol.names import data, fold

_SPECIAL_ACCOUNT = ("工资", "保证金", "专户", "账户", "账号")
_NUMBERED = re.compile(f"第?{fold.NUMERAL}{{1,4}}$")


class _Words(NamedTuple):
    branch: tuple[str, ...]
    account: tuple[str, ...]


@cache
def _words() -> _Words:
    kinds: dict[str, list[str]] = {"branch": [], "account": []}
    for kind, word in data.rows("tails.tsv"):
        kinds[kind].append(word)
    return _Words(*(tuple(sorted(kinds[kind], key=len, reverse=True)) for kind in _Words._fields))


def any_of(words: list[str]) -> str:
    """A pattern for any of ``words``, the longest that fits."""
    return "(?:" + "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) + ")"


def _last(text: str, words: tuple[str, ...]) -> str:
    return next((word for word in words if text.endswith(word)), "")


def strip(text: str) -> tuple[str, bool]:
    """``text`` without account words and branch words at its end; and whether there was a branch or department."""
    if not text:
        return text, False
    words = _words()
    bare = text.rstrip("()")
    rest = bare
    while rest and rest.endswith(words.account):
        rest = rest[: -len(_last(rest, words.account))]
    if rest and any(word in bare[len(rest) :] for word in _SPECIAL_ACCOUNT):
        bare = rest.rstrip("()")
    if not bare.endswith(words.branch):
        return bare, False
    return _NUMBERED.sub("", bare[: -len(_last(bare, words.branch))]), True
