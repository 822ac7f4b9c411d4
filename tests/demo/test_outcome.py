"""Counting by distinct project, and holding it against a truth file, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from matcher.demo.comparing import Compared
from matcher.demo.outcome import as_json, count, read_truth, write_flagged
from matcher.protocol.errors import InputError

AUDIT = {"size": 9, "verified": True, "witnessed": True}


def _compared(opened: list[dict[str, Any]]) -> Compared:
    findings = {
        "summary": {"lines": 5},
        "findings": [
            {"row_id": "a", "codes": ["wages-short"]},
            {"row_id": "a", "codes": ["deposit-late"]},
            {"row_id": "b", "codes": ["account-not-found"]},
        ],
    }
    return Compared({}, {}, {}, findings, {}, 0, opened)


def test_projects_are_counted_once_and_held_against_the_truth(tmp_path: Path) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text("project_id,codes\na,wages-short\nc,deposit-late\nd,\n", encoding="utf-8")
    opened = [
        {"row_id": "a", "confirmed": ["wages-short"]},
        {"row_id": "a", "confirmed": ["deposit-late"]},
        {"row_id": "b", "confirmed": ["holder-mismatch"]},
    ]
    outcome = count(_compared(opened), truth)
    assert outcome.flagged == {"a": ("deposit-late", "wages-short"), "b": ("account-not-found",)}
    result = as_json(outcome, AUDIT, 1.26)
    assert result == {
        "submitted": 5, "flagged": 2, "missed": 1, "false_flags": 1, "revealed": 2, "compliant_revealed": 1,
        "log_size": 9, "log_verified": True, "log_witnessed": True, "seconds": 1.3,
    }  # fmt: skip


def test_without_truth_the_same_keys_are_there(tmp_path: Path) -> None:
    outcome = count(_compared([{"row_id": "a", "confirmed": []}]), tmp_path / "none.csv")
    result = as_json(outcome, AUDIT, 1.0)
    assert result["missed"] is None
    assert result["false_flags"] is None
    assert result["compliant_revealed"] == 1


def test_flagged_projects_are_written_as_a_truth_file(tmp_path: Path) -> None:
    outcome = count(_compared([]), tmp_path / "none.csv")
    write_flagged(outcome, tmp_path / "flagged.csv")
    assert read_truth(tmp_path / "flagged.csv") == {"a", "b"}


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("project_id,codes\na,x\n", "utf-8"),
        ("项目编号,规则代码\na,x\nb,\n", "gb18030"),
        (" project_id \n a\n", "utf-8-sig"),
        ("note,project_id,codes\n,a,x;y\n,b, ; \n", "utf-8"),
    ],
)
def test_truth_files_of_other_makers_are_read(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "truth.csv"
    path.write_bytes(text.encode(encoding))
    assert read_truth(path) == {"a"}


def test_a_truth_file_without_ids_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "truth.csv"
    path.write_text("project\na\n", encoding="utf-8")
    with pytest.raises(InputError, match="project_id"):
        read_truth(path)
