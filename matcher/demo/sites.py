"""Building sites and bank accounts as values: what the bureau and the regulator know before anybody writes it down.

A compliant site is made here; ``problems.py`` then breaks some of them. Amounts are in fen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from matcher.demo import flows, workdays
from matcher.demo.firms import Firm, Registry

WAGE = "农民工工资专用账户"
DEPOSIT = "工资保证金账户"
OTHER = "一般账户"
MARK = "农民工工资专用账户"
DUE_WORKING_DAYS = 20
_TOWNS = (
    "黄村",
    "西红门",
    "亦庄",
    "旧宫",
    "瀛海",
    "青云店",
    "采育",
    "安定",
    "礼贤",
    "榆垡",
    "庞各庄",
    "北臧村",
    "魏善庄",
    "长子营",
)
_WORKS = (
    "安置房",
    "中学",
    "小学",
    "幼儿园",
    "综合医院",
    "污水处理厂",
    "道路改造",
    "产业园",
    "公租房",
    "文化中心",
    "体育馆",
    "变电站",
)
_PERIOD_END = date(2022, 5, 31)
_SHARED_SHARE = 0.2
_LARGEST_GROUP = 4


@dataclass(slots=True, eq=False)
class Account:
    """One bank account. ``holder`` opened it; ``holder_text`` overrides how the bank's list spells the holder.

    ``name`` overrides the account's own name, which a wage account has. ``flows`` is the pattern of its months.
    """

    number: str
    holder: Firm
    kind: str
    wages_paid: int | None = None
    deposit_held: int | None = None
    last_deposit: date | None = None
    flags: list[str] = field(default_factory=list)
    has_code: bool = True
    holder_text: str = ""
    in_the_list: bool = True
    name: str = ""
    state: str = ""
    reason: str = ""
    flows: str = flows.HARMLESS


@dataclass(slots=True, eq=False)
class Site:
    """One building project. ``codes`` are the rule codes planted in it; empty for a compliant one.

    ``due_given``: the bureau's list has the due date, not only the permit's. ``deposit_cell`` overrides the account.
    """

    id: str
    name: str
    contractor: Firm
    has_code: bool
    wage: Account
    deposit: Account | None
    wages_due: int
    deposit_required: int
    deposit_due: date
    permit: date
    due_given: bool = True
    deposit_form: str = ""
    deposit_cell: str = ""
    codes: set[str] = field(default_factory=set)


class Numbers:
    """Account numbers of 16 to 19 digits, none twice."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._used: set[str] = set()

    def new(self) -> str:
        """A number nobody has."""
        while True:
            length = self._random.randint(16, 19)
            digits = str(self._random.randrange(10 ** (length - 1), 10**length))
            if digits not in self._used:
                self._used.add(digits)
                return digits


def compliant_sites(random: Random, registry: Registry, numbers: Numbers, single: int, count: int) -> list[Site]:
    """``count`` compliant sites. The first ``single`` of them share no account with another; of the rest, some groups
    of one contractor share their wage account, and perhaps their deposit account, as the law allows."""
    sites: list[Site] = []
    while len(sites) < count:
        contractor = registry.contractor()
        left = count - len(sites)
        alone = len(sites) < single or left < 2 or random.random() > _SHARED_SHARE
        group = 1 if alone else random.randint(2, min(_LARGEST_GROUP, left))
        sites.extend(_group(random, numbers, contractor, len(sites) + 1, group))
    return sites


def _group(random: Random, numbers: Numbers, contractor: Firm, first: int, size: int) -> list[Site]:
    dues = [_round_yuan(random.uniform(200_000, 9_000_000)) for _site in range(size)]
    required = [_round_yuan(random.uniform(300_000, 3_000_000)) for _site in range(size)]
    permit = date(2021, 12, 1) + timedelta(days=random.randrange(100))
    due = workdays.after(permit, DUE_WORKING_DAYS)
    # A code is missing at the bureau or at the bank, now and then at both: there the names decide.
    gap = random.random()
    bureau_has_code, bank_has_code = not (gap < 0.14 or gap > 0.97), gap < 0.82
    wage = Account(
        numbers.new(), contractor, WAGE, wages_paid=_at_least(random, sum(dues), 0.93), has_code=bank_has_code
    )
    share_deposit = size > 1 and random.random() < 0.5
    sites = []
    shared: Account | None = None
    for offset in range(size):
        deposit = shared
        if deposit is None and random.random() < 0.92:
            needed = sum(required) if share_deposit else required[offset]
            late = random.choice((-40, -15, -3, 0, 0, 5, 12, 30))
            deposit = Account(
                numbers.new(), contractor, DEPOSIT, deposit_held=_at_least(random, needed, 0.98),
                last_deposit=due + timedelta(days=late), has_code=bank_has_code,
            )  # fmt: skip
            shared = deposit if share_deposit else None
        number = first + offset
        sites.append(
            Site(
                id=f"DX2022-{number:04}",
                name=site_name(random, number),
                contractor=contractor,
                has_code=bureau_has_code,
                wage=wage,
                deposit=deposit,
                wages_due=dues[offset],
                deposit_required=required[offset],
                deposit_due=due,
                permit=permit,
                due_given=random.random() < 0.6,
                deposit_form=random.choice(("", "存储")),
            )
        )
    return sites


def bystanders(random: Random, registry: Registry, numbers: Numbers, count: int) -> list[Account]:
    """``count`` accounts that no project names. Some of them carry flags and oddities, which nobody will ever learn."""
    accounts: list[Account] = []
    while len(accounts) < count:
        holder = registry.bystander()
        for _account in range(min(random.randint(1, 3), count - len(accounts))):
            kind = random.choices((OTHER, WAGE, DEPOSIT), (0.7, 0.2, 0.1))[0]
            account = Account(numbers.new(), holder, kind, has_code=random.random() < 0.9)
            if kind == WAGE:
                account.wages_paid = _round_yuan(random.uniform(0, 5_000_000))
            if kind == DEPOSIT:
                account.deposit_held = _round_yuan(random.uniform(0, 3_000_000))
                account.last_deposit = _PERIOD_END - timedelta(days=random.randrange(150))
            accounts.append(account)
    return accounts


def flag_some(random: Random, accounts: Sequence[Account], flags: Sequence[str]) -> None:
    """Give about one in fifty of ``accounts`` a flag."""
    for account in accounts:
        if random.random() < 0.02:
            account.flags.append(random.choice(flags))


def site_name(random: Random, number: int) -> str:
    """What a building site is called; ``number`` makes it the only one of its name."""
    return f"{random.choice(_TOWNS)}镇{random.choice(_WORKS)}{number}号工程"


def _round_yuan(yuan: float) -> int:
    return int(yuan) * 100


def _at_least(random: Random, fen: int, share: float) -> int:
    return int(fen * random.uniform(share, 1.25))
