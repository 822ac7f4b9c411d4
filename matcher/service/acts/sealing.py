"""Sealing: the signed manifest against the rows on disk, then the segment, then one transaction.

The segment, most of which was written while the rows came (segmenting.py), is finished aside, synced and renamed before
the transaction that logs the manifest and names the segment. A crash before the commit leaves a segment that nobody
names, which start-up removes; the spool is still there. A crash after it leaves a spool that nobody needs, which
start-up removes too. So no acknowledged row is ever lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from sqlite_utils import Database

from matcher.protocol import canonical, entries, merkle
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import ConcordatError, OverloadedError, StateError, VerificationError
from matcher.protocol.messages import SignedMessage
from matcher.service import limits, policy
from matcher.service.acts import letters
from matcher.service.acts import uploads as uploading
from matcher.service.acts.segmenting import Segmenting
from matcher.service.home import ServiceHome
from matcher.service.match import versions
from matcher.service.store import agreements, messages, periods, segments, spool, uploads
from matcher.service.store.database import ControlDatabase
from matcher.service.store.log import Clock, LogWriter
from matcher.service.store.periods import PeriodName
from matcher.service.store.uploads import Submission, Upload

_MAX_AT_ONCE = 2


class Sealing:
    """Seals uploads into segments."""

    def __init__(
        self, database: ControlDatabase, log: LogWriter, home: ServiceHome, segmenting: Segmenting,
        streams: uploading.Uploads, clock: Clock,
    ) -> None:  # fmt: skip
        self._database = database
        self._log = log
        self._home = home
        self._segmenting = segmenting
        self._streams = streams
        self._clock = clock
        self._room = threading.BoundedSemaphore(_MAX_AT_ONCE)

    def seal(self, party: str, submission: bytes, manifest: SignedMessage, check: Callable[[], None]) -> int:
        """Seal an upload; returns the log index. The same manifest again gets the index it got before."""
        body = letters.read_body(manifest, "manifest", party)
        if canonical.unb64(body["submission"]) != submission:
            raise VerificationError("the manifest is for another submission")
        with self._streams.exclusively(submission):
            with self._database.read() as transaction:
                sealed = uploads.sealed_by_id(transaction, submission, party)
                if sealed is not None:
                    return _repeated(sealed, manifest)
                upload = uploads.find(transaction, submission, party)
                self._check(transaction, upload, manifest, body)
                sealed_so_far = uploads.sealed_in(transaction, upload.name)
            if not self._room.acquire(timeout=limits.SEAL_WAIT_SECONDS):
                raise OverloadedError("other submissions are being sealed", retry_seconds=limits.RETRY_SECONDS_MATCH)
            try:
                self._write_segment(upload, manifest, sealed_so_far, check)
                index = self._commit(upload, manifest, body)
            except ConcordatError:
                # Refused before the commit. After any other failure the commit may have happened: start-up knows.
                segments.remove(self._home.segments, submission)
                raise
            finally:
                self._room.release()
        spool.remove(self._home.spool, submission)
        return index

    def listed(self, party: str, agreement_digest: bytes, flow: str, period: str) -> list[Submission]:
        """Sealed submissions of a period in order of sealing, for a party to the flow."""
        with self._database.read() as transaction:
            agreement = agreements.usable(transaction, agreement_digest, self._clock())
            policy.require_member(agreement.flow(flow), party)
            return uploads.sealed_in(transaction, PeriodName(agreement.id, flow, period))

    def _check(self, transaction: Database, upload: Upload, manifest: SignedMessage, body: canonical.Json) -> Agreement:
        agreement = agreements.usable(transaction, manifest.agreement, self._clock())
        begun_under = agreements.load(transaction, upload.agreement)
        named = (agreement.id, manifest.flow, manifest.period)
        if named != tuple(upload.name.values()) or begun_under.matching.digest != agreement.matching.digest:
            raise VerificationError("the manifest is for another agreement, flow or period than the upload")
        if manifest.recipient:
            raise policy.deny("wrong-recipient", "a manifest is for the service")
        letters.check_signatures(transaction, manifest, agreement)
        letters.require_fresh(transaction, manifest)
        letters.require_not_late(manifest, self._clock())
        uploading.require_room(
            transaction, agreement, upload.name, upload.party, upload.sequence, upload.rows, self._clock()
        )
        if upload.spooled != upload.rows:
            raise StateError(f"{upload.spooled} of {upload.rows} rows are on disk", remedy="Send the rest first.")
        mine = [item for item in uploads.sealed_in(transaction, upload.name) if item.party == upload.party]
        expected = {
            "submission": canonical.b64(upload.submission),
            "sequence": upload.sequence,
            "previous": mine[-1].manifest.hex() if mine else "",
            "rows": upload.rows,
            "rows_root": merkle.CompactRange.from_bytes(upload.edge).root().hex(),
            "link_epoch": agreement.matching.links[agreement.flow(manifest.flow).link].epoch,
        }
        wrong = sorted(name for name, value in expected.items() if body[name] != value)
        if wrong:
            raise VerificationError(
                f"manifest: {', '.join(wrong)} not as received here",
                remedy="Send the rows again from a fresh spool, and sign its manifest.",
            )
        return agreement

    def _write_segment(
        self, upload: Upload, manifest: SignedMessage, sealed: list[Submission], check: Callable[[], None]
    ) -> None:
        key = self._segmenting.key(upload.name, is_begun=bool(sealed))
        earlier = [item for item in sealed if item.party == upload.party]
        self._segmenting.finish(upload, key, check)
        candidate = Submission(
            manifest.digest(), upload.submission, upload.name, upload.party, "", upload.sequence, upload.rows, 0, 0
        )
        versions.require_few(self._home.scratch, self._home.segments, [*earlier, candidate], key)

    def _commit(self, upload: Upload, manifest: SignedMessage, body: canonical.Json) -> int:
        with self._database.write() as transaction:
            agreement = self._check(transaction, upload, manifest, body)
            flow = agreement.flow(manifest.flow)
            position = self._log.append(
                transaction, lambda time: entries.for_message(time, manifest, {"rows": upload.rows})
            )
            messages.add(transaction, manifest, agreement.id, b"", position.index)
            periods.begin(transaction, agreement, upload.name, agreement.matching.links[flow.link].epoch)
            side = flow.side_of(upload.party)
            if side == "answering":
                periods.open_window(transaction, upload.name, position.time)
            uploads.remove(transaction, upload.submission)
            uploads.add_sealed(
                transaction,
                Submission(
                    manifest.digest(), upload.submission, upload.name, upload.party, side, upload.sequence,
                    upload.rows, position.time, position.index,
                ),
            )  # fmt: skip
        # The write block above ended: commit point.
        return position.index


def _repeated(sealed: Submission, manifest: SignedMessage) -> int:
    if sealed.manifest != manifest.digest():
        raise StateError("this submission was sealed with another manifest")
    return sealed.log_index
