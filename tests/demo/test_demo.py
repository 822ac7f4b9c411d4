"""The demonstration, end to end, by its command: real processes, real keys, small data."""

from __future__ import annotations

import csv
import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import other_readers

KEYS = {
    "submitted", "flagged", "missed", "false_flags", "revealed", "compliant_revealed", "log_size", "log_verified",
    "log_witnessed", "seconds",
}  # fmt: skip


def _demo(*arguments: str | Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "client", "demo", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout.splitlines()[-1])
    assert set(result) >= KEYS
    assert (result["log_verified"], result["log_witnessed"]) == (True, True)
    assert result["compliant_revealed"] == 0
    return dict(result)


def test_oprf_finds_and_reveals_what_was_planted_and_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = _demo("--seed", "11", "--projects", "30", "--planted", "16", "--accounts", "150", "--out", out)
    assert (result["submitted"], result["flagged"]) == (30, 16)
    assert (result["missed"], result["false_flags"]) == (0, 0)
    truth = _codes(out / "truth.csv")
    flagged = _codes(out / "flagged_projects.csv")
    assert flagged == truth
    not_there = sum(codes == "account-not-found" for codes in truth.values())
    assert not_there == 2
    assert result["revealed"] == 16 - not_there
    _check_files(out)
    _check_log(out, result["log_size"])


def _check_log(out: Path, size: int) -> None:
    """The exported log verifies with other people's code, and the demonstration's one witness cosigned it."""
    log_key = json.loads((out / "homes/service/service.json").read_text(encoding="utf-8"))["log_key"]
    witness = (out / "homes/audit-office/witness.vkey").read_text(encoding="utf-8").strip()
    entries, witnesses = other_readers.read_export(out / "log", log_key, (witness,))
    assert (len(entries), witnesses) == (size, {"audit-office/witness"})
    receipts = json.loads((out / "receipts.json").read_text(encoding="utf-8"))
    assert receipts["verified"] is True
    assert [item["party"] for item in receipts["receipts"]] == ["", "labour-bureau", "bank-regulator", "audit-office"]


def _codes(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(csv.reader(lines[1:]))


def _check_files(out: Path) -> None:
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    for name in ("findings.json", "findings.csv", "findings.xlsx", "reveals.json", "log/checkpoint"):
        assert (out / name).stat().st_size > 0, name
    revealed = json.loads((out / "reveals.json").read_text(encoding="utf-8"))["opened"]
    assert all(item["confirmed"] for item in revealed)
    for path in (out / "passphrases").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.read_text(encoding="ascii").strip() not in _printed(out)


def _printed(out: Path) -> str:
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in (out / "processes").iterdir())


def test_hmac_takes_data_of_another_maker_without_truth(tmp_path: Path) -> None:
    """English headers, columns in another order, no optional columns but one, encodings exchanged, no truth file."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "projects.csv").write_text(
        "general contractor,project_id,extra,wage_account,credit_code\n"
        "大兴岫桓建设有限公司,P-1,x,6222020200112233,\n"
        "大兴岫桓建设有限公司,P-2,x,6222020200112234,\n"
        "大兴翎衡建筑有限公司,P-3,x,6222 0202 0011 2235,\n",
        encoding="utf-8-sig",
    )
    (data / "accounts.csv").write_text(
        "account,holder,account_kind,flags\n"
        "6222020200112233,大兴岫桓建设有限公司,wage,\n"
        "6222020200112235,西安曜辰商贸有限公司,农民工工资专用账户,\n",
        encoding="gb18030",
    )
    result = _demo("--mode", "hmac", "--data", data, "--out", tmp_path / "out")
    assert (result["submitted"], result["flagged"], result["revealed"]) == (3, 2, 1)
    assert (result["missed"], result["false_flags"]) == (None, None)
    flagged = _codes(tmp_path / "out" / "flagged_projects.csv")
    assert flagged == {"P-2": "account-not-found", "P-3": "holder-mismatch"}


@pytest.mark.parametrize(
    ("arguments", "status", "text"),
    [
        (["--planted", "4", "--projects", "3"], 2, "--planted"),
        (["--data", ".", "--seed", "3"], 2, "not both"),
        (["--data", "."], 3, "has no projects.csv"),
    ],
)
def test_impossible_wishes_are_refused_before_anything_starts(
    tmp_path: Path, arguments: list[str], status: int, text: str
) -> None:
    command = [sys.executable, "-m", "client", "demo", *arguments, "--out", str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=tmp_path, timeout=60)
    assert done.returncode == status
    assert text in done.stderr
    assert not (tmp_path / "out" / "homes").exists()


def test_a_directory_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("keep", encoding="utf-8")
    command = [sys.executable, "-m", "client", "demo", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert done.returncode == 5
    assert (tmp_path / "precious.txt").read_text(encoding="utf-8") == "keep"
