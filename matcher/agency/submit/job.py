"""What one `concordat submit` is to do, and the checks before anything is read: agreement, side, period, files, key."""

from __future__ import annotations

import hashlib
import pickle
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matcher.agency.blind.amending import Amending
from matcher.agency.blind.context import Setup
from matcher.agency.blind.sources import Source
from matcher.agency.calendar.store import calendar_of
from matcher.agency.calendar.workdays import Calendar
from matcher.agency.files.batches import Reading
from matcher.agency.home import AgencyHome
from matcher.agency.local.session import LocalSide, local_side
from matcher.agency.records.plan import plain_columns
from matcher.agency.secrets.source import source_of
from matcher.agency.vault.store import Submission
from matcher.protocol.agreement.model import Agreement, Column, Flow, Link, Side
from matcher.protocol.errors import InputError
from matcher.protocol.suite import lp
from matcher.protocol.vector import VectorLayout

_PERIODS: Mapping[str, tuple[str, str]] = {
    "month": (r"\d{4}-(0[1-9]|1[0-2])", "2022-05"),
    "quarter": (r"\d{4}-Q[1-4]", "2022-Q2"),
    "year": (r"\d{4}", "2022"),
}


@dataclass(frozen=True, slots=True)
class Job:
    """One submission to make: this home's rows of ``files`` for (flow, period) under ``agreement``."""

    home: AgencyHome
    agreement: Agreement
    flow: Flow
    period: str
    side: Side
    link: Link
    columns: tuple[Column, ...]
    files: tuple[Path, ...]
    source: Source
    reading: Reading
    strict: bool
    calendar: Calendar
    local: LocalSide | None

    @property
    def vector_width(self) -> int:
        """Bytes of the flow's comparison vector."""
        return VectorLayout(self.flow.fields).width

    @property
    def amending(self) -> Amending:
        """What changes rows before they become records, but for flows."""
        codes = next((field.codes for field in self.flow.fields if field.comparator == "flags"), ())
        return Amending(self.columns, codes, self.calendar, None if self.local is None else self.local.rules)

    def inputs_digest(self) -> bytes:
        """SHA-256 over names and content of the files, in order, and how they are read: the same submission again."""
        total = hashlib.sha256()
        for text in (self.reading.sheet, *self.reading.texts()):
            total.update(lp(text))
        for path in self.files:
            try:
                with path.open("rb") as stream:
                    content = hashlib.file_digest(stream, "sha256").digest()
            except OSError as error:
                raise InputError(
                    f"{path.name}: the file cannot be opened", remedy="Check path and permissions."
                ) from error
            total.update(lp(path.name) + content)
        total.update(self.calendar.digest())
        if self.local is not None:
            total.update(self.local.digest())
        return total.digest()

    def setup(self, submission: Submission, exhausted: frozenset[bytes]) -> Setup:
        """What the workers need for ``submission``."""
        return Setup(
            matching_digest=self.agreement.matching.digest,
            flow=self.flow.id,
            period=self.period,
            side=self.side,
            party=self.home.party,
            normaliser=self.link.normaliser,
            fields=self.flow.fields,
            columns=self.columns,
            vault=self.home.vault_path,
            scope=submission.scope,
            number=submission.number,
            exhausted=exhausted,
            amending=pickle.dumps(self.amending),
            source=self.source,
            handle_key=self.home.keys.handle_key.reveal(),
        )


def make_job(
    home: AgencyHome, flow: str, period: str, files: Sequence[Path], reading: Reading | None = None,
    *, strict: bool = False, flows: Sequence[Path] = (), local_rules: Path | None = None,
) -> Job:  # fmt: skip
    """Check that this home may submit ``files`` now. ``strict``: only if no row is rejected.

    ``flows`` are files of monthly flows, and ``local_rules`` the file with the answering side's own rules; an asking
    side has neither.

    Raises AgreementError (no such flow, not in force, another key), DeniedError (no party to the flow), InputError
    (period, files), KeyFileError (no group key yet).
    """
    agreement = home.agreement(flow)
    agreement.require_in_force(home.now())
    this = agreement.flow(flow)
    side = this.side_of(home.party)
    pattern, example = _PERIODS[agreement.period_pattern]
    if not re.fullmatch(pattern, period):
        raise InputError(
            f"period {period[:16]!r} does not follow the agreement's calendar",
            remedy=f"Write the {agreement.period_pattern} as {example}.",
        )
    if len({*files, *flows}) != len(files) + len(flows):
        raise InputError("a file stands twice on the command line")
    columns = plain_columns(agreement.flow_terms(flow).columns(side))
    return Job(
        home=home,
        agreement=agreement,
        flow=this,
        period=period,
        side=side,
        link=agreement.matching.links[this.link],
        columns=columns,
        files=tuple(files),
        source=source_of(home, agreement, flow),
        reading=reading or Reading(),
        strict=strict,
        calendar=calendar_of(home.path),
        local=local_side(home.path, side, flow, this.fields, columns, _last_month(period), tuple(flows), local_rules),
    )


def _last_month(period: str) -> int:
    """The last month of a period, as year * 12 + month - 1."""
    year, _hyphen, rest = period.partition("-")
    month = 12 if not rest else int(rest[1:]) * 3 if rest.startswith("Q") else int(rest)
    return int(year) * 12 + month - 1
