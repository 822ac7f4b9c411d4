"""The measure of what a blinded name tells: patterns count what is seen without the key, and nothing of a name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bench import names_leak
from bench.firms import firms
from matcher.protocol import names

TWINS = ["四川瑞衡建筑有限公司", "湖南天岳劳务有限公司"]  # alike to who has no key: province, two characters, one word
REPEAT = "四川恒恒建筑有限公司"
LONGER = "四川瑞衡岳建筑有限公司"


def _pattern(name: str, pattern: str = "lengths_and_repeats") -> names_leak.Pattern:
    (parts,) = names_leak.encoded([name])
    return dict(names_leak.PATTERNS)[pattern](parts)


def test_a_pattern_is_what_is_seen_without_the_key() -> None:
    one, other = map(_pattern, TWINS)
    assert one == other
    assert _pattern(REPEAT) != one
    assert _pattern(REPEAT, "lengths") == _pattern(TWINS[0], "lengths")
    assert _pattern(LONGER, "lengths") != _pattern(TWINS[0], "lengths")
    assert _pattern("绵阳瑞衡建筑有限公司") != one
    without = "lengths_and_repeats_without_region"
    assert _pattern("绵阳瑞衡建筑有限公司", without) == _pattern(TWINS[0], without)


def test_repeats_are_counted_on_symbols_of_the_names_own_key() -> None:
    encodings = names_leak.encoded([TWINS[0], TWINS[0]])
    assert encodings[0].brand != encodings[1].brand
    assert encodings[0] != names.split(TWINS[0])


def test_crowds() -> None:
    patterns: list[names_leak.Pattern] = [*[("a",)] * 6, ("b",), ("c",)]
    assert names_leak.crowds(patterns) == {
        "bits": pytest.approx(6 / 8 * 0.41504 + 2 / 8 * 3, abs=1e-3),
        "patterns": 3, "median_crowd": 6, "alone": 0.25, "fewer_than_five": 0.25,
    }  # fmt: skip


def test_the_command_prints_figures_and_no_name(tmp_path: Path) -> None:
    listed = tmp_path / "names.txt"
    listed.write_text("\n".join([*TWINS, REPEAT, "", TWINS[0], "（）"]) + "\n")
    ran = CliRunner().invoke(names_leak.main, ["--names", str(listed), "--json"])
    assert ran.exit_code == 0
    measured = json.loads(ran.output)
    assert measured["names"] == 3
    assert measured["lengths"]["alone"] == 0
    assert measured["lengths_and_repeats"]["alone"] == pytest.approx(1 / 3, abs=1e-3)
    shown = CliRunner().invoke(names_leak.main, ["--names", str(listed)])
    assert shown.exit_code == 0
    assert not any("\u4e00" <= character <= "\u9fff" for character in ran.output + shown.output)


def test_the_list_of_firms_is_invented_once_and_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = firms(300)
    assert listed == firms(300)
    assert len(set(listed)) == 300
    assert firms(300, seed=1) != listed
    monkeypatch.setattr(names_leak, "firms", lambda: listed)
    measured = json.loads(CliRunner().invoke(names_leak.main, ["--json"]).output)
    assert (measured["names"], measured["list"]) == (300, "invented, seed 20000")


def test_an_empty_list_is_refused(tmp_path: Path) -> None:
    listed = tmp_path / "names.txt"
    listed.write_text("\n")
    assert CliRunner().invoke(names_leak.main, ["--names", str(listed)]).exit_code != 0
