"""Problems of every kind that the agreement's rules look for, each planted in a compliant site.

The table ``PROBLEMS`` is gone through in turn, so that a data set with enough problems has all of them. A site that is
planted shares no account, so exactly one project changes. Amounts that two sides compare keep clear of the thresholds
by more than the one per cent to which the protocol compares them; days, and the bank's own sums, stand right beside
theirs. What stands on the other side of each bound, and is no problem, is planted by harmless.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from matcher.demo import flows
from matcher.demo.firms import Firm, Registry
from matcher.demo.sites import DEPOSIT, MARK, OTHER, WAGE, Account, Numbers, Site

# Codes that a bank's list may hold in words of its own system; the rest come of the bank's rules alone.
FLAGS = ("account-frozen", "account-closed", "account-dormant", "abnormal-outflow", "no-deposit")
LOCAL_CODES = (
    *FLAGS, "no-labour-deposit", "wages-below-inflow", "name-marking", "barred-freeze", "barred-transfer",
)  # fmt: skip
_DISPUTES = ("工程款纠纷", "买卖合同纠纷", "其他项目农民工工资", "税款")


@dataclass(frozen=True, slots=True)
class Tools:
    """What planting needs besides the site."""

    random: Random
    registry: Registry
    numbers: Numbers


Problem = Callable[[Tools, Site], set[str]]


def _deposit_of(tools: Tools, site: Site) -> Account:
    if site.deposit is None:
        site.deposit = Account(
            tools.numbers.new(), site.contractor, DEPOSIT, deposit_held=site.deposit_required,
            last_deposit=site.deposit_due, has_code=site.wage.has_code,
        )  # fmt: skip
    return site.deposit


def _wage_of_stranger(tools: Tools, site: Site) -> set[str]:
    _give(site, site.wage, tools.registry.stranger_to(site.contractor), codes=True)
    return {"holder-mismatch"}


def _deposit_of_stranger(tools: Tools, site: Site) -> set[str]:
    _give(site, _deposit_of(tools, site), tools.registry.stranger_to(site.contractor), codes=True)
    return {"holder-mismatch"}


def _wage_of_stranger_without_code(tools: Tools, site: Site) -> set[str]:
    _give(site, site.wage, tools.registry.stranger_to(site.contractor), codes=False)
    return {"holder-mismatch"}


def _deposit_of_stranger_without_code(tools: Tools, site: Site) -> set[str]:
    _give(site, _deposit_of(tools, site), tools.registry.stranger_to(site.contractor), codes=False)
    return {"holder-mismatch"}


def _wage_of_sibling(tools: Tools, site: Site) -> set[str]:
    _make_numbered(site)
    _give(site, site.wage, tools.registry.sibling_of(site.contractor), codes=False)
    return {"holder-mismatch"}


def _deposit_of_sibling(tools: Tools, site: Site) -> set[str]:
    _make_numbered(site)
    _give(site, _deposit_of(tools, site), tools.registry.sibling_of(site.contractor), codes=True)
    return {"holder-mismatch"}


def _wage_of_namesake(tools: Tools, site: Site) -> set[str]:
    _give(site, site.wage, tools.registry.namesake_of(site.contractor), codes=True)
    return {"holder-mismatch"}


def _deposit_in_another_name(tools: Tools, site: Site) -> set[str]:
    """The contractor's own code under another firm's name: one of the two is recorded wrongly."""
    account = _deposit_of(tools, site)
    account.holder_text = tools.registry.stranger_to(site.contractor).name
    account.has_code = site.has_code = True
    return {"name-disagrees"}


def _wage_of_homophone(tools: Tools, site: Site) -> set[str]:
    own, other = tools.registry.homophones(site.contractor)
    _rename(site, own)
    _give(site, site.wage, other, codes=False)
    return {"holder-unclear"}


def _wage_not_found(_tools: Tools, site: Site) -> set[str]:
    site.wage.in_the_list = False
    return {"account-not-found"}


def _deposit_not_found(tools: Tools, site: Site) -> set[str]:
    _deposit_of(tools, site).in_the_list = False
    return {"account-not-found"}


def _wage_in_general_account(_tools: Tools, site: Site) -> set[str]:
    site.wage.kind = OTHER
    return {"wrong-account-kind"}


def _deposit_in_wage_account(tools: Tools, site: Site) -> set[str]:
    _deposit_of(tools, site).kind = WAGE
    return {"wrong-account-kind"}


def _wages_short(tools: Tools, site: Site) -> set[str]:
    site.wage.wages_paid = int(site.wages_due * tools.random.uniform(0.05, 0.87))
    return {"wages-short"}


def _no_wages(_tools: Tools, site: Site) -> set[str]:
    site.wage.wages_paid = 0
    return {"wages-short"}


def _deposit_short(tools: Tools, site: Site) -> set[str]:
    _deposit_of(tools, site).deposit_held = int(site.deposit_required * tools.random.uniform(0.1, 0.92))
    return {"deposit-short"}


def _deposit_late(tools: Tools, site: Site) -> set[str]:
    late = tools.random.choice((31, 31, 45, 90))
    _deposit_of(tools, site).last_deposit = site.deposit_due + timedelta(days=late)
    return {"deposit-late"}


def _flagged(flag: str, *, on_deposit: bool) -> Problem:
    def plant(tools: Tools, site: Site) -> set[str]:
        account = _deposit_of(tools, site) if on_deposit else site.wage
        account.flags.append(flag)
        return {flag}

    return plant


def _in_state(state: str, code: str, *, on_deposit: bool, disputed: bool = False) -> Problem:
    """The list of accounts says the state, and the reason if ``disputed``; the code is for the bank's rules to find."""

    def plant(tools: Tools, site: Site) -> set[str]:
        account = _deposit_of(tools, site) if on_deposit else site.wage
        account.state = state
        account.reason = tools.random.choice(_DISPUTES) if disputed else ""
        return {code}

    return plant


