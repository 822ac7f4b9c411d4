"""What looks like a problem and is none: the other side of each bound, and what the law allows, for compliant sites.

A guarantee or an exemption in place of a deposit; a freeze for this project's wages; one empty month; nine tenths of
what came in paid as wages; a deposit thirty days after it was due. Whoever flags one of them, flags wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from matcher.demo import flows
from matcher.demo.problems import Tools
from matcher.demo.sites import DEPOSIT, MARK, Account, Site

_OWN_WAGES = ("本项目农民工工资", "支付本项目农民工工资", "法律另有规定")
_LATEST = timedelta(days=30)

Variation = Callable[[Tools, Site], None]


def _with_flows(pattern: str) -> Variation:
    def vary(_tools: Tools, site: Site) -> None:
        site.wage.flows = pattern

    return vary


def _frozen_for_its_wages(tools: Tools, site: Site) -> None:
    site.wage.state, site.wage.reason = "冻结", tools.random.choice(_OWN_WAGES)


def _deposit_taken_for_its_wages(tools: Tools, site: Site) -> None:
    account = _deposit(tools, site)
    account.state, account.reason = "划拨", tools.random.choice(_OWN_WAGES[:2])


def _guaranteed(tools: Tools, site: Site) -> None:
    """The account that the bureau names is none that a bank knows, and need not be."""
    site.deposit = None
    site.deposit_form = tools.random.choice(("保函", "银行保函"))
    site.deposit_cell = tools.random.choice((tools.numbers.new(), f"保函BH{tools.random.randrange(10**6):06}"))


def _exempt(tools: Tools, site: Site) -> None:
    site.deposit = None
    site.deposit_form = tools.random.choice(("免存", "免于存储"))


def _late_within_bounds(tools: Tools, site: Site) -> None:
    site.due_given = False
    _deposit(tools, site).last_deposit = site.deposit_due + _LATEST


def _marked_in_brackets(_tools: Tools, site: Site) -> None:
    site.wage.name = f"{site.contractor.name}（{site.name}）{MARK}"


def _deposit(tools: Tools, site: Site) -> Account:
    if site.deposit is None:
        site.deposit = Account(
            tools.numbers.new(), site.contractor, DEPOSIT, deposit_held=site.deposit_required,
            last_deposit=site.deposit_due, has_code=site.wage.has_code,
        )  # fmt: skip
    return site.deposit


VARIATIONS: tuple[Variation, ...] = (
    _guaranteed, _with_flows(flows.ONE_EMPTY), _frozen_for_its_wages, _late_within_bounds, _exempt,
    _with_flows(flows.SHARE_MET), _deposit_taken_for_its_wages, _with_flows(flows.LAST_EMPTY), _marked_in_brackets,
    _with_flows(flows.RECENT),
)  # fmt: skip


def vary(tools: Tools, sites: Sequence[Site]) -> None:
    """Vary every other one of ``sites`` that shares no account, by the table in turn."""
    users: dict[int, int] = {}
    for site in sites:
        for account in (site.wage, site.deposit):
            users[id(account)] = users.get(id(account), 0) + 1
    alone = [
        site for site in sites if users[id(site.wage)] == 1 and (site.deposit is None or users[id(site.deposit)] == 1)
    ]
    for position, site in enumerate(alone[::2]):
        VARIATIONS[position % len(VARIATIONS)](tools, site)
