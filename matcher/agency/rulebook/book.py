"""The packaged book of rules, in both languages. What a rule decides is in the agreement; here is why, for people."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from matcher.protocol.errors import NotFoundError

_FILE = "rules.toml"
PARTS = ("says", "needs", "without", "inside", "outside")
COMPARISON, BANK = "comparison", "bank"


@dataclass(frozen=True, slots=True)
class Article:
    """``source`` is a law by its id; ``number`` is 0 where it should be looked up; ``text`` is by language."""

    source: str
    number: int
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Explained:
    """One rule. ``place`` is where it is decided: COMPARISON or BANK; ``texts`` are PARTS by language."""

    code: str
    place: str
    articles: tuple[Article, ...]
    texts: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Rulebook:
    """``sources`` are laws' titles by id and language."""

    sources: Mapping[str, Mapping[str, str]]
    rules: Mapping[str, Explained]

    def rule(self, code: str) -> Explained:
        """The rule of ``code``. Raises NotFoundError."""
        if code not in self.rules:
            raise NotFoundError(
                f"no rule {code[:64]} is explained here", remedy=f"Explained are: {', '.join(sorted(self.rules))}."
            )
        return self.rules[code]


@cache
def rulebook() -> Rulebook:
    """The book that came with the program."""
    data = tomllib.loads((resources.files(__package__) / _FILE).read_text(encoding="utf-8"))
    return Rulebook(data["sources"], {item["code"]: _rule(item) for item in data["rules"]})


def _rule(item: Mapping[str, Any]) -> Explained:
    articles = tuple(
        Article(article["source"], article["number"], {language: article[language] for language in ("zh", "en")})
        for article in item["articles"]
    )
    return Explained(item["code"], item["place"], articles, {language: item[language] for language in ("zh", "en")})
