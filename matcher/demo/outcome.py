"""What came of it, counted by distinct project, and only here held against the truth, if there is one.

Nothing before this point reads truth.csv; nothing here changes what was found.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matcher.demo.comparing import Compared
from matcher.demo.stage import Result
from matcher.protocol.errors import InputError

FLAGGED_FILE = "flagged_projects.csv"
_ID_HEADERS = ("project_id", "项目编号")
_CODE_HEADERS = ("codes", "code", "规则代码")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Projects by id. ``flagged`` maps a project to its codes; ``expected`` is None without a truth file."""

    submitted: int
    flagged: Mapping[str, tuple[str, ...]]
    revealed: frozenset[str]
    unfounded: frozenset[str]
    expected: frozenset[str] | None

    @property
    def missed(self) -> frozenset[str] | None:
        """Expected, and not flagged."""
        return None if self.expected is None else self.expected - set(self.flagged)

    @property
    def false_flags(self) -> frozenset[str] | None:
        """Flagged, and not expected."""
        return None if self.expected is None else frozenset(self.flagged) - self.expected

    @property
    def compliant_revealed(self) -> frozenset[str]:
        """Revealed though no rule holds on the opened record, or though the truth says compliant."""
        return self.unfounded if self.expected is None else self.unfounded | (self.revealed - self.expected)


def count(compared: Compared, truth: Path) -> Outcome:
    """The outcome of what the commands said. Raises InputError for a truth file that cannot be read."""
    flagged: dict[str, set[str]] = {}
    for finding in compared.findings["findings"]:
        flagged.setdefault(finding["row_id"], set()).update(finding["codes"])
    return Outcome(
        submitted=compared.findings["summary"]["lines"],
        flagged={project: tuple(sorted(codes)) for project, codes in sorted(flagged.items())},
        revealed=frozenset(item["row_id"] for item in compared.opened),
        unfounded=frozenset(item["row_id"] for item in compared.opened if not item["confirmed"]),
        expected=read_truth(truth) if truth.is_file() else None,
    )


def read_truth(path: Path) -> frozenset[str]:
    """Ids of the projects for which a rule should fire; a line with an empty ``codes`` cell is a compliant project."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030", "replace")
    reader = csv.DictReader(io.StringIO(text, newline=""))
    headers = [header.strip() for header in reader.fieldnames or ()]
    reader.fieldnames = headers
    identifier = next((header for header in _ID_HEADERS if header in headers), None)
    if identifier is None:
        raise InputError("truth.csv has no column project_id", remedy="See examples/daxing/README.md for its columns.")
    codes = next((header for header in _CODE_HEADERS if header in headers), None)
    return frozenset(
        row[identifier].strip()
        for row in reader
        if row[identifier] and (codes is None or (row[codes] or "").strip(" ;"))
    )


def write_flagged(outcome: Outcome, path: Path) -> None:
    """The flagged projects with their codes, in the form of a truth file."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("project_id", "codes"))
        writer.writerows((project, ";".join(codes)) for project, codes in outcome.flagged.items())


def as_json(outcome: Outcome, audit: Result, seconds: float) -> dict[str, Any]:
    """The one object that ``--json`` prints, without what the caller adds."""
    return {
        "submitted": outcome.submitted,
        "flagged": len(outcome.flagged),
        "missed": _size(outcome.missed),
        "false_flags": _size(outcome.false_flags),
        "revealed": len(outcome.revealed),
        "compliant_revealed": len(outcome.compliant_revealed),
        "log_size": audit["size"],
        "log_verified": audit["verified"],
        "log_witnessed": audit["witnessed"],
        "seconds": round(seconds, 1),
    }


def _size(items: Iterable[str] | None) -> int | None:
    return None if items is None else len(list(items))
