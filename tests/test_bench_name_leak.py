"""The measurement of what a name's encoding shows: figures worked out by hand, and the invented list it runs on."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from bench import name_leak
from bench.firms import firms

KEY, OTHER_KEY = bytes(32), bytes(range(32))


def test_figures_are_those_worked_out_by_hand() -> None:
    assert name_leak.figures(["a", "a", "b", "c"]) == {
        "patterns": 3, "bits": 1.5, "alone": 0.5, "fewer_than_ten": 1.0, "median_crowd": 1.5,
    }  # fmt: skip


def test_a_pattern_is_lengths_and_repeats_whatever_the_key_and_the_characters() -> None:
    shown = name_leak.pattern("四川瑞衡建筑有限公司", KEY)
    assert shown == name_leak.pattern("四川瑞衡建筑有限公司", OTHER_KEY)
    assert shown == name_leak.pattern("湖南华岳装饰有限责任公司", KEY)
    assert shown != name_leak.pattern("湖南华华装饰有限公司", KEY)
    assert shown != name_leak.pattern("湖南华岳达装饰有限公司", KEY)


def test_the_list_of_firms_is_invented_once_and_for_all() -> None:
    listed = firms(300)
    assert listed == firms(300)
    assert len(set(listed)) == 300
    assert firms(300, seed=1) != listed


@pytest.mark.parametrize("content", [None, "四川瑞衡建筑有限公司\n湖南华岳建筑有限公司\n\n华岳装饰\n"])
def test_command(tmp_path, content, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(name_leak, "firms", lambda: firms(50))
    words = ["--json"]
    if content:
        (tmp_path / "names.txt").write_text(content, encoding="utf-8")
        words += ["--names", str(tmp_path / "names.txt")]
    result = CliRunner().invoke(name_leak.main, words, catch_exceptions=False)
    measured = json.loads(result.output)
    assert measured["firms"] == (3 if content else 50)
    if content:
        assert measured["lengths_and_repeats"]["alone"] == 0.3333
        assert measured["lengths_and_repeats"]["bits"] == 0.9183
