"""The codes that local rules give an account, added to its cell of flags before its row becomes a record.

Adding a text to a cell keeps everything after it as it was: the flags of the bank's own system, of a clerk and of these
rules are read, stored, compared and revealed alike. The rules look at columns by their names in the agreement:
account_kind (values wage and deposit), holder, account_name, account_state, restraint_reason, deposit_held,
last_deposit; and at flows, if there are any. A code that the agreement's flags field does not name stays at home.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from matcher.agency.files.batches import Batch, RowSource
from matcher.agency.local.accounts import DEPOSIT, WAGE, Account, account_codes, unknown_states
from matcher.agency.local.settings import CODES, FLOW_CODES, LocalRules
from matcher.agency.local.store import INCOMPLETE, FlowStore
from matcher.protocol import normalise
from matcher.protocol.agreement.model import Column
from matcher.protocol.errors import InputError

KIND = "account_kind"
_REMEMBERED = 4096
_CELLS: Mapping[str, str] = {
    "holder": "holder", "name": "account_name", "state": "account_state", "reason": "restraint_reason",
    "deposit_held": "deposit_held", "last_deposit": "last_deposit",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Flows:
    """Evaluated flows: the store, the tag of an account number, and the codes their columns suffice for."""

    store: FlowStore
    tag: Callable[[str], bytes]
    codes: frozenset[str]


class Applying:
    """Applies ``rules`` to the rows of any number of files. ``columns`` are the answering side's in the agreement.

    ``counts`` and ``warnings`` grow while rows are read: accounts by code, and by "without-flows",
    "incomplete-flows" and "unknown-state".
    """

    def __init__(self, rules: LocalRules, columns: Sequence[Column], codes: Sequence[str], flows: Flows | None) -> None:
        self.counts: Counter[str] = Counter()
        self.warnings: Counter[str] = Counter()
        self._rules = rules
        self._codes = frozenset(codes)
        self._flows = flows
        self._flags = next((column for column in columns if column.type == "flags"), None)
        self._flag_codes = tuple(codes)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Enabled rules whose codes the agreement does not name."""
        return tuple(code for code in CODES if code in self._rules.enabled and code not in self._codes)

    def source(self, source: RowSource) -> RowSource:
        """``source`` with the codes added; as it was where the agreement or the file gives the rules nothing."""
        names = {column.name: place for place, column in enumerate(source.columns)}
        if self._flags is None or KIND not in names:
            return source
        place = names.get(self._flags.name)
        batches = self._batches(source, names, place)
        if place is not None:
            return replace(source, batches=batches)
        return replace(source, columns=(*source.columns, self._flags), units=(*source.units, ""), batches=batches)

    def _batches(self, source: RowSource, names: Mapping[str, int], place: int | None) -> Iterator[Batch]:
        kind_place = names[KIND]
        kind_of = _kinds(source.columns[kind_place])
        link = next(number for number, column in enumerate(source.columns) if column.link)
        cells = {field: names[name] for field, name in _CELLS.items() if name in names}
        asks = _asker(cells)
        for batch in source.batches:
            kinds = [kind_of(row[kind_place]) for row in batch.rows]
            codes = self._of_flows(kinds, [row[link] for row in batch.rows])
            for index, (row, kind) in enumerate(zip(batch.rows, kinds, strict=True)):
                if kind and asks(row, kind):
                    fields: dict[str, Any] = {field: row[number].strip() for field, number in cells.items()}
                    codes[index] = self._of_account(Account(kind=kind, **fields)) | codes.get(index, frozenset())
            if place is None:
                batch.rows = [(*row, "") for row in batch.rows]
            for index, fired in codes.items():
                row = batch.rows[index]
                given = self._with_codes(row[-1 if place is None else place], fired & self._codes)
                batch.rows[index] = (*row[:-1], given) if place is None else (*row[:place], given, *row[place + 1 :])
            yield batch

    def _of_account(self, account: Account) -> frozenset[str]:
        if account.state and unknown_states(account, self._rules):
            self.warnings["unknown-state"] += 1
        return account_codes(account, self._rules)

    def _of_flows(self, kinds: Sequence[str], links: Sequence[str]) -> dict[int, frozenset[str]]:
        """What the flows of a batch's wage accounts give, by row."""
        if self._flows is None:
            return {}
        tags: dict[int, bytes] = {}
        for index, (kind, cell) in enumerate(zip(kinds, links, strict=True)):
            if kind == WAGE:
                try:
                    tags[index] = self._flows.tag(normalise.account_number(cell))
                except InputError:
                    continue  # its record is rejected for that, with the reason
        known = self._flows.store.found(list(set(tags.values())))
        found = {}
        for index, tag in tags.items():
            bits = known.get(tag)
            if bits is None:
                self.warnings["without-flows"] += 1
            elif bits & INCOMPLETE:
                self.warnings["incomplete-flows"] += 1
            elif bits:
                fired = frozenset(code for place, code in enumerate(FLOW_CODES) if bits >> place & 1)
                found[index] = fired & self._flows.codes
        return found

    def _with_codes(self, given: str, codes: frozenset[str]) -> str:
        """The cell of flags with ``codes`` in it; as given where it cannot be read, which is told later."""
        self.counts.update(codes)
        if not codes or self._flags is None:
            return given
        try:
            stands = normalise.flags(given, self._flag_codes, self._flags.choices)
        except InputError:
            return given
        more = [code for place, code in enumerate(self._flag_codes) if code in codes and not stands >> place & 1]
        return ";".join([given, *more] if stands else more)


class Look(NamedTuple):
    """Rows that a rule looks at: of these kinds, where one column's cell is ``filled``, and another's ``blank``.

    ``code`` is the only one that it can give, if there is only one.
    """

    kinds: tuple[str, ...]
    filled: str
    blank: str = ""
    code: str = ""


# What _asker asks, for readers that see columns instead of rows.
STATE = _CELLS["state"]
LOOKS = (
    Look((WAGE,), _CELLS["name"], code="name-marking"),
    Look((DEPOSIT,), _CELLS["deposit_held"], blank=_CELLS["last_deposit"], code="no-deposit"),
    Look((WAGE, DEPOSIT), STATE),
)


def _asker(cells: Mapping[str, int]) -> Callable[[tuple[str, ...], str], bool]:
    """Whether a row of a kind has anything that a rule looks at. Most rows have not, and are passed over quickly."""
    state, name = cells.get("state"), cells.get("name")
    held, last = cells.get("deposit_held"), cells.get("last_deposit")

    def asks(row: tuple[str, ...], kind: str) -> bool:
        if kind == WAGE and name is not None and row[name]:
            return True
        if kind == DEPOSIT and held is not None and row[held] and (last is None or not row[last].strip()):
            return True
        return kind in (WAGE, DEPOSIT) and state is not None and bool(row[state])

    return asks


def _kinds(column: Column) -> Callable[[str], str]:
    """The agreement's word for a kind's cell; empty for a cell that says none."""

    @lru_cache(maxsize=_REMEMBERED)
    def kind(cell: str) -> str:
        try:
            return normalise.choice(cell, column.choices or {}) if cell.strip() else ""
        except InputError:
            return ""  # its record is rejected for that, with the reason

    return kind
