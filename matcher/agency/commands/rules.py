"""``concordat explain-rule`` and ``concordat local-rules``: what a code means and rests on, and a bank's own bounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from keys import files
from matcher.agency.local.session import rules_of
from matcher.agency.local.settings import CODES, FILE, LocalRules, defaults_text
from matcher.agency.rulebook.book import COMPARISON, Article, Explained, rulebook
from matcher.text import _, language
from matcher.text.terminal import Invocation, emit, table

if TYPE_CHECKING:
    from rich.console import Console

_YUAN = 100


def register(group: click.Group) -> None:
    """Add the commands to ``group``."""
    group.add_command(explain_rule)
    group.add_command(local_rules)


@click.command(
    "explain-rule",
    help=_("What a rule CODE means, its article, what it needs, and its bound. Without CODE: all codes."),
)
@click.argument("code", required=False)
@click.pass_obj
def explain_rule(invocation: Invocation, code: str | None) -> None:
    """Explain one rule, or list all."""
    rules = rules_of(invocation.home, None)
    book = rulebook()
    if code is None:
        listed = {"rules": [_as_json(rule, rules) for rule in book.rules.values()]}
        rows = [(rule.code, _place(rule), rule.texts[language()]["says"]) for rule in book.rules.values()]
        emit(invocation, listed, lambda console: console.print(table("", (_("Rule"), _("Where"), _("Meaning")), rows)))
        return
    rule = book.rule(code)
    emit(invocation, _as_json(rule, rules), lambda console: _show(console, rule, rules))


@click.command("local-rules", help=_("Write the file of this agency's own rules, with its defaults, to be changed."))
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help=_("Where to (default: HOME/local-rules.toml, where it takes effect). Nothing is overwritten."),
)  # fmt: skip
@click.pass_obj
def local_rules(invocation: Invocation, out: Path | None) -> None:
    """Write the defaults."""
    path = out or invocation.home / FILE
    files.write(path, defaults_text().encode())
    emit(invocation, {"file": str(path)}, lambda console: console.print(_("Written: {file}", file=path), markup=False))


def _as_json(rule: Explained, rules: LocalRules) -> dict[str, Any]:
    texts = rule.texts[language()]
    return {
        "code": rule.code,
        "place": rule.place,
        "sources": [
            {"law": rulebook().sources[article.source][language()], "article": article.number or None,
             "text": article.text[language()]}
            for article in rule.articles
        ],
        **texts,
        "bounds": _bounds(rule.code, rules),
    }  # fmt: skip


def _bounds(code: str, rules: LocalRules) -> dict[str, Any]:
    """What this home's local rules set for ``code``; nothing for a rule of the agreement."""
    if code not in CODES:
        return {}
    settings: dict[str, dict[str, Any]] = {
        "no-labour-deposit": {"window_months": rules.window_months, "most_empty_months": rules.most_empty_months},
        "wages-below-inflow": {
            "window_months": rules.window_months,
            "least_share": str(rules.least_share),
            "lag_months": rules.lag_months,
        },
        "abnormal-outflow": {
            "window_months": rules.window_months,
            "most_in_a_month": f"{rules.most_in_a_month // _YUAN}.{rules.most_in_a_month % _YUAN:02}",
        },
        "name-marking": {"endings": list(rules.endings)},
    }
    return {"enabled": code in rules.enabled, **settings.get(code, {})}


def _place(rule: Explained) -> str:
    return _("both sides") if rule.place == COMPARISON else _("the bank, at home")


def _show(console: Console, rule: Explained, rules: LocalRules) -> None:
    texts = rule.texts[language()]
    console.print(f"[bold]{rule.code}[/]  {_place(rule)}")
    for heading, text in (
        ("", texts["says"]),
        (_("Needs"), texts["needs"]),
        (_("Without it"), texts["without"]),
        (_("Just inside"), texts["inside"]),
        (_("Just outside"), texts["outside"]),
    ):
        console.print(f"{heading}: {text}" if heading else text, markup=False, soft_wrap=True)
    for line in _citations(rule):
        console.print(line, markup=False, soft_wrap=True)
    bounds = ", ".join(f"{name} = {value}" for name, value in _bounds(rule.code, rules).items())
    if bounds:
        console.print(_("Set here: {bounds}", bounds=bounds), markup=False, soft_wrap=True)


def _citations(rule: Explained) -> Iterator[str]:
    for article in rule.articles:
        yield _("Source: {law}, {article}: {words}", law=rulebook().sources[article.source][language()],
                article=_number(article), words=article.text[language()])  # fmt: skip


def _number(article: Article) -> str:
    if not article.number:
        return _("article to be looked up")
    return _("article {number}", number=article.number)
