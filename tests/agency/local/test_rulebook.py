"""The book of rules: every code of the example and every local rule, in both languages, with its article; the pages."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import click
import pytest
from click.testing import CliRunner, Result

from keys.errors import ExistsError
from matcher.agency.commands import rules as command
from matcher.agency.local.settings import CODES, local_rules
from matcher.agency.rulebook.book import BANK, COMPARISON, PARTS, rulebook
from matcher.protocol.errors import NotFoundError
from matcher.text.terminal import Invocation
from tests import daxing

DOCS = Path(__file__).resolve().parents[3] / "docs"
BOOK = rulebook()
FLOW = daxing.agreement().flow(daxing.FLOW)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def test_every_code_of_the_example_is_explained() -> None:
    assert {rule.code for rule in FLOW.rules} <= set(BOOK.rules)


def test_every_local_rule_is_explained_as_the_banks_and_no_other() -> None:
    assert {rule.code for rule in BOOK.rules.values() if rule.place == BANK} == set(CODES)
    assert set(FLOW.field("flags").codes) == set(CODES)
    flagged = {rule.code for rule in FLOW.rules if any(condition.test == "has" for condition in rule.conditions)}
    assert flagged == set(CODES)


@pytest.mark.parametrize("code", BOOK.rules)
def test_a_rule_has_its_source_and_both_languages(code: str) -> None:
    rule = BOOK.rule(code)
    assert rule.place in (COMPARISON, BANK)
    assert rule.articles
    for article in rule.articles:
        assert set(BOOK.sources[article.source]) == {"zh", "en"}
        assert 0 <= article.number <= 64
        assert CHINESE.search(article.text["zh"])
    for language, texts in rule.texts.items():
        assert set(texts) == set(PARTS)
        assert all(texts.values())
        assert language == "en" or all(CHINESE.search(text) for text in texts.values())


def test_the_regulation_is_cited_by_number() -> None:
    for rule in BOOK.rules.values():
        for article in rule.articles:
            assert article.number or article.source != "regulation", rule.code
        assert any(article.number for article in rule.articles), rule.code


def run(home: Path, *words: str, as_json: bool = True) -> Result:
    group = click.Group()
    command.register(group)
    return CliRunner().invoke(group, list(words), obj=Invocation(home, as_json, None, "", None))


def test_one_rule_as_json(tmp_path: Path) -> None:
    found = json.loads(run(tmp_path, "explain-rule", "wages-below-inflow").stdout)
    assert found["code"] == "wages-below-inflow"
    assert found["place"] == "bank"
    assert [source["article"] for source in found["sources"]] == [26, 31]
    assert found["bounds"] == {"enabled": True, "window_months": 12, "least_share": "9/10", "lag_months": 1}
    assert set(PARTS) <= set(found)
    both = json.loads(run(tmp_path, "explain-rule", "deposit-late").stdout)
    assert (both["place"], both["bounds"]) == ("comparison", {})
    assert [source["article"] for source in both["sources"]] == [32, None]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_one_rule_for_people_in_both_languages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str) -> None:
    monkeypatch.setattr("matcher.agency.commands.rules.language", lambda: language)
    shown = run(tmp_path, "explain-rule", "barred-freeze", as_json=False).output
    texts = BOOK.rule("barred-freeze").texts[language]
    assert all(text in shown for text in texts.values())
    assert "33" in shown
    listed = run(tmp_path, "explain-rule", as_json=False).output
    assert all(code in listed for code in BOOK.rules)


def test_a_home_with_its_own_bounds_sees_them(tmp_path: Path) -> None:
    assert json.loads(run(tmp_path, "local-rules").stdout) == {"file": str(tmp_path / "local-rules.toml")}
    path = tmp_path / "local-rules.toml"
    assert local_rules(path) == local_rules(None)
    assert isinstance(run(tmp_path, "local-rules").exception, ExistsError)
    text = path.read_text(encoding="utf-8").replace('most_in_a_month = "0.00"', 'most_in_a_month = "10.05"')
    path.write_text(text, encoding="utf-8")
    bounds = json.loads(run(tmp_path, "explain-rule", "abnormal-outflow").stdout)["bounds"]
    assert bounds["most_in_a_month"] == "10.05"


def test_an_unknown_code_is_refused_with_those_known(tmp_path: Path) -> None:
    error = run(tmp_path, "explain-rule", "nothing").exception
    assert isinstance(error, NotFoundError)
    assert "deposit-late" in error.remedy


def _writer() -> ModuleType:
    found = importlib.util.spec_from_file_location("write_rules", DOCS / "write_rules.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_the_pages_are_what_the_book_says() -> None:
    for name, text in _writer().pages().items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, "run: python docs/write_rules.py"
