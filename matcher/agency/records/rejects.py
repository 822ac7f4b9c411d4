"""Rows that could not be taken: why, and what to do, without a word of their content.

A reject names line, column and a reason code; the texts stand in one table and are translated for the clerk.
The rejects file is CSV with a byte order mark, which spreadsheet programs open as it is. Left to others: finding the
problems (files/, records.py, blind/).
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple, Self

from matcher.agency.files.export import harmless
from matcher.protocol import normalise
from matcher.protocol.errors import InputError
from matcher.text import _

HEADINGS = ("file", "line", "column", "reason", "remedy")


class Reject(NamedTuple):
    """One problem. ``line`` is 1-based: in a text file the line the row begins on, elsewhere the row's number.
    ``column`` is the column as the agreement names it, empty when the whole row is meant."""

    line: int
    column: str
    code: str


REASONS: Mapping[str, tuple[str, str]] = {
    **normalise.REASONS,
    "undecodable": (
        "bytes that are not text in the file's encoding",
        "Save the file again as UTF-8, or type the cell again.",
    ),
    "cell-count": (
        "more or fewer cells than the header",
        "Look for a stray comma or a missing quotation mark in this line.",
    ),
    "quoting": (
        "a quotation mark in the wrong place",
        "Quote the whole cell, and write a quotation mark inside it twice.",
    ),
    "cell-type": ("a kind of cell that cannot be read as text", "Save this column as text."),
    "row-number-too-long": ("the row's own number has more than 64 characters", "Shorten it to 64 characters."),
    "cell-too-long": ("the cell is too long", "Shorten the cell to 4,096 characters."),
    "cell-is-date": ("a date stands where a number or text should", "Format the column as text and type it again."),
    "date-serial": (
        "a spreadsheet's day number stands where a date should",
        "Format the column as a date in the spreadsheet, such as 2022-05-31, and export again.",
    ),
    "formula-empty": (
        "a formula whose result is not stored in the file",
        "Open the file in the spreadsheet program, let it calculate, and save it.",
    ),
    "formula-error": (
        "a formula that ended in an error such as #N/A",
        "Correct the formula, or type the value in its place.",
    ),
    "too-narrow": (
        "the column was too narrow: # signs were exported instead of the value",
        "Widen the column in the spreadsheet and export again.",
    ),
    "merged-cell": (
        "one merged cell gives an amount for several rows",
        "Unmerge it and write each row's own amount.",
    ),
    "total-row": ("the row is a total, not a record", "Nothing is lost; leave such rows out."),
    "header-again": ("the header stands here once more", "Nothing is lost; leave such rows out."),
    "calendar-year": (
        "the due date falls into a year whose holidays this program does not know yet",
        "Add the year: `concordat calendar add FILE`; or write the due date itself.",
    ),
    "month-malformed": ("the cell is not a month", "Write it as 2022-05."),
    "month-repeated": (
        "the same month of this account stands in an earlier row with other amounts",
        "Keep one row for each account and month; until then no rule looks at this account's flows.",
    ),
    "no-link": ("the row names no value to compare by", "Fill in at least one of the account columns."),
    "credit-code-check": (
        "a unified social credit code whose check character does not hold",
        "Compare it with the business licence.",
    ),
    "duplicate-account": (
        "the same value stands in an earlier row with other content",
        "Keep one row for each account.",
    ),
    "duplicate-row": (
        "the same row number stands in an earlier row with other content",
        "Give each row its own number, or keep the right one of them.",
    ),
    "too-many-rows": (
        "more rows name this value than the agreement lets share it",
        "Correct the account in the rows that name it wrongly.",
    ),
    "version-limit": (
        "this record was already changed as often as one period allows",
        "It stays as last sent; send the change in the next period.",
    ),
}


def reason(code: str) -> tuple[str, str]:
    """Reason and remedy of ``code`` in the reader's language; an unlisted code stands for itself."""
    text, remedy = REASONS.get(code, (code, "Correct the cell."))
    return _(text), _(remedy)


class RejectsFile:
    """Writes rejects as they come and counts them by code. The file is made when the first one comes.

    A file left by an earlier run is replaced, so that nobody corrects what is correct already.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.counts: Counter[str] = Counter()
        self._shown: dict[str, tuple[str, Mapping[str, str]]] = {}
        self._stream: IO[str] | None = None
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise _not_writable(path) from error

    @property
    def written(self) -> bool:
        """Whether there is a file."""
        return self._stream is not None

    def describe(self, file: str, sheet: str, labels: Mapping[str, str]) -> None:
        """Say how ``file`` names itself to a clerk: its sheet, and its headers by the agreement's column names."""
        self._shown[file] = (f"{file}, {sheet}" if sheet else file, labels)

    def add(self, file: str, rejects: Iterable[Reject]) -> None:
        """Write the problems found in ``file`` (its name)."""
        problems = list(rejects)
        if not problems:
            return
        name, labels = self._shown.get(file, (file, {}))
        if self._stream is None:
            self._stream = self._open()
        self.counts.update(reject.code for reject in problems)
        named = harmless(name)
        kinds = {(reject.column, reject.code) for reject in problems}
        told = {(column, code): (harmless(labels.get(column, column)), *reason(code)) for column, code in kinds}
        csv.writer(self._stream).writerows(
            (named, reject.line, *told[reject.column, reject.code]) for reject in problems
        )  # fmt: skip

    def _open(self) -> IO[str]:
        try:
            stream = self.path.open("w", encoding="utf-8-sig", newline="")
        except OSError as error:
            raise _not_writable(self.path) from error
        csv.writer(stream).writerow([_(heading) for heading in HEADINGS])
        return stream

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()


def _not_writable(path: Path) -> InputError:
    return InputError(f"{path.name}: the rejects file cannot be written", remedy="Give a path with --rejects FILE.")