def _with_flows(pattern: str, code: str) -> Problem:
    def plant(_tools: Tools, site: Site) -> set[str]:
        site.wage.flows = pattern
        return {code}

    return plant


def _without_mark(tools: Tools, site: Site) -> set[str]:
    name = site.contractor.name + site.name
    site.wage.name = tools.random.choice((name, f"{name}农民工工资专户", f"{name}{MARK}二"))
    return {"name-marking"}


def _without_project(_tools: Tools, site: Site) -> set[str]:
    site.wage.name = site.contractor.name + MARK
    return {"name-marking"}


def _late_by_the_calendar(tools: Tools, site: Site) -> set[str]:
    """The bureau has the permit's date only; the due date follows from it."""
    site.due_given = False
    _deposit_of(tools, site).last_deposit = site.deposit_due + timedelta(days=31)
    return {"deposit-late"}


def _frozen_and_short(tools: Tools, site: Site) -> set[str]:
    site.wage.flags.append("account-frozen")
    return {"account-frozen"} | _wages_short(tools, site)


def _never_deposited(tools: Tools, site: Site) -> set[str]:
    account = _deposit_of(tools, site)
    account.deposit_held, account.last_deposit = 0, None
    return {"no-deposit", "deposit-short"}


def _stranger_and_late(tools: Tools, site: Site) -> set[str]:
    return _deposit_of_stranger(tools, site) | _deposit_late(tools, site)


PROBLEMS: tuple[Problem, ...] = (
    _wage_of_stranger, _with_flows(flows.LEAK, "abnormal-outflow"), _wages_short, _wage_of_sibling,
    _deposit_not_found, _deposit_short, _flagged("account-frozen", on_deposit=False),
    _with_flows(flows.TWO_EMPTY, "no-labour-deposit"), _deposit_late, _wage_of_homophone, _wage_in_general_account,
    _with_flows(flows.SHARE_MISSED, "wages-below-inflow"), _deposit_of_sibling, _without_mark, _wage_not_found,
    _in_state("冻结", "barred-freeze", on_deposit=False, disputed=True),
    _wage_of_stranger_without_code, _flagged("no-deposit", on_deposit=True),
    _flagged("account-dormant", on_deposit=False), _no_wages, _deposit_of_stranger,
    _flagged("account-closed", on_deposit=True), _deposit_in_wage_account,
    _wage_of_namesake, _frozen_and_short, _deposit_of_stranger_without_code,
    _flagged("account-frozen", on_deposit=True), _stranger_and_late, _flagged("account-closed", on_deposit=False),
    _never_deposited, _flagged("abnormal-outflow", on_deposit=False), _without_project,
    _in_state("查封", "barred-freeze", on_deposit=True, disputed=True),
    _in_state("划拨", "barred-transfer", on_deposit=False, disputed=True),
    _in_state("冻结", "account-frozen", on_deposit=True), _in_state("销户", "account-closed", on_deposit=False),
    _in_state("久悬", "account-dormant", on_deposit=True), _late_by_the_calendar, _deposit_in_another_name,
)  # fmt: skip


def plant(tools: Tools, sites: Sequence[Site]) -> None:
    """Plant one entry of the table in each site and note its codes."""
    for position, site in enumerate(sites):
        site.codes |= PROBLEMS[position % len(PROBLEMS)](tools, site)


def _give(site: Site, account: Account, holder: Firm, *, codes: bool) -> None:
    """Let ``holder`` have opened ``account``. Without codes, the names decide."""
    account.holder = holder
    account.holder_text = holder.name
    account.has_code = codes
    site.has_code = site.has_code or codes


def _make_numbered(site: Site) -> None:
    """Give the contractor an ordinal, which only a sibling differs in."""
    if not site.contractor.ordinal:
        _rename(site, replace(site.contractor, ordinal="第一", bracketed=False))


def _rename(site: Site, contractor: Firm) -> None:
    """Let the contractor, and the accounts that are its own, be ``contractor``'s."""
    for account in (site.wage, site.deposit):
        if account is not None and account.holder is site.contractor:
            account.holder = contractor
    site.contractor = contractor
