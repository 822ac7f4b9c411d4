"""docs/agreement.md names every field, word and placeholder that the schema knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from matcher.protocol.agreement import agreement_file, columns_table, matching_file, rules_table, terms_table
from matcher.protocol.agreement.schema import Entry
from matcher.protocol.comparators import COMPARATORS
from tests import daxing

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "agreement.md").read_text(encoding="utf-8")
SPANS = re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^```.*?^```", "", PAGE))
CODE = {part for span in SPANS for part in (span, *re.split(r"[^a-z0-9_-]+", span))}
TABLES: Mapping[str, Mapping[str, Entry]] = {
    f"{module.__name__}.{name}": value
    for module in (agreement_file, columns_table, matching_file, rules_table, terms_table)
    for name, value in vars(module).items()
    if isinstance(value, dict) and value and all(isinstance(item, Entry) for item in value.values())
}


def words() -> Iterator[str]:
    yield from COMPARATORS
    for comparator in COMPARATORS.values():
        yield from comparator.kinds
    yield from columns_table.TYPES
    yield from matching_file.LINK_NORMALISERS
    yield from rules_table.FACTS
    yield from rules_table.RESERVED_CODES
    yield from agreement_file.ROLES


def test_the_tables_were_found() -> None:
    assert len(TABLES) >= 12


@pytest.mark.parametrize("table", TABLES)
def test_every_field_is_described(table: str) -> None:
    assert not [name for name in TABLES[table] if name not in CODE]


def test_every_word_is_described() -> None:
    assert not sorted(word for word in set(words()) if word not in CODE)


def test_every_placeholder_of_the_example_is_described() -> None:
    text = "".join((daxing.EXAMPLE / name).read_text(encoding="utf-8") for name in ("matching.toml", "agreement.toml"))
    used = {
        re.sub(r"(root|link|witness)\.[a-z-]+", lambda found: found[1], name)
        for name in re.findall(r"@\{([^}]+)\}", text)
    }
    known = {
        re.sub(r"(root|link|witness)\.[A-Z]+", lambda found: found[1], name)
        for name in re.findall(r"@\{([^}]+)\}", PAGE)
    }
    assert used == known
