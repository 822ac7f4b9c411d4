"""``concordat audit verify``, ``export``, ``show``: an auditor's commands."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from matcher.auditor import export as exporting
from matcher.auditor import proof_command
from matcher.auditor.browse import comparing
from matcher.auditor.browse.command import browse
from matcher.auditor.checks import CHECKS, CheckFailed
from matcher.auditor.home import AuditorHome
from matcher.auditor.listing import act_name, listing
from matcher.auditor.mirror.command import mirror
from matcher.auditor.mirror.reading import MirrorSource
from matcher.auditor.mirror.updating import verify_source
from matcher.auditor.receipt_command import receipt
from matcher.auditor.rerun.rerunning import Rerun, rerun
from matcher.auditor.source import DirectorySource, LogSource, ServiceSource
from matcher.auditor.verify import Report
from matcher.auditor.witness.command import witness
from matcher.protocol.errors import InputError, VerificationError
from matcher.text import _
from matcher.text.terminal import Invocation, emit, progress, table

if TYPE_CHECKING:
    from rich.console import Console

_DIRECTORY = click.Path(path_type=Path, file_okay=False)
_FROM = click.option("--from", "directory", type=_DIRECTORY, help=_("Read an exported log instead of the service."))
_LOG_KEY = click.option("--log-key", help=_("With --from: the log's verifier key, where no home knows it."))


def register(group: click.Group) -> None:
    """Add the commands to ``group``."""
    audit = click.Group("audit", help=_("Read and verify the log: who saw what, when, why, on whose approval."))
    audit.add_command(_verify)
    audit.add_command(_export)
    audit.add_command(_show)
    audit.add_command(witness)
    audit.add_command(receipt)
    audit.add_command(proof_command.make)
    audit.add_command(proof_command.check)
    audit.add_command(mirror)
    audit.add_command(browse)
    group.add_command(audit)


def _whose(invocation: Invocation, directory: Path | None, log_key: str | None) -> tuple[AuditorHome | None, str]:
    """The home that remembers and dials, and the key that the log must be signed with. An export needs no home."""
    if directory is not None and log_key:
        return None, log_key
    if log_key:
        raise InputError("--log-key goes with --from", remedy="The home's service.json says which key the service has.")
    home = AuditorHome.of(invocation)
    return home, home.service.log_key


@contextmanager
def _source(invocation: Invocation, home: AuditorHome | None, directory: Path | None) -> Iterator[LogSource]:
    if directory is not None:
        yield DirectorySource(directory)
    elif home is None:
        raise InputError("no log was named", remedy="Give --home DIR, or --from DIR with an exported log.")
    else:
        with home.channel(invocation) as channel:
            yield ServiceSource(channel)


@contextmanager
def _copy_or_source(
    invocation: Invocation, home: AuditorHome | None, directory: Path | None, *, is_copy: bool
) -> Iterator[LogSource]:
    if not is_copy:
        with _source(invocation, home, directory) as source:
            yield source
        return
    if home is None or directory is not None:
        raise InputError("--copy does not go with --from", remedy="Give one of them.")
    with closing(home.mirror()) as store:
        yield MirrorSource(home.path, store, home.service.log_key)


def _compare_page(home: AuditorHome | None, report: Report) -> None:
    """Hold the page to the copy, once the copy is known to be good."""
    if home is None or report.failed:
        return
    with closing(home.mirror()) as store, progress(_("Comparing the page"), None):
        for reason in comparing.differences(home.path, store, report):
            report.add(CheckFailed(28, reason), None)


@click.command("verify", help=_("Verify the whole log: signatures, proofs, and that nothing was done without leave."))
@_FROM
@_LOG_KEY
@click.option(
    "--copy", "is_copy", is_flag=True, help=_("Verify your own copy, offline (see `concordat audit mirror`).")
)
@click.option(
    "--segments", type=_DIRECTORY, help=_("Make the match runs again whose sealed rows the operator exported here.")
)
@click.pass_obj
def _verify(
    invocation: Invocation, directory: Path | None, log_key: str | None, is_copy: bool, segments: Path | None
) -> None:  # fmt: skip
    """Verify, keep the checkpoint if the log is one with the last one kept, and raise if any check failed."""
    home, key = _whose(invocation, directory, log_key)
    seen = home.last_seen(key) if home is not None else None
    made: Rerun | None = None
    with _copy_or_source(invocation, home, directory, is_copy=is_copy) as source:
        with progress(_("Entries verified"), None) as advance:
            report = verify_source(source, key, seen, advance)
        if is_copy:
            _compare_page(home, report)
        if segments is not None:
            with progress(_("Runs made again"), None) as advance:
                made = rerun(source, report, segments, advance)
    count = len(CHECKS) - (not is_copy) - (made is None)
    result = _as_json(report, seen.size if seen else None)
    if made is not None:
        result |= {"runs_made_again": made.made, "runs_without_rows": made.without_rows}
    emit(invocation, result, lambda console: _show_report(console, report, count))
    if home is not None:
        _remember(home, key, report)
    report.require_clean()


def _remember(home: AuditorHome, log_key: str, report: Report) -> None:
    """Keep the checkpoint of a log whose history holds, even if an entry breaks a check: it stands there for good."""
    if report.history_holds:
        home.keep_seen(log_key, report.note)
    elif 2 in report.failed:
        directory = home.keep_evidence(log_key, report.note)
        reasons = "; ".join(item.reason for item in report.failures if item.number == 2)
        raise VerificationError(
            f"the log is not the one verified before: {reasons}",
            remedy=f"Both checkpoints are kept in {directory}. Tell the other auditors and the parties.",
        )


def _as_json(report: Report, extends: int | None) -> dict[str, object]:
    return {
        "origin": report.origin,
        "size": report.size,
        "root": report.root.hex(),
        "verified": not report.failed,
        "witnessed": report.witnessed,
        "witnesses": report.cosigned,
        "extends": extends,
        "entries": dict(sorted(report.entry_counts.items())),
        "findings": dict(sorted(report.states.items())),
        "failed": {str(number): count for number, count in sorted(report.failed.items())},
        "failures": [
            {"check": item.number, "entry": item.index, "reason": item.reason} for item in report.failures
        ],
    }  # fmt: skip


def _witnesses(report: Report) -> str:
    if report.witnessed:
        return _("Witnessed by {names}.", names=", ".join(sorted(report.cosigned)))
    if report.cosigned:
        names = ", ".join(sorted(report.cosigned))
        return _("UNWITNESSED: only {names} has cosigned, and the agreement asks for more.", names=names)
    return _("UNWITNESSED: no witness has cosigned this log.")


def _show_report(console: Console, report: Report, made: int) -> None:
    lines = [
        _("Log {origin}: {size} entries", origin=report.origin, size=f"{report.size:,}"),
        _("Root {root}", root=report.root.hex() or "-"),
        _witnesses(report),
    ]
    console.print("\n".join(lines), markup=False, soft_wrap=True)
    counts = [(act_name(name), report.entry_counts[name]) for name in sorted(report.entry_counts)]
    console.print(table(_("Entries"), (_("What"), _("Number")), counts))
    if report.states:
        console.print(table(_("Findings asked for"), (_("State"), _("Number")), sorted(report.states.items())))
    if not report.failed:
        console.print(_("Verified: all {count} checks hold.", count=made), style="bold green", markup=False)
        return
    rows = [
        (str(item.number), _("whole log") if item.index is None else str(item.index), item.reason)
        for item in report.failures
    ]
    console.print(table(_("Failed checks"), (_("Check"), _("Entry"), _("Reason")), rows))


@click.command("export", help=_("Write the log and its agreements into a directory that anybody can verify."))
@click.argument("target", metavar="DIR", type=_DIRECTORY)
@click.pass_obj
def _export(invocation: Invocation, target: Path) -> None:
    """Export the log from the service."""
    home = AuditorHome.of(invocation)
    with _source(invocation, home, None) as source, progress(_("Entries exported"), None) as advance:
        count = exporting.export(source, target, advance)
    text = _(
        "{count} entries in {path}. Verify them with: concordat audit verify --from {path}", count=count, path=target
    )
    emit(
        invocation, {"entries": count, "path": str(target)},
        lambda console: console.print(text, markup=False, soft_wrap=True),
    )  # fmt: skip


@click.command("show", help=_("List the log's entries: when, who, what, for which purpose."))
@_FROM
@click.option("--finding", default="", help=_("Only what concerns the finding whose id begins so."))
@_LOG_KEY
@click.option("--last", default=0, type=click.IntRange(0), help=_("Only the newest entries, this many."))
@click.pass_obj
def _show(invocation: Invocation, directory: Path | None, finding: str, log_key: str | None, last: int) -> None:
    """List entries."""
    home, key = _whose(invocation, directory, log_key)
    with _source(invocation, home, directory) as source, progress(_("Entries read"), None) as advance:
        lines = listing(source, key, finding.lower(), last, advance)
    rows = [
        (
            str(line.index), _local(line.time), _lines(line.party, line.person), act_name(line.type),
            _lines(line.purpose, line.case), _lines(f"{line.flow} {line.period}".strip(), line.about),
        )
        for line in lines
    ]  # fmt: skip
    headings = ("#", _("When"), _("Who"), _("What"), _("Purpose, case"), _("About"))
    emit(
        invocation, {"entries": [asdict(line) for line in lines]},
        lambda console: console.print(table(_("Audit log"), headings, rows)),
    )  # fmt: skip


def _local(time: int) -> str:
    return datetime.fromtimestamp(time / 1000).astimezone().strftime("%Y-%m-%d\n%H:%M:%S")


def _lines(*parts: str) -> str:
    return "\n".join(filter(None, parts))
