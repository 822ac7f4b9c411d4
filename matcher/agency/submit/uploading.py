"""Last stage: bring the spooled rows to the service, sign the manifest, seal, and see the seal in the log.

The service names the row from which to go on, so a broken connection costs nothing; it is tried again, each time after
a longer pause, as long as rows arrive. The manifest is signed and kept before the service can see it; after that only
the service knows whether it sealed, so it is asked, with the same manifest. Here the submission counts as sealed once
the log shows it; the vault has held its rows since they were made.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from matcher.agency.exchange.outbox import sign_message
from matcher.agency.exchange.trust import verify_logged
from matcher.agency.submit.job import Job
from matcher.agency.submit.spool import Spool, chunks, count_rows
from matcher.agency.vault.store import Submission, Vault
from matcher.protocol import canonical, messages, rows
from matcher.protocol.errors import OverloadedError, StateError, UnreachableError, VerificationError
from matcher.protocol.merkle import CompactRange
from matcher.protocol.messages import SignedMessage

if TYPE_CHECKING:
    from matcher.channel.client import Channel

SEALED_ENTRY = "submission-sealed"
_TRIES = 8
_LONGEST_PAUSE = 30.0


class Uploader:
    """Uploads one submission; ``pause`` waits that many seconds (a test's clock may not)."""

    def __init__(
        self, job: Job, channel: Channel, vault: Vault, spool: Spool, progress: Callable[[int], None],
        pause: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._job = job
        self._channel = channel
        self._vault = vault
        self._spool = spool
        self._progress = progress
        self._pause = pause
        self._reached = -1

    def send(self, submission: Submission) -> Submission:
        """Upload and seal ``submission`` (spooled or uploading); returns it sealed.

        Raises UnreachableError or OverloadedError when the service stays away; then the same command goes on later.
        """
        failures = 0
        while True:
            reached = self._reached
            try:
                return self._attempt(submission)
            except (UnreachableError, OverloadedError) as error:
                submission = self._vault.submission(submission.number)
                failures = 0 if self._reached > reached else failures + 1
                if failures >= _TRIES:
                    raise
                wait = error.retry_seconds if isinstance(error, OverloadedError) else min(2.0**failures, _LONGEST_PAUSE)
                self._pause(wait)

    def _attempt(self, submission: Submission) -> Submission:
        state = self._channel.open_upload(
            submission.submission_id, submission.agreement_digest, self._job.flow.id, self._job.period,
            submission.sequence, submission.row_count,
        )  # fmt: skip
        row_size = rows.row_size(self._job.vector_width)
        if not state.sealed and count_rows(self._spool.rows, row_size) != submission.row_count:
            raise StateError("the spool is damaged: rows are missing", remedy="Submit the same files again.")
        if submission.state == "spooled":
            if state.sealed:
                raise VerificationError("the service sealed a submission whose manifest was not signed")
            root = self._upload(submission, state.next_row)
            manifest = self._manifest(submission, root)
            submission = self._vault.signed(
                submission, canonical.encode(messages.to_json(manifest)).decode(), manifest.digest()
            )
        else:
            manifest = messages.from_json(canonical.decode(submission.manifest.encode()))
            if not state.sealed and state.next_row < submission.row_count:
                self._upload(submission, state.next_row)
        logged = self._channel.seal(submission.submission_id, manifest)
        entry = verify_logged(self._job.home, self._channel, logged, self._job.agreement)
        if entry.type != SEALED_ENTRY or entry.message != manifest:
            raise VerificationError("the log entry shown for the seal is of something else")
        return self._vault.sealed(submission, logged.index)

    def _upload(self, submission: Submission, first: int) -> bytes:
        """Send the rows from ``first`` on; returns the root over all of them."""
        tree = CompactRange()
        pieces = chunks(self._spool.rows, self._job.vector_width, first, tree)
        reached = first
        if first < submission.row_count:
            for reached in self._channel.upload(submission.submission_id, pieces):
                self._reached = max(self._reached, reached)
                self._progress(reached)
        for _piece in pieces:  # what is left of them only feeds the tree
            pass
        if reached != submission.row_count or tree.size != submission.row_count:
            raise UnreachableError(f"the upload ended at row {reached} of {submission.row_count}")
        return tree.root()

    def _manifest(self, submission: Submission, root: bytes) -> SignedMessage:
        last = self._vault.last_sealed(submission.scope)
        body: canonical.Json = {
            "submission": canonical.b64(submission.submission_id),
            "sequence": submission.sequence,
            "previous": last.manifest_digest.hex() if last else "",
            "rows": submission.row_count,
            "rows_root": root.hex(),
            "link_epoch": self._job.link.epoch,
        }
        return sign_message(
            self._job.home, "manifest", submission.agreement_digest, self._job.flow.id, self._job.period, "", body, 0
        )  # fmt: skip
