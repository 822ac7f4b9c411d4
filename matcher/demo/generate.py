"""Makes the files of the Daxing case: the bureau's projects, the regulator's accounts with twelve months of flows and,
to check by, the truth.

``python -m matcher.demo.generate --seed 2022 --projects 193 --planted 54 --accounts 5200 --out DIR``. One seed gives
the same bytes every time. The bureau's file is GB18030 and the regulator's UTF-8 with a byte order mark, as such
offices save them; examples/daxing/README.md describes the columns. Every firm is invented.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import click

from matcher.demo import flows, spelling
from matcher.demo.firms import Registry
from matcher.demo.harmless import vary
from matcher.demo.problems import FLAGS, Tools, plant
from matcher.demo.sites import MARK, WAGE, Account, Numbers, Site, bystanders, compliant_sites, flag_some, site_name

DEFAULT_SEED = 2022
DEFAULT_PROJECTS = 193
DEFAULT_PLANTED = 54
DEFAULT_ACCOUNTS = 5200
PROJECT_HEADERS = (
    "项目编号", "项目名称", "总包单位", "统一社会信用代码", "工资专用账户", "保证金账户", "应发工资(元)",
    "保证金应存金额(元)", "保证金存入期限", "施工许可日期", "保证金方式",
)  # fmt: skip
ACCOUNT_HEADERS = (
    "账号", "开户单位", "统一社会信用代码", "账户性质", "实发工资(元)", "保证金余额(元)", "最近存入日期", "异常标记",
    "账户全称", "账户状态", "冻结原因",
)  # fmt: skip
FLOW_HEADERS = ("账号", "月份", "转入人工费(元)", "代发工资(元)", "其他转出(元)")
FLAGS_IN_CHINESE = dict(zip(FLAGS, ("账户冻结", "账户销户", "账户久悬", "资金异常流出", "未存保证金"), strict=True))
_UNREADABLE_CELL = b"\xff\xfe\xff"


@dataclass(frozen=True, slots=True)
class DataSet:
    """The four files' bytes, and how many there is of what."""

    projects_csv: bytes
    accounts_csv: bytes
    flows_csv: bytes
    truth_csv: bytes
    sites: tuple[Site, ...]
    accounts: tuple[Account, ...]

    def write(self, directory: Path) -> None:
        """Write projects.csv, accounts.csv, flows.csv and truth.csv into ``directory``."""
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "projects.csv").write_bytes(self.projects_csv)
        (directory / "accounts.csv").write_bytes(self.accounts_csv)
        (directory / "flows.csv").write_bytes(self.flows_csv)
        (directory / "truth.csv").write_bytes(self.truth_csv)


def generate(seed: int, projects: int, planted: int, accounts: int) -> DataSet:
    """Make a data set. ``accounts`` is the number of readable rows in accounts.csv, or more if the projects need more.

    Raises ValueError unless 0 <= ``planted`` <= ``projects`` and there is at least one project.
    """
    if projects < 1 or not 0 <= planted <= projects:
        raise ValueError("0 <= planted <= projects, and at least one project, are needed")
    random = Random(seed)  # noqa: S311 - test data that anybody must be able to make again, not a secret
    registry, numbers = Registry(random), Numbers(random)
    sites = compliant_sites(random, registry, numbers, single=planted, count=projects)
    tools = Tools(random, registry, numbers)
    plant(tools, sites[:planted])
    vary(tools, sites[planted:])
    listed = _accounts_of(sites)
    others = bystanders(random, registry, numbers, max(accounts - len(listed), 0))
    flag_some(random, others, FLAGS)
    # The bank spells a holder once per account, with the name of the first project that uses it.
    account_rows = [(account, site.name) for account, site in listed] + [
        (account, site_name(random, position)) for position, account in enumerate(others, projects + 1)
    ]
    random.shuffle(account_rows)
    # Problems must not stand at the head of the bureau's list.
    order = list(sites)
    random.shuffle(order)
    for number, site in enumerate(order, 1):
        site.id = f"DX2022-{number:04}"
    return DataSet(
        projects_csv=_csv(PROJECT_HEADERS, (_project_row(random, site) for site in order)).encode("gb18030"),
        accounts_csv=_with_dirty_rows(_csv(ACCOUNT_HEADERS, [_account_row(random, *row) for row in account_rows])),
        flows_csv=_csv(FLOW_HEADERS, _flow_rows(random, [account for account, _site in account_rows])).encode(
            "utf-8-sig"
        ),
        truth_csv=_csv(
            ("project_id", "codes"), ((site.id, ";".join(sorted(site.codes))) for site in order if site.codes)
        ).encode(),
        sites=tuple(order),
        accounts=tuple(account for account, _site in account_rows),
    )


