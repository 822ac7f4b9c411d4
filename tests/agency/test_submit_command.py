"""`concordat submit`: what it prints, where rejects go, and with which status it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from matcher.agency.commands import submit
from matcher.agency.exchange.service_card import ServiceCard
from matcher.agency.files import mappings
from matcher.agency.files.batches import Reading
from matcher.agency.files.mappings import Entry, SourceMapping
from matcher.agency.home import AgencyHome
from matcher.agency.submit import uploading
from matcher.agency.submit.flow import RowsRejectedError
from matcher.agency.submit.flow import submit as submit_job
from matcher.agency.submit.job import make_job
from matcher.protocol.errors import InputError, UnreachableError
from matcher.text.terminal import Invocation
from tests.agency.submission_world import ANSWERING, ASKING, FLOW, ORIGIN, PERIOD, World, silent
from tests.agency.workbook_files import xlsx

Make = Callable[..., World]
ACCOUNTS = "账号,开户单位\n62220001,大兴建筑有限公司\n1E+15,别的公司\n"


def run(world: World, monkeypatch: pytest.MonkeyPatch, *arguments: str, as_json: bool = True) -> Result:
    home = world.homes[ANSWERING]
    monkeypatch.setattr(AgencyHome, "of", lambda _invocation: home)
    certificate = home.keys.tls_certificate_pem
    monkeypatch.setitem(vars(home), "service", ServiceCard("localhost:1", ORIGIN, world.service.log_key, certificate))
    group = click.Group()
    submit.register(group)
    invocation = Invocation(home.path, as_json, None, "", None)
    words = ["submit", "--flow", FLOW, "--period", PERIOD, *arguments]
    return CliRunner().invoke(group, words, obj=invocation)


def test_the_result_is_one_json_object(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    path = world.file("accounts.csv", ACCOUNTS)
    result = run(world, monkeypatch, str(path))
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert set(found) == {
        "rows", "records", "accepted", "rejected", "reasons", "duplicates", "warnings", "sent", "deleted", "evaluated",
        "sequence", "log_index", "rejects_file", "seconds", "files", "local_rules", "spared",
    }  # fmt: skip
    assert found["reasons"] == {"excel-float": 1}
    assert found["rejects_file"] == str(path.with_suffix(".rejects.csv"))
    assert path.with_suffix(".rejects.csv").exists()


def test_strict_sends_nothing_when_a_row_is_rejected(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    rejects = world.path / "elsewhere.csv"
    path = world.file("accounts.csv", ACCOUNTS)
    result = run(world, monkeypatch, "--strict", "--rejects", str(rejects), str(path))
    assert isinstance(result.exception, RowsRejectedError)
    assert result.exception.exit_status == 8
    assert str(rejects) in result.exception.remedy
    assert not world.service.sealed
    assert rejects.exists()
    clean = world.file("accounts.csv", ACCOUNTS.replace("1E+15", "62220009"))
    assert run(world, monkeypatch, "--strict", "--rejects", str(rejects), str(clean)).exit_code == 0
    assert not rejects.exists()


def test_the_summary_is_for_people_and_without_content(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    path = world.file("accounts.csv", ACCOUNTS)
    result = run(world, monkeypatch, str(path), as_json=False)
    assert result.exit_code == 0
    assert "2 rows read" in result.output
    for value in ("62220001", "1E+15", "公司"):
        assert value not in result.output


def test_an_input_is_never_overwritten_by_rejects(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    path = world.file("accounts.csv", ACCOUNTS)
    result = run(world, monkeypatch, "--rejects", str(path), str(path))
    assert isinstance(result.exception, InputError)
    assert path.read_text(encoding="utf-8") == ACCOUNTS


def test_a_rejects_file_that_cannot_be_written_is_named(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    path = world.file("accounts.csv", ACCOUNTS)
    result = run(world, monkeypatch, "--rejects", str(Path(world.path) / "nowhere" / "x.csv"), str(path))
    assert isinstance(result.exception, InputError)
    assert "--rejects" in result.exception.remedy


def test_a_workbook_is_submitted_by_sheet_and_mapping(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    home = world.homes[ANSWERING]
    rows = [["卡号", "开户单位"], ["62220001", "大兴建筑有限公司"], ["62220002", "别的公司"]]
    path = xlsx(world.path / "accounts.xlsx", {"四月": rows[:2], "五月": rows})
    saved = mappings.save(home.path, "icbc", mappings.given(["卡号=account"], ["account"]))
    assert saved.stat().st_mode & 0o077 == 0
    result = run(world, monkeypatch, "--mapping", "icbc", str(path))
    assert isinstance(result.exception, InputError)
    assert result.exception.code == "sheet-ambiguous"
    result = run(world, monkeypatch, "--mapping", "icbc", "--sheet", "五月", str(path))
    assert result.exit_code == 0, result.exception
    found = json.loads(result.stdout)
    assert (found["rows"], found["sent"]) == (2, 2)
    (about,) = found["files"]
    assert about["sheet"] == "五月"
    assert about["columns"] == {"account": "卡号", "holder": "开户单位"}
    result = run(world, monkeypatch, "--mapping", "icbc", "--sheet", "五月", str(path), as_json=False)
    assert "五月" in result.output
    assert "大兴" not in result.output


def test_the_same_file_read_in_another_way_is_another_submission(submission: Make) -> None:
    world = submission("hmac")
    path = world.file("accounts.csv", ACCOUNTS)
    unit = {
        name: SourceMapping("a", (Entry("账号", "account"), Entry("实发", "wages_paid", name)))
        for name in ("元", "万元")
    }
    readings = [Reading(), Reading("一"), Reading("", (unit["元"],)), Reading("", (unit["万元"],))]
    home = world.homes[ANSWERING]
    assert len({make_job(home, FLOW, PERIOD, [path], reading).inputs_digest() for reading in readings}) == 4


def test_strict_refuses_before_evaluations_are_asked_for(submission: Make) -> None:
    world = submission("oprf")
    path = world.file("projects.csv", "项目编号,总包单位,工资专用账户\nP1,甲,62220001\nP2,甲,1E+15\n")
    job = make_job(world.homes[ASKING], FLOW, PERIOD, [path], strict=True)
    with pytest.raises(RowsRejectedError, match="1 records were rejected, so nothing was sent"):
        submit_job(job, world.path / "rejects.csv", silent)
    assert not world.service.mail
    assert not list(world.homes[ASKING].spool_path.glob("*/rows"))


def test_strict_takes_up_nothing_that_was_begun_without_it(submission: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    world = submission("hmac")
    path = world.file("accounts.csv", ACCOUNTS)
    home = world.homes[ANSWERING]
    monkeypatch.setattr(uploading, "_TRIES", 0)
    world.service.fail = {"open"}
    with pytest.raises(UnreachableError):
        submit_job(make_job(home, FLOW, PERIOD, [path]), world.path / "rejects.csv", silent)
    with pytest.raises(RowsRejectedError):
        submit_job(make_job(home, FLOW, PERIOD, [path], strict=True), world.path / "rejects.csv", silent)
    assert not world.service.sealed
    assert (world.path / "rejects.csv").exists()
