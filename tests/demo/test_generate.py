"""The generator: same bytes for a seed, valid codes, every problem, nothing shared that is planted."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from matcher.demo import generate as generator
from matcher.demo.firms import Registry, credit_code
from matcher.demo.generate import ACCOUNT_HEADERS, FLOW_HEADERS, PROJECT_HEADERS, generate
from matcher.demo.harmless import VARIATIONS, Variation
from matcher.demo.problems import LOCAL_CODES, PROBLEMS, Tools
from matcher.demo.sites import WAGE, Numbers, Site, compliant_sites

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "daxing"


def _rows(data: bytes, encoding: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(encoding, "replace"), newline="")))


def _digits(text: str) -> str:
    return "".join(str(int(letter)) for letter in text if letter.isdigit())


def test_committed_example_is_what_the_default_seed_gives() -> None:
    data = generate(
        generator.DEFAULT_SEED, generator.DEFAULT_PROJECTS, generator.DEFAULT_PLANTED, generator.DEFAULT_ACCOUNTS
    )
    assert (EXAMPLES / "projects.csv").read_bytes() == data.projects_csv
    assert (EXAMPLES / "accounts.csv").read_bytes() == data.accounts_csv
    assert (EXAMPLES / "flows.csv").read_bytes() == data.flows_csv
    assert (EXAMPLES / "truth.csv").read_bytes() == data.truth_csv


def test_default_set_has_193_projects_54_planted_and_5000_accounts() -> None:
    projects = _rows((EXAMPLES / "projects.csv").read_bytes(), "gb18030")
    accounts = _rows((EXAMPLES / "accounts.csv").read_bytes(), "utf-8-sig")
    truth = _rows((EXAMPLES / "truth.csv").read_bytes(), "utf-8")
    assert tuple(projects[0]) == PROJECT_HEADERS
    assert tuple(accounts[0]) == ACCOUNT_HEADERS
    assert len(projects) == len({row["项目编号"] for row in projects}) == 193
    assert len(truth) == 54
    assert {row["project_id"] for row in truth} <= {row["项目编号"] for row in projects}
    assert len(accounts) >= 5000


def test_every_kind_of_problem_is_in_the_default_set() -> None:
    truth = _rows((EXAMPLES / "truth.csv").read_bytes(), "utf-8")
    codes = {code for row in truth for code in row["codes"].split(";")}
    expected = {"holder-mismatch", "holder-unclear", "name-disagrees", "account-not-found", "wrong-account-kind"}
    assert codes >= expected | {"wages-short", "deposit-short", "deposit-late", *LOCAL_CODES}


def test_wage_accounts_have_twelve_months_of_flows() -> None:
    flows = _rows((EXAMPLES / "flows.csv").read_bytes(), "utf-8-sig")
    assert tuple(flows[0]) == FLOW_HEADERS
    assert len({row["月份"] for row in flows if "-" in row["月份"]}) == 12
    wage = {_digits(row["账号"]) for row in _rows((EXAMPLES / "accounts.csv").read_bytes(), "utf-8-sig")
            if row["账户性质"] == WAGE and row["实发工资(元)"]}  # fmt: skip
    assert {_digits(row["账号"]) for row in flows} == wage
    assert max(Counter(_digits(row["账号"]) for row in flows).values()) == 12


def test_every_harmless_look_alike_is_in_the_default_set() -> None:
    """Each stands in a project that the truth calls compliant; tests/demo/test_truth.py holds the rules to that."""
    planted = {row["project_id"] for row in _rows((EXAMPLES / "truth.csv").read_bytes(), "utf-8")}
    projects = [row for row in _rows((EXAMPLES / "projects.csv").read_bytes(), "gb18030")
                if row["项目编号"] not in planted]  # fmt: skip
    accounts = {_digits(row["账号"]): row for row in _rows((EXAMPLES / "accounts.csv").read_bytes(), "utf-8-sig")}
    forms = {row["保证金方式"] for row in projects}
    assert forms & {"保函", "银行保函"}
    assert forms & {"免存", "免于存储"}
    assert any(row["保证金账户"] and not row["保证金存入期限"] for row in projects)
    states = {accounts[_digits(row["工资专用账户"])]["账户状态"] for row in projects}
    assert "冻结" in states
    assert any("（" in accounts[_digits(row["工资专用账户"])]["账户全称"] for row in projects)


@pytest.mark.parametrize("variation", VARIATIONS)
def test_every_harmless_look_alike_changes_its_site(variation: Variation) -> None:
    before, after = (generate_site() for _site in range(2))
    variation(*after)
    assert seen(before[1]) != seen(after[1])
    assert not after[1].codes


def generate_site() -> tuple[Tools, Site]:
    random = Random(3)  # noqa: S311 - the same site twice
    registry, numbers = Registry(random), Numbers(random)
    return Tools(random, registry, numbers), compliant_sites(random, registry, numbers, 1, 1)[0]


def seen(site: Site) -> str:
    """All that is written of a site."""
    accounts = [repr(account) for account in (site.wage, site.deposit) if account is not None]
    return repr((site.deposit_form, site.deposit_cell, site.due_given, *accounts))


@pytest.mark.parametrize(("projects", "planted"), [(1, 0), (1, 1), (7, 7), (40, 0), (300, 299)])
@pytest.mark.parametrize("seed", [0, 1, 77])
def test_any_seed_and_size(seed: int, projects: int, planted: int) -> None:
    data = generate(seed, projects, planted, 500)
    again = generate(seed, projects, planted, 500)
    assert (data.projects_csv, data.accounts_csv) == (again.projects_csv, again.accounts_csv)
    assert len(_rows(data.projects_csv, "gb18030")) == projects
    assert sum(1 for site in data.sites if site.codes) == planted
    assert len(_rows(data.truth_csv, "utf-8")) == planted


def test_planted_projects_share_no_account_and_compliant_ones_do() -> None:
    rows = _rows((EXAMPLES / "projects.csv").read_bytes(), "gb18030")
    planted = {row["project_id"] for row in _rows((EXAMPLES / "truth.csv").read_bytes(), "utf-8")}
    users = Counter(_digits(row[column]) for row in rows for column in ("工资专用账户", "保证金账户") if row[column])
    for row in rows:
        if row["项目编号"] in planted:
            assert all(users[_digits(row[column])] == 1 for column in ("工资专用账户", "保证金账户") if row[column])
    assert sum(1 for count in users.values() if count > 1) > 5


def test_credit_codes_carry_valid_check_characters() -> None:
    # GB 32100-2015, example in its annex; the arithmetic is written out a second time here.
    assert credit_code("91350100", "M000100Y") == "91350100M000100Y43"
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    for row in _rows((EXAMPLES / "projects.csv").read_bytes(), "gb18030"):
        code = row["统一社会信用代码"]
        if code:
            total = sum(alphabet.index(letter) * pow(3, position, 31) for position, letter in enumerate(code[:17]))
            assert (total + alphabet.index(code[17])) % 31 == 0


def test_account_numbers_have_16_to_19_digits_and_dirty_rows_are_there() -> None:
    accounts = _rows((EXAMPLES / "accounts.csv").read_bytes(), "utf-8-sig")
    good = [row for row in accounts if 16 <= len(_digits(row["账号"])) <= 19 and "A" not in row["账号"]]
    dirty = [row for row in accounts if row not in good or "\ufffd" in row["开户单位"]]
    assert len(dirty) == 3
    assert len({_digits(row["账号"]) for row in good}) == len(good)


def test_every_problem_of_the_table_plants_in_a_site_without_deposit_account() -> None:
    data = generate(5, len(PROBLEMS) * 4, len(PROBLEMS) * 4, 0)
    assert all(site.codes for site in data.sites)


def test_impossible_numbers_are_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(generator.main, ["--projects", "3", "--planted", "4", "--out", str(tmp_path / "x")])
    assert result.exit_code == 2
    assert not (tmp_path / "x").exists()