def _accounts_of(sites: Sequence[Site]) -> list[tuple[Account, Site]]:
    """The accounts that the bank lists for ``sites``, each once, with the first site that uses it."""
    found: dict[int, tuple[Account, Site]] = {}
    for site in sites:
        for account in (site.wage, site.deposit):
            if account is not None and account.in_the_list:
                found.setdefault(id(account), (account, site))
    return list(found.values())


def _project_row(random: Random, site: Site) -> tuple[str, ...]:
    deposit = site.deposit
    return (
        site.id,
        site.name,
        spelling.contractor_name(random, site.contractor, site.name),
        site.contractor.code if site.has_code else "",
        spelling.account_number(random, site.wage.number),
        site.deposit_cell or (spelling.account_number(random, deposit.number) if deposit else ""),
        spelling.amount(random, site.wages_due),
        spelling.amount(random, site.deposit_required) if deposit else "",
        spelling.day(random, site.deposit_due) if deposit and site.due_given else "",
        spelling.day(random, site.permit),
        site.deposit_form,
    )


def _account_row(random: Random, account: Account, site: str) -> tuple[str, ...]:
    flags = [random.choice((flag, FLAGS_IN_CHINESE[flag])) for flag in account.flags]
    return (
        spelling.account_number(random, account.number),
        account.holder_text or spelling.holder_name(random, account.holder, site),
        account.holder.code if account.has_code else "",
        account.kind,
        spelling.amount(random, account.wages_paid),
        spelling.amount(random, account.deposit_held),
        spelling.day(random, account.last_deposit),
        random.choice((";", "；", "、")).join(flags),
        account.name or (f"{account.holder.name}{site}{MARK}" if account.kind == WAGE else ""),
        account.state or random.choice(("", "正常")),
        account.reason,
    )


def _flow_rows(random: Random, accounts: Iterable[Account]) -> list[tuple[str, ...]]:
    """The months of all wage accounts, in no order. Each account's number is spelled once, as one system exports it."""
    rows = []
    for account in accounts:
        if account.kind == WAGE and account.wages_paid is not None:
            usual = account.wages_paid or random.randrange(200_000, 9_000_000) * 100
            number = spelling.account_number(random, account.number)
            for month, money in flows.year_of(random, account.flows, account.wages_paid, usual):
                amounts = (money.labour_in, money.wages_out, money.other_out)
                rows.append((number, spelling.month(random, month), *(_moved(random, fen) for fen in amounts)))
    random.shuffle(rows)
    return rows


def _moved(random: Random, fen: int) -> str:
    return spelling.amount(random, fen) if fen or random.random() < 0.5 else ""


def _csv(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(headers)
    writer.writerows(rows)
    return text.getvalue()


def _with_dirty_rows(text: str) -> bytes:
    """UTF-8 with byte order mark, and three rows nobody can use: no number, a broken number, bytes that are no text."""
    lines = text.encode("utf-8-sig").splitlines(keepends=True)
    broken = [
        ",未登记单位,,一般账户,,,,,,,\r\n".encode(),
        "62220200AB12345678,未登记单位,,一般账户,,,,,,,\r\n".encode(),
        b"6217000000000000017," + _UNREADABLE_CELL + ",,一般账户,,,,,,,\r\n".encode(),
    ]
    middle = len(lines) // 2
    return b"".join(lines[:middle] + broken + lines[middle:])


@click.command()
@click.option("--seed", type=int, default=DEFAULT_SEED, show_default=True)
@click.option("--projects", type=click.IntRange(1), default=DEFAULT_PROJECTS, show_default=True)
@click.option("--planted", type=click.IntRange(0), default=DEFAULT_PLANTED, show_default=True)
@click.option("--accounts", type=click.IntRange(0), default=DEFAULT_ACCOUNTS, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True)
def main(seed: int, projects: int, planted: int, accounts: int, out: Path) -> None:
    """Write the files of a data set into a directory."""
    try:
        data = generate(seed, projects, planted, accounts)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    data.write(out)
    click.echo(f"{out}: {len(data.sites)} projects, {len(data.accounts)} accounts, {planted} planted")


if __name__ == "__main__":
    main()
