"""The documentation is complete: every command, option, RPC, error code, exit status and dependency is in it."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import click
import pytest

import client
import server
from matcher.agency.records import rejects
from matcher.protocol.bodies import BODIES
from matcher.protocol.messages import KINDS
from matcher.service import policy

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "README.zh.md", *sorted(DOCS.rglob("*.md")), ROOT / "examples/daxing/README.md"]
# Made of "evaluation-" and the code of what was received.
COMPOSED = {"evaluation-proof"}
_CODE = re.compile(r"[a-z]+(-[a-z]+)*")


def _writer() -> ModuleType:
    found = importlib.util.spec_from_file_location("write_commands", DOCS / "write_commands.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def _read(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def test_commands_page_is_what_the_programs_say(monkeypatch: pytest.MonkeyPatch) -> None:
    import matcher.text

    if matcher.text.language() != "en":
        pytest.skip("help texts were built in another language; set CONCORDAT_LANG=en")
    assert _read("commands.md") == _writer().text(), "run: python docs/write_commands.py"


def test_every_command_has_a_help_text() -> None:
    writer = _writer()
    for group, name in ((writer.client.build_all(), "concordat"), (writer.server.build(), "concordat-server")):
        for path, command in writer.leaves(group, name):
            assert command.help, path


def _lines_of_commands(page: Path) -> Iterator[list[str]]:
    """The words of each command in a page's code blocks, options and all."""
    for block in re.findall(r"```\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            for command in line.split("&&"):
                if command.strip().startswith(("concordat ", "concordat-server ")):
                    yield shlex.split(command, comments=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_in_examples_can_be_typed(page: Path) -> None:
    trees = {"concordat": client.build_all(), "concordat-server": server.build()}
    for words in _lines_of_commands(page):
        command: click.Command = trees[words[0]]
        rest = words[1:]
        while isinstance(command, click.Group) and rest and rest[0] in command.commands:
            command, rest = command.commands[rest[0]], rest[1:]
        assert not isinstance(command, click.Group), f"{page.name}: {' '.join(words)}"
        context = click.Context(command)
        values, left, _order = command.make_parser(context).parse_args(list(rest))
        assert not left, f"{page.name}: {' '.join(words)}"
        for option in command.params:
            assert not option.required or option.name in values, f"{page.name}: {' '.join(words)} lacks {option.name}"


def test_every_rpc_is_described() -> None:
    contract = (ROOT / "proto/concordat/v1/concordat.proto").read_text(encoding="utf-8")
    page = _read("rpc.md")
    service = ""
    for line in contract.splitlines():
        if found := re.match(r"service (\w+) ", line):
            service = found[1]
        elif found := re.match(r"\s+rpc (\w+)\(", line):
            assert f"`{service}.{found[1]}`" in page, f"docs/rpc.md does not describe {service}.{found[1]}"


def test_every_message_kind_is_described() -> None:
    assert set(BODIES) == set(KINDS)
    page = _read("protocol.md")
    assert not [kind for kind in KINDS if f"`{kind}`" not in page]


def _codes(tree: ast.AST) -> Iterator[str]:
    """Literals that become an error's code: ``code = "x"`` in a class, ``code="x"`` and ``named("x")`` in calls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            for item in node.body:
                targets = item.targets if isinstance(item, ast.Assign) else [getattr(item, "target", None)]
                if any(isinstance(target, ast.Name) and target.id == "code" for target in targets):
                    yield from _constant(item.value)  # type: ignore[attr-defined]
        elif isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            if name in ("named", "deny") and node.args:
                yield from _constant(node.args[0])
            if name.endswith("Error") or name in ("fail", "refusal", "refuse"):
                for keyword in node.keywords:
                    if keyword.arg == "code":
                        yield from _constant(keyword.value)


def _constant(node: ast.AST | None) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
        yield node.value


def _error_codes() -> set[str]:
    found = {"usage", "unexpected", *rejects.REASONS, *policy.REASONS}
    for path in (*(ROOT / "matcher").rglob("*.py"), *(ROOT / "keys").rglob("*.py")):
        found.update(_codes(ast.parse(path.read_text(encoding="utf-8"))))
    return found


def _documented(page: str) -> set[str]:
    return set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))


def test_every_error_code_is_documented() -> None:
    missing = sorted(_error_codes() - _documented(_read("errors.md")))
    assert not missing, f"docs/errors.md does not describe: {', '.join(missing)}"


def test_no_documented_error_code_is_gone() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "matcher").rglob("*.py"))
    text += "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "keys").rglob("*.py"))
    documented = _documented(_read("errors.md")) - COMPOSED
    unused = [code for code in documented if f'"{code}"' not in text]
    assert not unused, f"docs/errors.md describes codes nobody raises: {', '.join(sorted(unused))}"


def test_every_exit_status_is_documented() -> None:
    page = _read("operations.md")
    for status in (*range(9), 130):
        assert f"| {status} |" in page


def test_every_dependency_is_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = _read("dependencies.md")
    for requirement in (*project["dependencies"], *project["optional-dependencies"]["dev"]):
        name = re.split(r"[<>=\[ ]", requirement)[0]
        assert f"| {name} |" in page, name


def test_every_metric_is_documented() -> None:
    text = (ROOT / "matcher/service/metrics.py").read_text(encoding="utf-8")
    page = _read("operations.md")
    names = re.findall(r'"(concordat_[a-z_]+)"', text)
    assert names
    assert not [name for name in names if f"`{name}`" not in page]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_decision_is_in_the_list() -> None:
    index = _read("adr/README.md")
    assert not [path.name for path in (DOCS / "adr").glob("0*.md") if f"({path.name})" not in index]
