"""A run's findings joined with the agency's own rows, so its people see their own project or account beside the code.

Only own data is joined here: nothing of the other side is known before a reveal. Counts are of lines of the agency's
own file as well as of records, since several records may come from one line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from matcher.agency.reveal.own_rows import OwnRow
from matcher.agency.reveal.runs import ListedFinding, VerifiedRun
from matcher.agency.reveal.vault_view import Standing, VaultView
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.findings import Finding


@dataclass(frozen=True, slots=True)
class OwnFinding:
    """One finding and our own row of it. ``texts`` are the agreement's words for the codes, in the order of codes."""

    listed: ListedFinding
    row: OwnRow
    texts: tuple[str, ...]

    def __repr__(self) -> str:
        return f"OwnFinding({self.listed.finding_id.hex()[:16]})"

    @property
    def matched(self) -> bool:
        """Whether there is a row at the other side: only then is there anything to reveal."""
        return bool(self.listed.finding.answering_handle)


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run means for our own file: lines and records. ``by_code`` counts records."""

    lines: int
    records: int
    flagged_lines: int
    flagged_records: int
    not_found_records: int
    by_code: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "lines": self.lines,
            "records": self.records,
            "flagged_lines": self.flagged_lines,
            "flagged_records": self.flagged_records,
            "compliant_lines": self.lines - self.flagged_lines,
            "compliant_records": self.records - self.flagged_records,
            "not_found_records": self.not_found_records,
            "by_code": dict(self.by_code),
        }


def own_handle(finding: Finding, party: str) -> bytes:
    """The handle of the finding that is ``party``'s."""
    return finding.asking_handle if finding.asking == party else finding.answering_handle


def texts_of(agreement: Agreement, flow: str, codes: Sequence[str], language: str) -> tuple[str, ...]:
    """The agreement's words for rule codes, in ``language`` where it has them.

    Of several rules with one code each has its words: a finding says that one of them fired, not which.
    """
    rules = agreement.flow(flow).rules
    return tuple(
        " / ".join(
            dict.fromkeys(
                rule.text.get(language) or next(iter(rule.text.values()), code) for rule in rules if rule.code == code
            )
        )
        or code
        for code in codes
    )


def naming_columns(agreement: Agreement, flow: str, party: str) -> tuple[str, ...]:
    """The columns by which people of ``party`` know a line of their file: plain text that nothing is compared by."""
    columns = agreement.flow_terms(flow).columns(agreement.flow(flow).side_of(party))
    return tuple(
        column.name
        for column in columns
        if column.type == "text" and not (column.row_id or column.feeds or column.link)
    )


def join(
    agreement: Agreement, flow: str, party: str, run: VerifiedRun, listed: Sequence[ListedFinding], vault: VaultView,
    language: str,
) -> list[OwnFinding]:  # fmt: skip
    """Each finding with our own row as it was matched, ordered by row id. Raises NotFoundError."""
    joined = [
        OwnFinding(
            item,
            vault.row(own_handle(item.finding, party), run.manifests),
            texts_of(agreement, flow, item.finding.codes, language),
        )
        for item in listed
    ]
    return sorted(joined, key=lambda item: (item.row.row_id, item.row.link_column, item.listed.finding.codes))


def summarise(findings: Sequence[OwnFinding], standing: Standing, party: str) -> Summary:
    """Counts for our own file. A record found with several answering parties counts once."""
    handles = {own_handle(item.listed.finding, party): item.row.row_id for item in findings}
    not_found = {own_handle(item.listed.finding, party) for item in findings if not item.matched}
    by_code: dict[str, int] = {}
    for item in findings:
        for code in item.listed.finding.codes:
            by_code[code] = by_code.get(code, 0) + 1
    return Summary(
        lines=standing.lines(),
        records=len(standing.row_ids),
        flagged_lines=len(set(handles.values())),
        flagged_records=len(handles),
        not_found_records=len(not_found),
        by_code=dict(sorted(by_code.items())),
    )


def lines_of(findings: Sequence[OwnFinding]) -> dict[str, list[OwnFinding]]:
    """Findings by line of our own file."""
    by_line: dict[str, list[OwnFinding]] = {}
    for item in findings:
        by_line.setdefault(item.row.row_id, []).append(item)
    return by_line
