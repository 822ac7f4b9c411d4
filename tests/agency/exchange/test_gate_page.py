"""docs/gate.md lists every numbered check of the code under its name, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
MODULES = [
    "matcher/agency/exchange/inbox.py", "matcher/agency/agent/gate.py", "matcher/agency/agent/evaluation.py",
    "matcher/agency/agent/findings_gate.py", "matcher/agency/reveal/runs.py", "matcher/agency/reveal/opening.py",
]  # fmt: skip


@pytest.mark.parametrize("module", MODULES)
def test_the_page_lists_the_checks_of_the_code(module: str) -> None:
    section = PAGE.split(f"`{module}`", 1)[1].split("\n## ", 1)[0]
    listed = set(re.findall(r"^\| ([A-Z]\d+) \|.*\| `([a-z-]+)` \|$", section, re.MULTILINE))
    text = (ROOT / module).read_text(encoding="utf-8")
    stated = set(re.findall(r"^([A-Z]\d+) .*``([a-z-]+)``$", text.split('"""')[1], re.MULTILINE))
    assert stated - listed == set()
    raised = set(re.findall(r'named\("([a-z-]+)"\)', text))
    assert raised <= {name for _number, name in listed}
