"""A cell that a file's reader could not make text of travels as a mark: it names the reason in place of a text.

So a formula without a value rejects the records its column concerns, like any other cell that cannot be read, and with
the row's other problems. A mark is U+FFFD and one of ``CODES``; a file that holds such a text rejects its own row. Here
too stand the texts that a spreadsheet leaves where it had no value: ``#N/A`` is nobody's name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

CODES = frozenset(
    (
        "excel-float", "cell-type", "cell-is-date", "formula-empty", "formula-error", "merged-cell",
        "date-impossible", "calendar-year",
    )
)  # fmt: skip
_REPLACED = "\ufffd"  # what stands in a text for a character that was lost
_SUSPECTS = (_REPLACED, "#")
_SHEET_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|GETTING_DATA)", re.IGNORECASE)
_TOO_NARROW = re.compile(r"[#＃]{3,}")


def mark(code: str) -> str:
    """The text that stands for a cell rejected with ``code``."""
    return _REPLACED + code


def marked(text: str) -> str:
    """The code ``text`` stands for, empty for a text that is none."""
    if _REPLACED in text:
        return text[1:] if text[1:] in CODES else "undecodable"
    if _SHEET_ERROR.fullmatch(text):
        return "formula-error"
    if _TOO_NARROW.fullmatch(text):
        return "too-narrow"
    return ""


def find(texts: Sequence[str]) -> dict[int, str]:
    """Codes by position in ``texts``. Most columns have none, which one look at all of them together tells."""
    together = "".join(texts)
    if not any(suspect in together for suspect in _SUSPECTS):
        return {}
    return {position: code for position, text in enumerate(texts) if (code := marked(text))}
