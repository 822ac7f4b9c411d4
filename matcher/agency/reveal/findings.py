"""A run's findings joined with the agency's own rows, so its people see their own project or account beside the code.

Only own data is joined here: nothing of the other side is known before a reveal. Counts are of lines of the agency's
own file as well as of records, since several records may come from one line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from keys.native import split
from matcher.agency.reveal.own_rows import OwnRow
from matcher.agency.reveal.runs import ListedFinding
from matcher.agency.reveal.vault_view import Standing, own_row
from matcher.agency.vault.blocks import SentRow
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import NotFoundError
from matcher.protocol.findings import Finding
from matcher.protocol.suite import HANDLE_SIZE

if TYPE_CHECKING:  # both load numpy, which only who lists findings needs
    from matcher.agency.reveal.listed import ListedFindings
    from matcher.protocol.finding_columns import Kind

Texts = tuple[str, ...]


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


class OwnFindings:
    """Findings beside our own rows, ordered by row id, then link column, then codes.

    ``sent`` has our own row of each of the ``listed`` findings, as it was matched.
    """

    def __init__(self, listed: ListedFindings, party: str, sent: Sequence[SentRow], texts: Sequence[Texts]) -> None:
        self.listed = listed
        self.sent = sent
        self.texts = texts  # by kind of finding
        kinds = listed.columns.kinds
        codes = sorted({kind.codes for kind in kinds})
        ranks = [codes.index(kind.codes) for kind in kinds]
        self.numbers: list[int] = listed.columns.numbers.tolist()
        keys = ((row.row_id, row.link_column, ranks[number]) for row, number in zip(sent, self.numbers, strict=True))
        # UTF-8 sorts as its text does.
        self.order = [place for _key, place in sorted(zip(keys, range(len(sent)), strict=True))]
        self.party = party

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[OwnFinding]:
        return map(self.one, self.order)

    def one(self, place: int) -> OwnFinding:
        """The finding at a place of ``listed``."""
        return OwnFinding(self.listed.one(place), own_row(self.sent[place]), self.texts[self.numbers[place]])


def own_handles(listed: ListedFindings, party: str) -> list[bytes]:
    """The handle of each finding that is ``party``'s."""
    columns = listed.columns
    handles = columns.asking_handles if columns.asking == party else columns.answering_handles
    return split(handles.tobytes(), HANDLE_SIZE)


def join(
    agreement: Agreement, flow: str, party: str, listed: ListedFindings, sent: Mapping[bytes, SentRow], language: str
) -> OwnFindings:  # fmt: skip
    """Each finding with our own row as it was matched, by handle in ``sent``. Raises NotFoundError."""
    try:
        rows = [sent[handle] for handle in own_handles(listed, party)]
    except KeyError:
        raise NotFoundError(f"vault: no row of a finding's handle in {flow}") from None
    texts = [texts_of(agreement, flow, kind.codes, language) for kind in listed.columns.kinds]
    return OwnFindings(listed, party, rows, texts)


def summarise(handles: Sequence[bytes], row_ids: Sequence[bytes], kinds: Sequence[Kind], standing: Standing) -> Summary:
    """Counts for our own file, of findings with these own handles, row ids and kinds. A record found with several
    answering parties counts once."""
    by_code: dict[str, int] = {}
    for kind, count in Counter(kinds).items():
        for code in kind.codes:
            by_code[code] = by_code.get(code, 0) + count
    return Summary(
        lines=standing.lines(),
        records=len(standing.row_ids),
        flagged_lines=len(set(row_ids)),
        flagged_records=len(set(handles)),
        not_found_records=len({handle for handle, kind in zip(handles, kinds, strict=True) if not kind.answering}),
        by_code=dict(sorted(by_code.items())),
    )


def summary_of(own: OwnFindings, standing: Standing) -> Summary:
    """Counts for our own file."""
    kinds = own.listed.columns.kinds
    row_ids = [row.row_id for row in own.sent]
    return summarise(own_handles(own.listed, own.party), row_ids, [kinds[number] for number in own.numbers], standing)


def lines_of(findings: Iterable[OwnFinding]) -> dict[str, list[OwnFinding]]:
    """Findings by line of our own file."""
    by_line: dict[str, list[OwnFinding]] = {}
    for item in findings:
        by_line.setdefault(item.row.row_id, []).append(item)
    return by_line
