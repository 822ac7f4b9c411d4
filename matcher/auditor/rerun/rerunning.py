"""Check 29: every match run whose sealed rows are at hand, made again from them.

The log says what to expect: manifests with their roots, each run's inputs, counts and findings root. Runs of which some
rows are not in the directory are counted, not judged: an operator exports run by run, and purged rows are gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from matcher.auditor.checks import CheckFailed, check
from matcher.auditor.replay.act import require
from matcher.auditor.rerun import reference
from matcher.auditor.rerun.sealed import Manifest, MissingRowsError, SealedRows
from matcher.auditor.source import LogSource
from matcher.auditor.verify import Report
from matcher.protocol import canonical, entries, rows
from matcher.protocol.agreement.parse import parse_agreement, parse_matching
from matcher.protocol.entries import Entry
from matcher.protocol.errors import NotFoundError, VerificationError
from matcher.protocol.findings import run_digest
from matcher.protocol.vector import VectorLayout

_NEEDED = (b'"type":"submission-sealed"', b'"type":"match-run"')


@dataclass(slots=True)
class Rerun:
    """How many runs were made again, and of how many some rows were not at hand."""

    made: int = 0
    without_rows: int = 0


def rerun(source: LogSource, report: Report, directory: Path, progress: Callable[[int], None]) -> Rerun:
    """Make the runs of a verified log again; failures go into ``report``. ``progress`` is told the runs done.

    Raises NotFoundError when no run of a log that verifies could be made again.
    """
    result = Rerun()
    manifests: dict[str, Manifest] = {}
    for index, entry in _runs_and_manifests(source, report.size):
        if entry.type == "submission-sealed":
            manifest = _manifest(entry)
            manifests[manifest.digest.hex()] = manifest
            continue
        try:
            with check(29):
                _make_again(source, entry, manifests, directory)
        except CheckFailed as failed:
            if isinstance(failed.__cause__, MissingRowsError):
                result.without_rows += 1
                continue
            report.add(failed, index)
        result.made += 1
        progress(result.made)
    if not result.made and not report.failed:
        raise NotFoundError(
            "no match run of this log has all its rows in that directory",
            remedy="Let the operator export a run: `concordat-server segments export RUN DIR`.",
        )
    return result


def _runs_and_manifests(source: LogSource, size: int) -> Iterator[tuple[int, Entry]]:
    for index, data in enumerate(source.entries(size)):
        if any(word in data for word in _NEEDED):
            try:
                yield index, entries.parse(data)
            except VerificationError:
                continue  # check 4 has said so


def _manifest(entry: Entry) -> Manifest:
    message, body = entry.require_message(), entry.body
    return Manifest(
        message.digest(), message.sender, body["sequence"], body["rows"], canonical.unhex(body["rows_root"], 32)
    )  # fmt: skip


def _make_again(source: LogSource, entry: Entry, manifests: dict[str, Manifest], directory: Path) -> None:
    """Raise CheckFailed (29) where the run comes out otherwise; caused by MissingRowsError where rows are missing."""
    matching, agreement_file = source.agreement_files(entry.agreement)
    agreement = parse_agreement(agreement_file, parse_matching(matching))
    flow, record = agreement.flow(entry.flow), entry.facts["run"]
    size = rows.row_size(VectorLayout(flow.fields).width)
    sealed = {
        item["party"]: [_sealed(manifests, digest, directory, size) for digest in item["manifests"]]
        for item in record["inputs"]
    }
    outcome = reference.match(agreement, flow, entry.period, sealed)
    said = {code: count for code, count in record["counts"].items() if count}
    require(29, dict(outcome.counts) == said, _other_counts(dict(outcome.counts), said))
    found, facts = len(outcome.found), entry.facts
    require(29, found == facts["findings"], f"the run has {facts['findings']} findings, made again it has {found}")
    root = outcome.root(agreement, flow, entry.period, run_digest(record))
    require(29, root.hex() == facts["findings_root"], "the run's findings, made again, have another root")


def _sealed(manifests: dict[str, Manifest], digest: str, directory: Path, row_size: int) -> SealedRows:
    if digest not in manifests:
        raise VerificationError(f"the run names manifest {digest[:16]}, which is not in the log before it")
    return SealedRows(directory, manifests[digest], row_size)


def _other_counts(made: dict[str, int], said: dict[str, int]) -> str:
    codes = sorted(code for code in {*made, *said} if made.get(code, 0) != said.get(code, 0))
    differences = ", ".join(f"{code} {made.get(code, 0)} instead of {said.get(code, 0)}" for code in codes)
    return f"made again, the run counts {differences}"
