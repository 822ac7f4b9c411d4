"""docs/log.md says what the tables say."""

from __future__ import annotations

from pathlib import Path

from matcher.auditor.checks import CHECKS
from matcher.protocol.entry_types import ENTRY_TYPES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "log.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading line."""
    lines = PAGE[PAGE.index(heading) :].splitlines()[2:]
    table = []
    for line in lines:
        if not line.startswith("|"):
            break
        table.append([cell.strip() for cell in line.strip("|").split("|")])
    return table


def test_every_check_is_stated_once_under_its_number() -> None:
    assert rows("| no. | check |") == [[str(number), text] for number, text in CHECKS.items()]


def test_every_type_is_listed_with_its_message_and_facts() -> None:
    expected = [
        [f"`{name}`", f"`{item.kind}`" if item.kind else "", ", ".join(f"`{fact}`" for fact in item.facts)]
        for name, item in ENTRY_TYPES.items()
    ]
    assert rows("| type | message kind | facts |") == expected
