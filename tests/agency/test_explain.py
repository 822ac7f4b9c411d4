"""``concordat explain``: the parts, the verdict and its reason, in both languages, with no home. Firms are invented."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import client
from matcher.protocol import names
from matcher.protocol.names import verdict
from matcher.text import speaking
from tests.protocol.test_names_verdict import HARMLESS, REAL

LEFT, RIGHT = "四川瑞衡建筑工程有限公司", "四川省成都市瑞恒第三建筑有限责任公司（云溪小区）项目部"


def _run(tmp_path: Path, *words: str) -> str:
    result = CliRunner().invoke(client.build(), ["--home", str(tmp_path / "none"), *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_json_holds_the_parts_the_verdict_and_the_reason(tmp_path: Path) -> None:
    shown = json.loads(_run(tmp_path, "--json", "explain", LEFT, RIGHT))
    assert shown["right"] == {
        "province": "四川省", "prefecture": "成都市", "county": "", "ordinal": 3, "brand": "瑞恒",
        "sound": ["rui", "heng"], "trade": ["建筑"], "works": False, "form": "有限公司", "group": False, "branch": True,
    }  # fmt: skip
    assert (shown["verdict"], shown["reason"]) == ("different", verdict.OTHER_ORDINAL.reason)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("The same firm, written in another way", "Brand", "≠")),
        ("zh", ("同一企业，写法不同", "字号", "其余没有矛盾")),
    ],
)
def test_a_person_reads_it_in_either_language(tmp_path: Path, language: str, words: tuple[str, ...]) -> None:
    with speaking(language):
        shown = _run(tmp_path, "explain", LEFT, "瑞衡建筑工程有限公司")
    assert all(word in shown for word in words), shown


def test_latin_names_and_counties(tmp_path: Path) -> None:
    shown = json.loads(_run(tmp_path, "--json", "explain", "Ruiheng Bau GmbH", "鼓楼区瑞衡装饰"))
    assert (shown["left"]["brand"], shown["left"]["form"]) == ("ruiheng", "有限公司")
    assert (shown["right"]["county"], shown["right"]["form"]) == ("鼓楼区", "")


def test_every_reason_is_reached_and_its_verdict_is_its_own() -> None:
    reached = {names.explain(left, right) for left, right, _ in HARMLESS + REAL}
    reached.add(names.explain(LEFT, None))
    assert reached == set(verdict.DECISIONS)
    assert len({decision.reason for decision in verdict.DECISIONS}) == len(verdict.DECISIONS)
