"""`concordat check` and `concordat sample`: told at home, with nothing sent, shown or kept that should not be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from openpyxl import load_workbook

import matcher.text
from matcher.agency.check.checking import check
from matcher.agency.check.terms import SideTerms, of_directory
from matcher.agency.commands import check as command
from matcher.agency.commands import sample
from matcher.agency.files import mappings
from matcher.agency.files.batches import Reading
from matcher.agency.files.registry import open_rows
from matcher.agency.home import AGREEMENTS_DIRECTORY
from matcher.agency.records.plan import Layout
from matcher.agency.submit.flow import submit
from matcher.agency.submit.job import make_job
from matcher.protocol.errors import AgreementError, ConcordatError, DeniedError, InputError, StateError
from matcher.text.terminal import Invocation
from tests.agency.daxing_terms import BUREAU, EXAMPLE, REGULATOR, write_agreement
from tests.agency.submission_world import ANSWERING, ASKING, FIELDS, FLOW, PERIOD, World, silent
from tests.agency.workbook_files import xlsx

ACCOUNTS = "账号,开户单位,账户性质\n62220001,大兴建筑有限公司,工资专户\n1E+15,别的公司,工资专户\n"


def run(home: Path, *words: str, as_json: bool = True) -> Result:
    group = click.Group()
    command.register(group)
    sample.register(group)
    return CliRunner().invoke(group, list(words), obj=Invocation(home, as_json, None, "", None))


@pytest.fixture
def agreement(tmp_path: Path) -> Path:
    return write_agreement(tmp_path / "agreement")


@pytest.fixture
def home(tmp_path: Path, agreement: Path) -> Path:
    """A home with an agreement and no keys at all: a check needs none."""
    path = tmp_path / "home"
    (path / AGREEMENTS_DIRECTORY).mkdir(parents=True)
    agreement.rename(path / AGREEMENTS_DIRECTORY / "digest")
    value = {"format": "concordat-party-v1", "party": REGULATOR, "auditor": False}
    (path / "party.json").write_text(json.dumps(value))
    return path


def write(path: Path, text: str = ACCOUNTS) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_check_tells_what_a_submission_would_do_without_keys_or_service(home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "accounts.csv")
    result = run(home, "check", str(path))
    assert result.exit_code == 0, result.exception
    found = json.loads(result.stdout)
    assert (found["rows"], found["accepted"], found["rejected"]) == (2, 1, 1)
    assert found["reasons"] == {"excel-float": 1}
    assert found["flow"] == "account-check"
    assert found["files"][0]["columns"] == {"account": "账号", "holder": "开户单位", "account_kind": "账户性质"}
    assert (tmp_path / "accounts.rejects.csv").exists()
    assert run(home, "check", "--strict", str(path)).exit_code == 8
    assert not (home / "spool").exists()
    assert not (home / "vault.db").exists()


def test_nothing_of_a_row_is_printed_where_no_person_looks(home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "accounts.csv")
    for as_json in (True, False):
        result = run(home, "check", "--preview", str(path), as_json=as_json)
        assert result.exit_code == 0
        for value in ("62220001", "1E+15", "公司"):
            assert value not in result.output


def test_a_preview_is_shown_on_a_terminal(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    monkeypatch.setattr("matcher.text.terminal.output", lambda: Console(force_terminal=True, width=120))
    path = write(tmp_path / "accounts.csv", ACCOUNTS.replace("大兴", "[/]大兴"))
    shown = run(home, "check", str(path), as_json=False).output
    assert "62220001" in shown
    assert "(/)大兴建筑有限公司" in shown
    assert "62220001" not in run(home, "check", "--no-preview", str(path), as_json=False).output
    assert "62220001" not in run(home, "check", str(path), as_json=True).output


def test_brackets_in_a_preview_are_no_markup(agreement: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.console import Console

    monkeypatch.setattr("matcher.text.terminal.output", lambda: Console(force_terminal=True, width=120))
    path = write(tmp_path / "projects.csv", "项目编号,总包单位,工资专用账户\n[/]P-1,大兴建筑有限公司,62220001\n")
    words = ["--agreement", str(agreement), "--party", BUREAU]
    assert "[/]P-1" in run(tmp_path, "check", *words, str(path), as_json=False).output


def test_an_unsigned_agreement_and_another_party_will_do(agreement: Path, tmp_path: Path) -> None:
    rejects = str(tmp_path / "rejects.csv")
    words = ["check", "--agreement", str(agreement), "--rejects", rejects]
    found = json.loads(run(tmp_path, *words, "--party", BUREAU, str(EXAMPLE / "projects.csv")).stdout)
    assert (found["rows"], found["rejected"], found["side"]) == (193, 0, "asking")
    found = json.loads(run(tmp_path, *words, "--party", REGULATOR, str(EXAMPLE / "accounts.csv")).stdout)
    assert (found["rows"], found["accepted"], found["rejected"]) == (5203, 5200, 3)
    assert isinstance(run(tmp_path, *words, "--party", "nobody", str(EXAMPLE / "accounts.csv")).exception, DeniedError)


def test_credit_codes_that_do_not_check_are_told_by_line(home: Path, tmp_path: Path) -> None:
    text = "账号,开户单位,账户性质,统一社会信用代码\n62220001,甲,工资专户,91110115MA0000001X\n62220002,乙,工资专户,\n"
    path = write(tmp_path / "a.csv", text + "62220003,丙,工资专户,110115000000001\n")
    found = json.loads(run(home, "check", str(path)).stdout)
    assert (found["accepted"], found["warnings"], found["warned_lines"]) == (3, 2, {"a.csv": [2, 4]})
    assert "a.csv, lines 2, 4" in run(home, "check", str(path), as_json=False).output


def test_a_home_without_agreement_says_what_to_do(home: Path, tmp_path: Path) -> None:
    (home / AGREEMENTS_DIRECTORY / "digest").rename(tmp_path / "elsewhere")
    result = run(home, "check", str(write(tmp_path / "accounts.csv")))
    assert isinstance(result.exception, AgreementError)
    assert "--agreement" in result.exception.remedy


def test_a_mapping_is_tried_saved_and_used_again(home: Path, tmp_path: Path) -> None:
    text = "账户号码,开户行户名,性质,本月代发\n62220001,大兴建筑有限公司,工资专户,1.5\n"
    path = write(tmp_path / "icbc.csv", text)
    result = run(home, "check", str(path))
    assert isinstance(result.exception, InputError)
    words = ["--map", "账户号码=account", "--map", "开户行户名=holder", "--map", "性质=account_kind"]
    words += ["--map", "本月代发=wages_paid(万元)", "--save-mapping", "工行"]
    result = run(home, "check", *words, str(path))
    assert result.exit_code == 0, result.exception
    assert json.loads(result.stdout)["mapping"] == str(home / "mappings" / "工行.toml")
    found = json.loads(run(home, "check", "--mapping", "工行", str(path)).stdout)
    assert found["accepted"] == 1
    assert found["files"][0]["units"] == {"wages_paid": "万元"}
    other = json.loads(run(home, "check", "--mapping", "工行", "--map", "本月代发=wages_paid(元)", str(path)).stdout)
    assert other["files"][0]["units"] == {"wages_paid": "元"}


def test_each_file_takes_the_mapping_of_its_source(home: Path, tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", "甲账号,甲户名,账户性质\n62220001,大兴建筑有限公司,工资专户\n")
    second = write(tmp_path / "b.csv", "乙账号,乙户名,账户性质\n62220002,大兴建筑有限公司,工资专户\n")
    third = write(tmp_path / "c.csv", ACCOUNTS.replace("1E+15", "62220003").replace("62220001", "62220004"))
    for name, path in (("甲", first), ("乙", second)):
        words = ["--map", f"{name}账号=account", "--map", f"{name}户名=holder", "--save-mapping", name]
        assert run(home, "check", *words, str(path)).exit_code == 0
    assert run(home, "check", "--save-mapping", "standard", str(third)).exit_code == 0
    named = ["--mapping", "甲", "--mapping", "乙", "--mapping", "standard"]
    found = json.loads(run(home, "check", *named, str(first), str(second), str(third)).stdout)
    assert found["accepted"] == 4
    result = run(home, "check", "--mapping", "甲", str(first), str(second))
    assert isinstance(result.exception, InputError)
    assert result.exception.code == "mapping-unfit"
    assert "甲账号" in str(result.exception)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--map", "账号"], "HEADER=COLUMN is expected"),
        (["--map", "账号=nothing"], "the agreement has no column nothing"),
        (["--map", "账号=account(斤)"], "斤 is no unit of money"),
        (["--map", "账号=account", "--map", "户名=account"], "named twice: account"),
        (["--mapping", "nobody"], "no mapping nobody is saved here"),
        (["--mapping", "../x"], "a mapping's name is"),
        (["--save-mapping", "a/b"], "a mapping's name is"),
        (["--flow", "other"], "gives bank-regulator a part in flow other"),
    ],
)
def test_wrong_words_are_named(home: Path, tmp_path: Path, words: list[str], message: str) -> None:
    result = run(home, "check", *words, str(write(tmp_path / "accounts.csv")))
    assert isinstance(result.exception, ConcordatError)
    assert message in str(result.exception)


def test_a_damaged_mapping_is_named_without_its_text(home: Path) -> None:
    saved = mappings.save(home, "a", mappings.given(['a "b"\\c\x7f=x(元)'], ["x"], "表 1"))
    assert mappings.load(home, "a").entries[0].header == 'a "b"\\c\x7f'
    assert mappings.load(home, "a").sheet == "表 1"
    kept = saved.read_text(encoding="utf-8")
    no_sheet = 'format = "concordat-mapping-v1"\nsheet = 1'
    for text in ("", "format = 1", f"{kept}more = 1\n", "[", no_sheet):
        saved.write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="mapping a cannot be read"):
            mappings.load(home, "a")


@pytest.mark.parametrize("party", [BUREAU, REGULATOR])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_sample_is_read_back_as_it_is(
    agreement: Path, tmp_path: Path, party: str, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matcher.text, "language", lambda: language)
    monkeypatch.setattr(sample, "language", lambda: language)
    path = tmp_path / "sample.xlsx"
    words = ["--agreement", str(agreement), "--party", party]
    result = run(tmp_path, "sample", *words, "--out", str(path))
    assert result.exit_code == 0, result.exception
    found = json.loads(run(tmp_path, "check", *words, str(path)).stdout)
    assert (found["rows"], found["rejected"], found["warnings"], found["duplicates"]) == (2, 0, 0, 0)
    assert found["files"][0]["absent"] == found["files"][0]["not_read"] == []
    book = load_workbook(path)
    headers = [cell.value for cell in book.worksheets[0][1]]
    assert all(str(header).isascii() == (language == "en") for header in headers)
    assert [row[0].value for row in book.worksheets[1].iter_rows(min_row=2)] == headers
    assert run(tmp_path, "sample", *words, "--out", str(path)).exception is not None  # never over a filled-in file


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_sample_of_flows_goes_with_a_sample_of_accounts(
    agreement: Path, tmp_path: Path, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matcher.text, "language", lambda: language)
    monkeypatch.setattr(sample, "language", lambda: language)
    accounts, flows = tmp_path / "accounts.xlsx", tmp_path / "flows.xlsx"
    words = ["--agreement", str(agreement), "--party", REGULATOR]
    assert run(tmp_path, "sample", *words, "--out", str(accounts)).exit_code == 0
    assert run(tmp_path, "sample", *words, "--flows", "--out", str(flows)).exit_code == 0
    found = json.loads(run(tmp_path, "check", *words, "--flows", str(flows), str(accounts)).stdout)
    assert (found["rejected"], found["local_rules"]["flows"]["rows"]) == (0, 2)
    assert found["local_rules"]["codes"]["abnormal-outflow"] == 1  # of the one that is a wage account
    bureau = ["--agreement", str(agreement), "--party", BUREAU, "--flows", "--out", str(tmp_path / "no.xlsx")]
    assert isinstance(run(tmp_path, "sample", *bureau).exception, InputError)


def test_a_sample_is_a_workbook(agreement: Path, tmp_path: Path) -> None:
    words = ["--agreement", str(agreement), "--party", BUREAU, "--out", str(tmp_path / "sample.csv")]
    assert isinstance(run(tmp_path, "sample", *words).exception, InputError)


DIRTY = {
    ASKING: "项目编号,总包单位,工资专用账户,保证金账户,应发工资(万元),存入期限\n"
    "P1,甲公司,62220001,62220002,1.5,2022-05-01\n"
    "P1,甲公司,62220001,62220002,1.5,2022-05-01\n"
    "P1,乙公司,62220001,62220009,1.5,2022-05-01\n"
    "P2,甲公司,62220003,,1,\nP3,甲公司,62220003,,1,\nP4,甲公司,62220003,,1,\nP4,甲公司,62220003,,1,\n"
    "P5,,62220004,,1,\nP6,甲公司,,,,\n,甲公司,62220005,,,\nP7,甲公司,62220006,62220007,x,44712\n合计,,,,9,\n",
    ANSWERING: "账号,开户单位,信用代码,账户性质,实发工资,异常标记\n"
    "62220001,甲,,工资专户,1.00,\n62220001,甲,,工资专户,1.00,\n6222 0001,乙,,工资专户,1.00,\n"
    "62220002,甲,91110115MA0000001X,工资专户,1.00,冻结\n1E+15,甲,,工资专户,,\n62220003,#N/A,,工资专户,####,\n"
    "62220004,甲,,别的,,\n账号,开户单位,信用代码,账户性质,实发工资,异常标记\n",
}


@pytest.mark.parametrize("party", [ASKING, ANSWERING])
def test_a_check_and_a_submission_say_the_same(submission: Callable[..., World], party: str) -> None:
    world = submission("hmac")
    path = world.file(f"{party}.csv", DIRTY[party])
    flow = world.agreement.flow(FLOW)
    side = flow.side_of(party)
    columns = world.agreement.flow_terms(FLOW).columns(side)
    terms = SideTerms("daxing-wages", FLOW, side, Layout(columns, FIELDS, "account-number"), flow.multiple)
    checked = check(terms, [path], Reading(), world.path / "checked.csv", silent)
    sent = submit(make_job(world.homes[party], FLOW, PERIOD, [path]), world.path / "sent.csv", silent)
    for key in ("rows", "records", "accepted", "rejected", "reasons", "duplicates", "warnings", "files"):
        assert checked.summary[key] == sent[key], key
    assert sorted((world.path / "checked.csv").read_text().splitlines()) == sorted(
        (world.path / "sent.csv").read_text().splitlines()
    )
    assert sent["duplicates"]
    assert "too-many-rows" in sent["reasons"] or party == ANSWERING


def test_files_that_cannot_be_opened_are_refused_before_the_first_is_read(home: Path, tmp_path: Path) -> None:
    good = write(tmp_path / "a.csv")
    result = run(home, "check", str(good), str(tmp_path / "b.xlsx"))
    assert isinstance(result.exception, InputError)
    assert not (tmp_path / "a.rejects.csv").exists()
    assert isinstance(run(home, "check", str(good), str(good)).exception, InputError)
    assert isinstance(run(home, "check", "--rejects", str(good), str(good)).exception, InputError)


def test_a_mapping_remembers_its_sheet(home: Path, tmp_path: Path) -> None:
    rows: list[list[Any]] = [["账号", "开户单位", "账户性质"], ["62220001", "甲", "工资专户"]]
    path = xlsx(tmp_path / "a.xlsx", {"一月": rows, "二月": [*rows, ["62220002", "乙", "工资专户"]]})
    assert run(home, "check", "--sheet", "二月", "--save-mapping", "a", str(path)).exit_code == 0
    assert json.loads(run(home, "check", "--mapping", "a", str(path)).stdout)["rows"] == 2
    other = xlsx(tmp_path / "b.xlsx", {"三月": rows})
    result = run(home, "check", "--mapping", "a", str(other))
    assert isinstance(result.exception, InputError)
    assert "--sheet" in result.exception.remedy


def test_terms_name_the_flow_when_there_are_several(agreement: Path) -> None:
    terms = of_directory(agreement, REGULATOR, "")
    assert terms.flow == "account-check"
    with pytest.raises(InputError, match=r"matching\.toml"):
        of_directory(agreement.parent, REGULATOR, "")
    assert open_rows(EXAMPLE / "accounts.csv", terms.columns).about.form == "utf-8-sig"


def test_a_mapping_is_kept_in_a_home_only(agreement: Path, tmp_path: Path) -> None:
    words = ["check", "--agreement", str(agreement), "--party", REGULATOR, "--save-mapping", "a"]
    result = run(tmp_path, *words, str(write(tmp_path / "a.csv")))
    assert isinstance(result.exception, StateError)
    assert not (tmp_path / "mappings").exists()


def test_a_mapping_that_lacks_a_header_gives_way_to_one_that_fits(home: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", ACCOUNTS.replace("1E+15", "62220003"))
    columns = ["account", "holder", "account_kind", "flags"]
    entries = ["账号=account", "开户单位=holder", "账户性质=account_kind", "卡种=flags"]
    mappings.save(home, "other", mappings.given(entries, columns))
    mappings.save(home, "standard", mappings.given([], columns))
    assert run(home, "check", "--mapping", "other", str(path)).exception is not None
    assert run(home, "check", "--mapping", "other", "--mapping", "standard", str(path)).exit_code == 0


def test_what_a_mapping_names_is_found_by_its_header_alone(home: Path, tmp_path: Path) -> None:
    text = "账号,户名,开户行户名,账户性质\n62220001,,大兴建筑有限公司,工资专户\n"
    path = write(tmp_path / "a.csv", text)
    found = json.loads(run(home, "check", "--map", "开户行户名=holder", str(path)).stdout)
    assert found["accepted"] == 1
    assert found["files"][0]["columns"]["holder"] == "开户行户名"
    assert found["files"][0]["not_read"] == ["户名"]
