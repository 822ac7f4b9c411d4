"""Where agencies, auditors and their keys write, as the source says it: what the fault table must come by.

A place is ``module:function``. It writes if it calls one of the primitives below; helpers that only pass a write on
(keys/files.py, the storage package, a journal's own transaction) are not places, whoever calls them is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("matcher/agency", "matcher/auditor", "keys")
HELPERS = frozenset(("keys.files", "matcher.agency.exchange.journal", "matcher.auditor.mirror.store:_transaction"))
_CALLS = frozenset(
    ("mkdir", "rename", "link_to", "symlink_to", "touch", "write_text", "write_bytes", "transaction", "_transaction")
)
_WRITING = frozenset("wax")


def is_helper(place: str) -> bool:
    """Whether ``place`` passes writes on for others."""
    return place in HELPERS or place.partition(":")[0] in HELPERS


def places() -> set[str]:
    """Every place that writes."""
    found = set()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            for function, node in _functions(ast.parse(path.read_text(encoding="utf-8"))):
                if any(_writes(inner) for inner in ast.walk(node)) and not is_helper(f"{module}:{function}"):
                    found.add(f"{module}:{function}")
    return found


def _functions(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.name, node


def _writes(node: ast.AST) -> bool:
    if isinstance(node, ast.With):
        return any(
            isinstance(item.context_expr, ast.Attribute) and item.context_expr.attr == "_connection"
            for item in node.items
        )
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
    name = node.func.attr
    if owner == "files" and name == "write":
        return True
    if owner == "os" and name == "open":
        return any(isinstance(part, ast.Attribute) and part.attr == "O_CREAT" for part in ast.walk(node))
    if name == "open" and owner != "os":
        modes = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        return any(_WRITING & set(mode) for mode in modes if len(mode) <= 3)
    return name in _CALLS and not (
        name.endswith("transaction")
        and any(
            k.arg == "write" and isinstance(k.value, ast.Constant) and k.value.value is False for k in node.keywords
        )
    )
