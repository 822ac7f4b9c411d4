"""The measurements in small: every stage is there, the slope is the exponent, and the plots are drawn."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import delta, plots, scale, speed


def test_slope_is_the_exponent() -> None:
    sizes = [10, 100, 1000]
    assert scale.slope(sizes, [3 * size**1.5 for size in sizes]) == pytest.approx(1.5)
    assert scale.slope(sizes, [7.0, 7.0, 7.0]) == pytest.approx(0.0)


def test_whole_run_in_small() -> None:
    result = CliRunner().invoke(speed.main, ["--answering", "400", "--asking", "100", "--json"])
    assert result.exit_code == 0, result.output
    measured = json.loads(result.output)
    answering, asking, match, findings = measured["stages"]
    assert (answering["said"]["sent"], asking["said"]["sent"]) == (400, 100)
    assert asking["said"]["evaluated"] == 1024  # 100, padded
    assert set(measured["beside"]) == {"service", "witness", "agent"}
    assert match["seconds"] + findings["seconds"] < measured["wall_seconds"]
    assert measured["processor_seconds"] > 0


def test_second_submission_sends_what_changed() -> None:
    result = CliRunner().invoke(delta.main, ["--rows", "300", "--mode", "hmac", "--json"])
    assert result.exit_code == 0, result.output
    sent = [item["said"]["sent"] for item in json.loads(result.output)["measured"]]
    assert sent == [300, 3, 300] * 2


def test_plots_are_drawn(tmp_path: Path) -> None:
    plots.growth(tmp_path / "growth.svg", [10, 100], [1.0, 9.0], 0.95)
    plots.beside(tmp_path / "beside.svg", ["ours", "theirs"], [1.0, 2.0], 1)
    for name in ("growth.svg", "beside.svg"):
        first = (tmp_path / name).read_bytes()
        assert b"<svg" in first
    plots.beside(tmp_path / "again.svg", ["ours", "theirs"], [1.0, 2.0], 1)
    assert (tmp_path / "again.svg").read_bytes() == (tmp_path / "beside.svg").read_bytes()
