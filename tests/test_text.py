"""Every text a clerk can be shown has a Chinese translation, and no translation is left over.

Texts are found by walking the source: literals in ``_(...)``; remedies of errors, everywhere; messages of errors where
a clerk meets them; what ``concordat doctor`` says; and the tables and words listed below, which reach ``_()`` by a
variable. Values in a message are written ``{}``, as ``error_text`` finds them. Messages of the protocol and the
service, which are for whoever reads logs, stay English.
"""

from __future__ import annotations

import ast
import importlib
import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from matcher.text import error_text

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("client.py", "server.py", "keys", "matcher")
# Where the message of an error is for a clerk; elsewhere it is for whoever reads logs.
MESSAGES = (
    "client.py", "keys/files.py", "keys/passphrase.py", "keys/ring.py", "keys/people.py", "matcher/agency/",
    "matcher/auditor/", "matcher/channel/dialling.py", "matcher/channel/errors.py", "matcher/demo/",
    "matcher/protocol/agreement/model.py", "matcher/protocol/contract.py", "matcher/service/store/newest.py",
    "matcher/service/commands.py", "matcher/service/home.py", "matcher/service/policy.py", "matcher/storage/",
    "matcher/text/",
)  # fmt: skip
LEVELS = ("OK", "WARN", "FAIL")
DOCTOR = "matcher/agency/health.py"
GENERATED = "matcher/wire/"
# Tables whose strings are translated where they are shown.
TABLES = {
    "matcher.agency.records.rejects": ("HEADINGS", "REASONS"),
    "matcher.protocol.names.verdict": ("REASONS",),
    "matcher.protocol.normalise": ("REASONS",),
    "matcher.text.disk": ("MESSAGES",),
}
# Words of the agreement and of states that are translated where they are shown.
WORDS = (
    "prepare", "approve", "administer", "read", "data", "auditor", "month", "quarter", "year",
    "matched", "unmatched", "duplicate", "approved", "refused",
    "card", "not_after", "flow", "period", "signed_by_all", "purged",
)  # fmt: skip
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def _catalogue() -> list[tuple[str, str]]:
    data = tomllib.loads((ROOT / "matcher" / "text" / "zh.toml").read_text(encoding="utf-8"))
    return [(entry["en"], entry["zh"]) for entry in data["texts"]]


def _sources() -> Iterator[tuple[str, ast.Module]]:
    for place in PLACES:
        path = ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            name = str(file.relative_to(ROOT))
            if not name.startswith(GENERATED):
                yield name, ast.parse(file.read_text(encoding="utf-8"))


def _literals(tree: ast.Module, *, messages: bool, doctor: bool) -> Iterator[str]:
    constants = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "remedy":
            yield from _message(node.value, constants)
        if not isinstance(node, ast.Call) or not node.args:
            continue
        if messages and getattr(node.func, "id", getattr(node.func, "attr", "")).endswith("Error"):
            yield from _message(node.args[0], constants)
        if isinstance(node.func, ast.Name):
            if node.func.id == "_":
                for part in ast.walk(node.args[0]):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield part.value
            elif doctor and node.func.id in ("Line", "certificate_line", "_guarded"):
                for argument in node.args:
                    yield from _message(argument, constants, words=1)


def _message(node: ast.AST, constants: Mapping[str, ast.AST], words: int = 2) -> Iterator[str]:
    """The text of a literal, with ``{}`` for each value in it; nothing for what has no words of its own."""
    if isinstance(node, ast.Name):
        node = constants.get(node.id, node)
    if isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from _message(value, constants, words)
    text = ""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    elif isinstance(node, ast.JoinedStr):
        text = "".join(
            part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else "{}"
            for part in node.values
        )
    if text not in LEVELS and len(re.findall(r"[A-Za-z][A-Za-z-]+", text)) >= words:
        yield text


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _strings(item)


def _needed() -> dict[str, str]:
    """Text to the first file that shows it."""
    needed: dict[str, str] = {}
    for name, tree in _sources():
        for text in _literals(tree, messages=name.startswith(MESSAGES), doctor=name == DOCTOR):
            needed.setdefault(text, name)
    for module, tables in TABLES.items():
        for table in tables:
            for text in _strings(getattr(importlib.import_module(module), table)):
                needed.setdefault(text, module)
    for word in WORDS:
        needed.setdefault(word, "words")
    return needed


def test_every_text_is_translated() -> None:
    known = {english for english, _chinese in _catalogue()}
    missing = [f"{name}: {text!r}" for text, name in _needed().items() if text not in known]
    assert not missing, "no translation in matcher/text/zh.toml:\n" + "\n".join(missing)


def test_no_translation_is_left_over() -> None:
    needed = _needed()
    unused = [english for english, _chinese in _catalogue() if english not in needed]
    assert not unused, "nobody shows these texts any more:\n" + "\n".join(unused)


def test_no_text_is_translated_twice() -> None:
    texts = [english for english, _chinese in _catalogue()]
    assert len(texts) == len(set(texts))


def test_translations_are_chinese_and_take_the_same_values() -> None:
    for english, chinese in _catalogue():
        assert _CHINESE.search(chinese), english
        assert _fields(english) == _fields(chinese), english


def _fields(text: str) -> list[str]:
    """Names of the values a text takes, sorted; an unnamed one is named by its place, as ``{0}`` names it."""
    names = [name for _literal, name, _format, _conversion in string.Formatter().parse(text) if name is not None]
    return sorted(name or str(place) for place, name in enumerate(names))


def test_messages_with_values_are_found_by_the_closest_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matcher.text.language", lambda: "zh")
    assert error_text("a.csv: the file is empty") == "a.csv：文件为空"
    assert error_text("secret.txt is empty") == "secret.txt 为空"
    assert error_text("zhang.min holds no role 'approve' at labour-bureau") == (
        "zhang.min 在 labour-bureau 没有角色 'approve'"
    )
    assert error_text("nobody translated this") == "nobody translated this"
