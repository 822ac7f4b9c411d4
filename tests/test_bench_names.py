"""The measurement of names: figures worked out by hand on pairs of invented firms, and files that are no such file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import names as bench_names
from bench import names_speed
from bench.thresholds import best_threshold

PAIRS = """left\tright\tlabel\tkind
四川瑞衡建筑工程有限公司\t瑞衡（四川）建筑工程有限公司\tsame\tbrackets
四川瑞衡建筑工程有限公司\t四川瑞衡建筑工程有限责任公司\tsame\tbrackets
四川瑞衡建筑工程有限公司\t四川锐衡建筑工程有限公司\tsame\thomophone
四川瑞衡建筑工程有限公司\t湖南瑞衡建筑工程有限公司\tdifferent\tregion
四川瑞衡建筑工程有限公司\t四川锐恒建筑工程有限公司\tdifferent\thomophone
"""


def test_figures_are_those_worked_out_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names_speed, "_PAIRS", 100)
    monkeypatch.setattr(names_speed, "_PAIRS_AT_WORST", 100)
    path = tmp_path / "pairs.tsv"
    path.write_text(PAIRS, encoding="utf-8")
    result = CliRunner().invoke(bench_names.main, ["--pairs", str(path), "--json"])
    assert result.exit_code == 0, result.output
    measured = json.loads(result.output)
    # Flagged: both of two firms, and the homophone of one firm.
    assert (measured["precision"], measured["recall"], measured["f1"]) == (0.6667, 1.0, 0.8)
    assert (measured["review_share"], measured["accuracy_of_rest"]) == (0.4, 1.0)
    assert [(kind["label"], kind["kind"], kind["pairs"], kind["accuracy"]) for kind in measured["kinds"]] == [
        ("same", "brackets", 2, 1.0),
        ("same", "homophone", 1, 0.0),
        ("different", "homophone", 1, 1.0),
        ("different", "region", 1, 1.0),
    ]
    assert set(measured["baselines"]) == {"rapidfuzz_ratio", "jaro_winkler"}
    assert all(figure > 0 for name, figure in measured["speed"].items() if name.endswith("second"))
    assert "瑞衡" not in result.output


def test_a_threshold_is_never_between_equal_similarities() -> None:
    best = best_threshold([0.2, 0.5, 0.5, 0.9], [True, True, False, False])
    assert best == {"f1": 0.8, "precision": 0.6667, "recall": 1.0, "threshold": 0.9}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("left\tright\tlabel\n", "columns"),
        ("left\tright\tlabel\tkind\n", "no pairs"),
        ("left\tright\tlabel\tkind\n瑞衡公司\t华岳公司\tperhaps\tx\n", "line 2: label"),
        ("left\tright\tlabel\tkind\n\t华岳公司\tsame\tx\n", "line 2: the cell is empty"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "pairs.tsv"
    path.write_text(content, encoding="utf-8")
    result = CliRunner().invoke(bench_names.main, ["--pairs", str(path), "--json"])
    assert result.exit_code == 1
    assert complaint in result.output
    assert "瑞衡" not in result.output
