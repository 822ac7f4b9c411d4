"""Rules over one account as the bank's list has it: how its name is marked, its state, why it is frozen, its deposit.

Pure, over the cells of a row. What a cell does not say is never held against the account: a rule that lacks what it
needs is silent, except that a freeze without a stated reason is a finding of its own.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from matcher.agency.local.settings import LocalRules, folded
from matcher.protocol import names, normalise
from matcher.protocol.errors import InputError

_COMPANY = "公司"
_REMEMBERED = 4096
WAGE, DEPOSIT = "wage", "deposit"
_SEPARATORS = re.compile(r"[;,、/|\n]+")
_NOISE = re.compile(r"[()\s·.,、_-]")


class Account(NamedTuple):
    """An account's cells as text, empty where the file says nothing; ``kind`` is the agreement's word for it."""

    kind: str
    holder: str = ""
    name: str = ""
    state: str = ""
    reason: str = ""
    deposit_held: str = ""
    last_deposit: str = ""


def account_codes(account: Account, rules: LocalRules) -> frozenset[str]:
    """Codes of the enabled rules that fire for ``account``; none for an account of any other kind."""
    if account.kind not in (WAGE, DEPOSIT):
        return frozenset()
    fired = _state_codes(account, rules)
    if account.kind == WAGE and account.name and account.holder and not is_marked(account.name, account.holder, rules):
        fired.add("name-marking")
    if account.kind == DEPOSIT and account.deposit_held and not account.last_deposit and _is_zero(account.deposit_held):
        fired.add("no-deposit")
    return frozenset(fired & rules.enabled)


def unknown_states(account: Account, rules: LocalRules) -> bool:
    """Whether the state holds a word that no list of the rules has."""
    return any(word not in rules.states for word in _words(account.state))


def is_marked(name: str, holder: str, rules: LocalRules) -> bool:
    """Whether ``name`` reads: the contractor's name, then a project's, then one of the endings.

    Brackets, spaces and punctuation do not matter. The contractor is the holder however a list spells it, unless the
    name is plainly of another firm; whether the holder is the right one is another rule's business.
    """
    spelled = _letters(name)
    ending = next((ending for ending in map(_letters, rules.endings) if spelled.endswith(ending)), None)
    if ending is None:
        return False
    rest = spelled.removesuffix(ending)
    contractor = _letters(holder)
    more = rest.removeprefix(contractor)
    if more != rest and (contractor.endswith(_COMPANY) or _COMPANY not in more):
        # A list that has the account's name for its holder says both at once.
        return bool(more) or _after_company(rest)
    return _after_company(rest) and names.compare_plain(holder, name) != names.DIFFERENT


def _after_company(rest: str) -> bool:
    """Whether something follows the last legal form."""
    _before, form, project = rest.rpartition(_COMPANY)
    return bool(form and project)


def _state_codes(account: Account, rules: LocalRules) -> set[str]:
    states = {rules.states.get(word, "") for word in _words(account.state)}
    fired = {f"account-{state}" for state in ("closed", "dormant") if state in states}
    reason = folded(account.reason)
    for state, barred in (("frozen", "barred-freeze"), ("transferred", "barred-transfer")):
        if state in states and reason not in rules.allowed_reasons:
            fired.add(barred if reason else "account-frozen")
    return fired


@lru_cache(maxsize=_REMEMBERED)
def _words(state: str) -> tuple[str, ...]:
    return tuple(word for part in _SEPARATORS.split(normalise.text(state)) if (word := folded(part)))


def _is_zero(amount: str) -> bool:
    try:
        return normalise.amount_fen(amount) == 0
    except InputError:
        return False  # a problem of its own column


def _letters(text: str) -> str:
    try:
        return _NOISE.sub("", normalise.company_name(text)).casefold()
    except InputError:
        return ""
