"""Local rules for one submission: flows read and evaluated first, then the accounts' rows amended as they come.

What was found is told in counts by code; whose account it is, the rejects file and the summary never say.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from matcher.agency.files.batches import Reading, RowSource
from matcher.agency.local import flows as flow_files
from matcher.agency.local.applying import Applying, Flows
from matcher.agency.local.settings import FILE, FLOW_CODES, LocalRules, local_rules
from matcher.agency.local.store import FlowStore
from matcher.agency.records.rejects import Reject, RejectsFile
from matcher.protocol.agreement.model import Column, Field, Side
from matcher.protocol.errors import InputError
from matcher.protocol.suite import lp
from matcher.text import _

Progress = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
_STORE = "flows.db"
# For a check, which knows no period: as far as the flows go.
LAST_OF_THE_FILE = 9999 * 12
# What a rule must find among a flows file's columns.
_NEEDS = {
    "no-labour-deposit": frozenset(("labour_in",)),
    "wages-below-inflow": frozenset(("labour_in", "wages_out")),
    "abnormal-outflow": frozenset(("other_out",)),
}


@dataclass(slots=True)
class FlowsRead:
    """What was read of the flows. ``last`` is the last month looked at; ``rules`` those that have what they need."""

    rows: int = 0
    rejected: int = 0
    last: str = ""
    rules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalSide:
    """What one submission of an answering side brings: rules in force, and flows files up to the period's last month.

    ``columns`` and ``codes`` are the agreement's: the side's columns, and the codes of the field of flags.
    """

    rules: LocalRules
    paths: tuple[Path, ...]
    last_month: int
    columns: tuple[Column, ...]
    codes: tuple[str, ...]
    reading: Reading = field(default_factory=Reading)

    def digest(self) -> bytes:
        """SHA-256 over the rules and the flows, which belong to what is submitted."""
        total = hashlib.sha256(self.rules.digest())
        for path in self.paths:
            try:
                with path.open("rb") as stream:
                    total.update(lp(path.name) + hashlib.file_digest(stream, "sha256").digest())
            except OSError as error:
                raise InputError(
                    f"{path.name}: the file cannot be opened", remedy="Check path and permissions."
                ) from error
        return total.digest()

    @contextmanager
    def opened(self, directory: Path, key: bytes, rejects: RejectsFile, progress: Progress) -> Iterator[LocalWork]:
        """Read and evaluate the flows under ``directory``, which only this user can read. Raises InputError."""
        if not self.paths:
            yield LocalWork(self, None, FlowsRead())
            return
        sources = flow_files.open_flows(self.paths, self.reading)
        store = FlowStore(directory / _STORE)
        try:
            tag = partial(flow_files.account_tag, key)
            with progress(_("Reading flows"), sum(source.total for source in sources)) as done:
                read = self._read(sources, store, tag, rejects, done)
            yield LocalWork(self, Flows(store, tag, frozenset(read.rules)), read)
        finally:
            store.close()

    def _read(
        self, sources: Sequence[RowSource], store: FlowStore, tag: Callable[[str], bytes], rejects: RejectsFile,
        done: Callable[[int], None],
    ) -> FlowsRead:  # fmt: skip
        read = FlowsRead()
        for path, source in zip(self.paths, sources, strict=True):
            rejects.describe(path.name, source.about.sheet, source.about.labels())
        for file, rows, bad in flow_files.read_rows(sources, tag):
            store.add(rows)
            rejects.add(self.paths[file].name, bad)
            lines = {reject.line for reject in bad}
            read.rejected += len(lines)
            read.rows += len({row.line for row in rows} | lines)
            done(read.rows)
        last = store.last_month(self.last_month)
        if last is None and self.last_month == LAST_OF_THE_FILE:
            raise InputError(
                "the flows have no row that can be read", code="flows-months", remedy="Export the flows again."
            )
        is_past = last is not None and last <= self.last_month - self.rules.window_months
        if last is None or (is_past and self.last_month != LAST_OF_THE_FILE):
            raise InputError(
                f"the flows have no month of the {self.rules.window_months} up to "
                f"{flow_files.month_text(self.last_month)}",
                code="flows-months",
                remedy="Export the flows of this period, or check --period.",
            )
        for file, line in store.evaluate(last, self.rules):
            rejects.add(self.paths[file].name, [Reject(line, "month", "month-repeated")])
            read.rejected += 1
        there = flow_files.columns_of(sources)
        read.last = flow_files.month_text(last)
        read.rules = tuple(code for code in FLOW_CODES if _NEEDS[code] <= there)
        return read


@dataclass(slots=True)
class LocalWork:
    """Local rules at work on one submission's files."""

    side: LocalSide
    flows: Flows | None
    read: FlowsRead
    applying: Applying = field(init=False)

    def __post_init__(self) -> None:
        self.applying = Applying(self.side.rules, self.side.columns, self.side.codes, self.flows)

    def source(self, source: RowSource) -> RowSource:
        """``source`` with the codes of the rules among its flags."""
        return self.applying.source(source)

    def summary(self) -> dict[str, Any]:
        """Counts, once the rows have been gone through."""
        result: dict[str, Any] = {
            "codes": dict(sorted(self.applying.counts.items())),
            "warnings": dict(sorted(self.applying.warnings.items())),
            "left_out": list(self.applying.left_out),
        }
        if self.flows is not None:
            accounts, unasked, incomplete = self.flows.store.counts()
            result["flows"] = {
                "rows": self.read.rows, "rejected": self.read.rejected, "last_month": self.read.last,
                "rules": list(self.read.rules), "accounts": accounts, "unasked": unasked, "incomplete": incomplete,
            }  # fmt: skip
        return result


def local_side(
    home: Path, side: Side, flow: str, fields: Sequence[Field], columns: tuple[Column, ...], last_month: int,
    flows: tuple[Path, ...], given: Path | None,
) -> LocalSide | None:  # fmt: skip
    """The local rules of one side of ``flow``; None for an asking side, or where no field carries their codes.

    Raises InputError when flows or a file of rules are given for such a one, and for rules that cannot be used.
    """
    flags = next((field for field in fields if field.comparator == "flags"), None)
    if side == "answering" and flags is not None:
        return LocalSide(rules_of(home, given), flows, last_month, columns, flags.codes)
    if flows or given is not None:
        raise InputError(
            f"only an answering side has flows and local rules, and only where flow {flow} has a field of flags",
            remedy="Leave out --flows and --local-rules.",
        )
    return None


def rules_of(home: Path, given: Path | None) -> LocalRules:
    """The rules of the file ``given``, else of the home's own file, else the defaults. Raises InputError."""
    own = home / FILE
    return local_rules(given if given is not None else own if own.is_file() else None)
