"""Writes docs/rules.md and docs/rules.zh.md from the book of rules: ``python docs/write_rules.py``. A test compares."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from matcher.agency.local.settings import defaults_text
from matcher.agency.rulebook.book import BANK, COMPARISON, Article, Explained, rulebook

DOCS = Path(__file__).resolve().parent
PAGES = {"en": "rules.md", "zh": "rules.zh.md"}
HEADINGS = {
    "en": {
        COMPARISON: "Compared between both sides", BANK: "The bank's own rules", "needs": "Needs",
        "without": "Without it", "inside": "Just inside", "outside": "Just outside", "source": "Source",
        "article": "article {number}", "unknown": "article to be looked up before it is quoted",
        "defaults": "The file of local rules, with its defaults",
    },
    "zh": {
        COMPARISON: "双方比对", BANK: "银行端本地规则", "needs": "所需数据", "without": "缺少时", "inside": "恰在界内",
        "outside": "恰在界外", "source": "依据", "article": "第 {number} 条", "unknown": "条号引用前须查证",
        "defaults": "本地规则文件及其默认值",
    },
}  # fmt: skip


def pages() -> dict[str, str]:
    """Text of each page by its name."""
    return {name: "".join(_page(language)) for language, name in PAGES.items()}


def _page(language: str) -> Iterator[str]:
    words = HEADINGS[language]
    yield (DOCS / "parts" / f"rules-head.{language}.txt").read_text(encoding="utf-8")
    for place in (COMPARISON, BANK):
        yield f"\n## {words[place]}\n"
        for rule in rulebook().rules.values():
            if rule.place == place:
                yield from _rule(rule, language)
    yield "\n" + (DOCS / "parts" / f"rules-calendar.{language}.txt").read_text(encoding="utf-8")
    yield f"\n## {words['defaults']}\n\n```toml\n{defaults_text()}```\n"


def _rule(rule: Explained, language: str) -> Iterator[str]:
    words, texts = HEADINGS[language], rule.texts[language]
    yield f"\n### `{rule.code}`\n\n{texts['says']}\n\n| | |\n|---|---|\n"
    for part in ("needs", "without", "inside", "outside"):
        yield f"| {words[part]} | {texts[part]} |\n"
    for article in rule.articles:
        yield f"| {words['source']} | {_citation(article, language)} |\n"


def _citation(article: Article, language: str) -> str:
    words = HEADINGS[language]
    number = words["article"].format(number=article.number) if article.number else words["unknown"]
    separator = "：" if language == "zh" else ": "
    return f"{rulebook().sources[article.source][language]}, {number}{separator}{article.text[language]}"


if __name__ == "__main__":
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
