"""The verdicts on the development pairs, by the blinded path, stay as good as docs/names.md says.

The pairs are names of real firms and lie outside the project; nothing of them may be printed, so a failure tells
numbers by kind only.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict

import pytest

from matcher.protocol import names
from tests.conftest import SHARED

PAIRS = SHARED / "data" / "company_pairs_dev.tsv"
FLAGGED = {names.DIFFERENT, names.REVIEW}
ENOUGH_PAIRS = 60


@pytest.fixture(scope="module")
def verdicts() -> dict[tuple[str, str], Counter[str]]:
    """Verdicts counted by label and kind."""
    if not PAIRS.is_file():
        pytest.skip(f"the development pairs of company names are not on this machine ({PAIRS})")
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for number, line in enumerate(PAIRS.read_text().splitlines()[1:]):
        left, right, label, kind = line.split("\t")
        key = hashlib.sha256(number.to_bytes(4, "big")).digest()
        verdict = names.compare(names.encode(key, left), names.encode(key, right))
        counts[label, kind][verdict] += 1
    return counts


def _share(counts: Counter[str], wanted: set[str]) -> float:
    return sum(counts[verdict] for verdict in wanted) / counts.total()


def _of_label(verdicts: dict[tuple[str, str], Counter[str]], label: str) -> Counter[str]:
    return sum((counts for (own, _), counts in verdicts.items() if own == label), Counter())


def test_f1_and_share_sent_to_a_person(verdicts: dict[tuple[str, str], Counter[str]]) -> None:
    same, different = _of_label(verdicts, "same"), _of_label(verdicts, "different")
    found = sum(different[verdict] for verdict in FLAGGED)
    false = sum(same[verdict] for verdict in FLAGGED)
    precision, recall = found / (found + false), found / different.total()
    assert 2 * precision * recall / (precision + recall) >= 0.95
    assert _share(same + different, {names.REVIEW}) <= 0.12


def test_no_kind_of_real_difference_is_missed(verdicts: dict[tuple[str, str], Counter[str]]) -> None:
    shares = {
        kind: _share(counts, FLAGGED)
        for (label, kind), counts in verdicts.items()
        if label == "different" and counts.total() >= ENOUGH_PAIRS
    }
    assert len(shares) >= 7
    assert {kind: share for kind, share in shares.items() if share < 0.98} == {}


def test_harmless_ways_to_write_a_name_are_not_flagged(verdicts: dict[tuple[str, str], Counter[str]]) -> None:
    harmless = (
        "account_truncated", "brackets", "branch_real", "group_brackets", "legal_form", "numerals", "project_dept",
        "region_added", "region_dropped", "spaces_dots", "traditional", "wage_account",
    )  # fmt: skip
    flagged = {kind: _share(verdicts["same", f"same_{kind}"], FLAGGED) for kind in harmless}
    assert flagged == dict.fromkeys(harmless, 0)
