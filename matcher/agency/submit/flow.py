"""The stages in order, one submission of a home at a time, and recovery from a stop between any two of them.

An unfinished submission is taken up again when the same files are given: ``spooled`` goes on uploading, ``uploading``
asks the service for the seal. With other files, the service is asked first whether it was sealed after all; if not, it
is abandoned, which loses nothing: nobody has acknowledged it. ``staging`` is always abandoned.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matcher.agency.blind.blinded import MAX_VERSIONS
from matcher.agency.blind.pool import Workers
from matcher.agency.blind.sources import CacheSource
from matcher.agency.blind.tagged import link_tag
from matcher.agency.files.batches import RowSource
from matcher.agency.records.cells import CREDIT_CODE
from matcher.agency.records.records import SPARED
from matcher.agency.records.rejects import RejectsFile
from matcher.agency.secrets.cache import SecretCache
from matcher.agency.secrets.evaluate import Exchange
from matcher.agency.submit.blinding import Blinding, blind
from matcher.agency.submit.job import Job
from matcher.agency.submit.spool import Spool
from matcher.agency.submit.staging import Staging, open_all, stage
from matcher.agency.submit.uploading import Uploader
from matcher.agency.vault.store import Submission, Vault
from matcher.protocol.errors import InputError, QuotaError, StateError, VerificationError
from matcher.text import _

if TYPE_CHECKING:
    from matcher.channel.client import Channel

Progress = Callable[[str, int | None], AbstractContextManager[Callable[[int], None]]]
SUBMISSION_ID_SIZE = 16


class RowsRejectedError(InputError):
    """With ``strict``: rows were rejected, so nothing was sent. Correct them as the rejects file says."""

    code = "rows-rejected"
    exit_status = 8


def submit(job: Job, rejects_path: Path, progress: Progress) -> dict[str, Any]:
    """Submit the job's files; returns the summary: counts, sequence, log index, rejects file.

    Raises RowsRejectedError (strict), InputError (nothing acceptable in the files), QuotaError, and what the service
    answers.
    """
    with _alone(job.home.spool_path), job.home.channel() as channel:
        vault = Vault(job.home.vault_path)
        try:
            return _Submit(job, vault, channel, rejects_path, progress).run()
        finally:
            vault.close()


@contextmanager
def _alone(spool: Path) -> Iterator[None]:
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (spool / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StateError("another submit of this home is running", remedy="Wait until it has ended.") from error
        yield


class _Submit:
    def __init__(self, job: Job, vault: Vault, channel: Channel, rejects: Path, progress: Progress) -> None:
        self._job = job
        self._vault = vault
        self._channel = channel
        self._rejects = rejects
        self._progress = progress
        self._scope = vault.scope(job.agreement, job.flow.id, job.period)

    def run(self) -> dict[str, Any]:
        with ThreadPoolExecutor(1) as beside:
            opened = beside.submit(open_all, self._job)  # it surveys long files, and so takes as long as their digest
            inputs = self._job.inputs_digest()
        submission = self._resumed(inputs)
        if submission is not None:
            submission = self._uploaded(submission, resumed=True)
        else:
            submission = self._prepared(inputs, opened.result())
            if submission.state != "sealed":
                submission = self._uploaded(submission)
        return {**submission.summary, "sequence": submission.sequence, "log_index": submission.log_index}

    def _resumed(self, inputs: bytes) -> Submission | None:
        """The unfinished submission if it is of the same files, spooled or sealed; any other one is cleared away."""
        unfinished = self._vault.unfinished(self._scope)
        if unfinished is None:
            return None
        same = unfinished.inputs == inputs and unfinished.agreement_digest == self._job.agreement.digest
        # Begun without ``strict``, and not signed yet: it starts anew, and is then refused with its rejects file.
        unwanted = self._job.strict and unfinished.state == "spooled" and unfinished.summary.get("rejected")
        if same and unfinished.state != "staging" and not unwanted:
            return unfinished
        if unfinished.state == "uploading" and self._is_sealed(unfinished):
            self._uploaded(unfinished, resumed=True)
            return None
        self._spool(unfinished).remove()
        self._vault.abandon(unfinished)
        return None

    def _is_sealed(self, submission: Submission) -> bool:
        return self._channel.open_upload(
            submission.submission_id, submission.agreement_digest, self._job.flow.id, self._job.period,
            submission.sequence, submission.row_count,
        ).sealed  # fmt: skip

    def _prepared(self, inputs: bytes, sources: Sequence[RowSource]) -> Submission:
        """Read, evaluate and blind: a spooled submission, or the last sealed one if nothing has changed."""
        job = self._job
        last = self._vault.last_sealed(self._scope)
        submission = self._vault.begin(self._scope, os.urandom(SUBMISSION_ID_SIZE), job.agreement.digest, inputs)
        spool = self._spool(submission)
        try:
            spool.create()
            if isinstance(job.source, CacheSource):
                SecretCache(job.source.path).close()  # workers open it for reading: it must be there
            with Workers(job.setup(submission, self._exhausted())) as workers, RejectsFile(self._rejects) as rejects:
                staging, local = self._staged(workers, spool, rejects, sources)
                flows_rejected = local["flows"]["rejected"] if local.get("flows") else 0
                # Before evaluations are asked for, and counted.
                self._require_none(staging.rejected + flows_rejected, rejects)
                evaluated = self._evaluate(workers, spool)
                with self._progress(_("Blinding"), staging.records - staging.rejected) as progress:
                    filling = self._vault.filling(submission)
                    blinding = blind(job, workers, spool, filling, staging.crowded, rejects, progress)
                self._require_none(blinding.rejected, rejects)
            summary = _summary(staging, blinding, evaluated, rejects)
            summary["files"] = [
                source.about.summary(path.name) for path, source in zip(job.files, sources, strict=True)
            ]
            summary["local_rules"] = local
            sent = blinding.put + blinding.deleted
            if not sent and last is not None:
                self._vault.abandon(submission)
                spool.remove()
                return replace(last, summary=summary)
            self._require_room(summary, sent)
            submission = self._vault.spooled(submission, sent, summary)
        except BaseException:
            spool.remove()
            self._vault.abandon(submission)
            raise
        spool.remove_staged()
        return submission

    def _staged(
        self, workers: Workers, spool: Spool, rejects: RejectsFile, sources: Sequence[RowSource]
    ) -> tuple[Staging, dict[str, Any]]:
        """Everything read, with the codes of local rules in an answering side's rows; and what those rules found."""
        job = self._job
        with ExitStack() as stack:
            local = None
            if job.local is not None:
                key = job.home.keys.handle_key.reveal()
                local = stack.enter_context(job.local.opened(spool.path, key, rejects, self._progress))
                sources = [local.source(source) for source in sources]
            with self._progress(_("Reading"), sum(source.total for source in sources)) as progress:
                staging = stage(job, sources, local, workers, spool, rejects, progress)
            return staging, {} if local is None else local.summary()

    def _require_none(self, rejected: int, rejects: RejectsFile) -> None:
        if self._job.strict and rejected:
            raise RowsRejectedError(
                f"{rejected:,} records were rejected, so nothing was sent (--strict)",
                remedy=f"Correct them as the rejects file says: {rejects.path}",
            )

    def _evaluate(self, workers: Workers, spool: Spool) -> int:
        job = self._job
        if not isinstance(job.source, CacheSource):
            return 0
        exchange = Exchange(
            job.home, job.agreement, job.flow.id, job.period, self._channel, workers, job.source
        )  # fmt: skip
        return exchange.fill(spool.staged, lambda total: self._progress(_("Evaluating"), total))

    def _require_room(self, summary: dict[str, Any], sent: int) -> None:
        if not sent:
            raise InputError(
                f"no row could be taken: {summary['rejected']} records were rejected",
                remedy=f"Correct them as the rejects file says: {summary['rejects_file']}"
                if summary["rejects_file"]
                else "The files have a header, but no rows.",
            )
        quota = self._job.agreement.quotas[self._job.home.party]
        before = self._vault.rows_sent(self._scope)
        if before + sent > quota.rows:
            raise QuotaError(
                f"{before:,} rows of this period were sent; {sent:,} more exceed the quota of {quota.rows:,}"
            )

    def _exhausted(self) -> frozenset[bytes]:
        if self._job.side != "asking":
            return frozenset()  # there the handle stands for the link value, and its versions are counted by handle
        handle_key = self._job.home.keys.handle_key.reveal()
        values = self._vault.link_values_with_versions(self._scope, MAX_VERSIONS)
        return frozenset(link_tag(handle_key, value) for value in values)

    def _uploaded(self, submission: Submission, *, resumed: bool = False) -> Submission:
        spool = self._spool(submission)
        try:
            if resumed and self._vault.rows_kept(submission) != submission.row_count:
                raise StateError("the vault lacks rows of this submission", remedy="Submit the same files again.")
            with self._progress(_("Uploading"), submission.row_count) as progress:
                sealed = Uploader(self._job, self._channel, self._vault, spool, progress).send(submission)
        except (StateError, VerificationError):
            # Spool or vault is damaged, or the service is elsewhere in the sequence: start anew with the next command.
            if not self._is_sealed(submission):
                spool.remove()
                self._vault.abandon(submission)
            raise
        spool.remove()
        return sealed

    def _spool(self, submission: Submission) -> Spool:
        return Spool(self._job.home.spool_path, submission.submission_id)


def _summary(staging: Staging, blinding: Blinding, evaluated: int, rejects: RejectsFile) -> dict[str, Any]:
    rejected = staging.rejected + blinding.rejected
    return {
        "rows": staging.rows,
        "records": staging.records,
        "accepted": staging.records - rejected - blinding.duplicates,
        "rejected": rejected,
        "reasons": dict(sorted(rejects.counts.items())),
        "duplicates": blinding.duplicates,
        "warnings": staging.warnings[CREDIT_CODE],
        "spared": staging.warnings[SPARED],
        "sent": blinding.put,
        "deleted": blinding.deleted,
        "evaluated": evaluated,
        "rejects_file": str(rejects.path) if rejects.written else "",
    }
