"""Match runs: who may ask for one, what it is run on, and how what it found is kept.

A run is asked for by a person of the asking side who prepares, over exactly the manifests that are sealed. The same
inputs give the run they already had. Who is shown what it found is in listing.py.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from sqlite_utils import Database

from keys import hashing
from matcher.protocol import canonical, entries, merkle, receipts
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.errors import NotFoundError, OverloadedError, StateError
from matcher.protocol.messages import SignedMessage
from matcher.protocol.suite import sha256
from matcher.service import limits, policy
from matcher.service.acts import letters
from matcher.service.home import ServiceHome
from matcher.service.match import run as matching
from matcher.service.metrics import Metrics
from matcher.service.store import agreements, findings, messages, periods, runs, segments, uploads, usage
from matcher.service.store import receipts as stored_receipts
from matcher.service.store.database import ControlDatabase
from matcher.service.store.log import Clock, LogWriter
from matcher.service.store.period_keys import PeriodKeys
from matcher.service.store.periods import PeriodName
from matcher.service.store.receipts import StoredReceipt
from matcher.service.store.runs import Run
from matcher.service.store.uploads import Submission
from matcher.service.store.writing import Transaction

SignReceipt = Callable[[receipts.Receipt], str]


class Matching:
    """Runs matches, one at a time: memory is bounded."""

    def __init__(
        self, database: ControlDatabase, log: LogWriter, home: ServiceHome, period_keys: PeriodKeys, metrics: Metrics,
        clock: Clock, sign_receipt: SignReceipt,
    ) -> None:  # fmt: skip
        self._sign_receipt = sign_receipt
        self._database = database
        self._log = log
        self._home = home
        self._period_keys = period_keys
        self._metrics = metrics
        self._clock = clock
        self._busy = threading.Lock()

    def run(self, party: str, request: SignedMessage, check: Callable[[], None]) -> Iterator[matching.Progress | Run]:
        """Run a match; yields progress, then the run. ``check`` raises when nobody waits any more."""
        body = letters.read_body(request, "match", party)
        with self._database.read() as transaction:
            agreement, submissions = self._prepare(transaction, request, body)
            inputs = _inputs_digest(agreement, request, submissions)
            present = runs.by_inputs(transaction, inputs)
            if present is None:
                self._require_allowed(transaction, agreement, request)
        if present is not None:
            yield present
            return
        if not self._busy.acquire(blocking=False):
            raise OverloadedError("another match is running", retry_seconds=limits.RETRY_SECONDS_MATCH)
        try:
            key = self._period_keys.get(_name(agreement, request).key_name())
            segments.require_present(self._home.segments, (item.submission for item in submissions))
            steps = matching.execute(
                agreement, request.flow, request.period, submissions, self._home.segments, self._home.scratch, key
            )
            for step in steps:
                check()
                if isinstance(step, matching.Progress):
                    yield step
                else:
                    yield from self._record(agreement, request, inputs, step, check)
        finally:
            self._busy.release()

    def _prepare(
        self, transaction: Database, request: SignedMessage, body: canonical.Json
    ) -> tuple[Agreement, list[Submission]]:
        now = self._clock()
        agreement = agreements.usable(transaction, request.agreement, now)
        flow = agreement.flow(request.flow)
        policy.require_asking(flow, request.sender)
        if request.recipient:
            raise policy.deny("wrong-recipient", "a request for a match is for the service")
        letters.check_signatures(transaction, request, agreement)
        letters.require_person(request, agreement, "prepare")
        letters.require_in_time(request, agreement, now)
        name = _name(agreement, request)
        period = periods.require_open(transaction, agreement, name, agreement.matching.links[flow.link].epoch, now)
        policy.require_retention(agreement, period.opened_at if period else None, now)
        submissions = uploads.sealed_in(transaction, name)
        if sorted(body["manifests"]) != sorted(item.manifest.hex() for item in submissions):
            raise StateError(
                f"the request names {len(body['manifests'])} manifests that are not the {len(submissions)} sealed ones",
                remedy="List the submissions again and sign a new request.",
            )
        if flow.asking not in {item.party for item in submissions}:
            raise StateError("the asking side has sealed no submission of this period")
        return agreement, submissions

    def _require_allowed(self, transaction: Database, agreement: Agreement, request: SignedMessage) -> None:
        letters.require_fresh(transaction, request)
        used = len(runs.of_period(transaction, _name(agreement, request)))
        policy.require_quota(used, 1, agreement.quotas[request.sender].runs, "match runs of this period")

    def _record(
        self, agreement: Agreement, request: SignedMessage, inputs: bytes, result: matching.Result,
        check: Callable[[], None],
    ) -> Iterator[matching.Progress | Run]:  # fmt: skip
        """Write the findings aside, a block at a time so that others may write between, then name the run."""
        tree, total = merkle.CompactRange(), len(result.found)
        with self._database.write() as transaction:
            findings.drop_unnamed(transaction)
        whole = result.found.columns(result.run)
        bound = agreement.matching.digest, request.flow, request.period
        for first in range(0, total, findings.BLOCK_FINDINGS):
            check()
            yield matching.Progress("record", first, total)
            part = whole.part(slice(first, first + findings.BLOCK_FINDINGS))
            ids = part.ids(*bound, hashing.each)
            with self._database.write() as transaction:
                findings.set_aside(transaction, findings.Block(first, part, ids))
            tree.extend_hashes(part.leaf_hashes(ids, hashing.each).tobytes(), hashing.tree_extend())
        root, name = tree.root(), _name(agreement, request)
        facts = {"run": result.record, "findings_root": root.hex(), "findings": total}
        with self._database.write() as transaction:
            # The period may have been purged while this run was computed.
            self._prepare(transaction, request, request.content())
            self._require_allowed(transaction, agreement, request)
            findings.require_complete(transaction, result.run, total)
            position = self._log.append(transaction, lambda time: entries.for_message(time, request, facts))
            messages.add(transaction, request, agreement.id, b"", position.index)
            run = Run(result.run, inputs, name, root, total, position.index, position.time)
            runs.add(transaction, run)
            self._issue_receipts(transaction, agreement, result, run)
        # The write block above ended: commit point.
        self._metrics.runs.inc()
        self._metrics.pairs.inc(result.pairs)
        yield run

    def _issue_receipts(
        self, transaction: Transaction, agreement: Agreement, result: matching.Result, run: Run
    ) -> None:  # fmt: skip
        """Sign who learned what, log the digests, keep the notes: in the run's own transaction."""
        link = agreement.matching.links[agreement.flow(run.name.flow).link]
        evaluated = usage.evaluations(transaction, agreement.id, link.kind, link.epoch) if link.mode == "oprf" else 0
        facts = receipts.RunFacts(
            result.record, run.log_index, run.ran_at, run.findings,
            {item.manifest.hex(): item.rows for item in uploads.sealed_in(transaction, run.name)},
            {link.holder: evaluated},
        )  # fmt: skip
        notes = [(item.party, self._sign_receipt(item)) for item in receipts.of_run(agreement, facts)]
        position = self._log.append(
            transaction,
            lambda time: entries.without_message(
                "receipts-issued", time, receipts.facts_of(notes, run.run), agreement=agreement.digest,
                flow=run.name.flow, period=run.name.period,
            ),
        )  # fmt: skip
        stored_receipts.add(transaction, run.run, notes, position.index)

    def receipts(self, party: str, run_digest: bytes) -> list[StoredReceipt]:
        """The receipts of a run that ``party`` may see: its own; all of them for an auditor of the agreement.

        Raises NotFoundError for a run that is unknown, or from before there were receipts.
        """
        with self._database.read() as transaction:
            run = runs.find(transaction, run_digest)
            period = periods.find(transaction, run.name)
            if period is None:
                raise NotFoundError("no such run")
            agreement = agreements.load(transaction, period.agreement)
            policy.require_party(agreement, party)
            kept = stored_receipts.of_run(transaction, run_digest)
        is_auditor = agreement.party(party).kind == "auditor"
        found = [item for item in kept if is_auditor or item.party == party]
        if not found:
            raise NotFoundError(f"there is no receipt of this run for {party}")
        return found

    def runs(self, party: str, agreement_digest: bytes, flow: str, period: str) -> list[Run]:
        """Runs of a period, newest last, for a party to the flow."""
        with self._database.read() as transaction:
            agreement = agreements.usable(transaction, agreement_digest, self._clock())
            policy.require_member(agreement.flow(flow), party)
            return runs.of_period(transaction, PeriodName(agreement.id, flow, period))


def _name(agreement: Agreement, request: SignedMessage) -> PeriodName:
    return PeriodName(agreement.id, request.flow, request.period)


def _inputs_digest(agreement: Agreement, request: SignedMessage, submissions: list[Submission]) -> bytes:
    inputs = matching.inputs_of(submissions)
    return sha256(canonical.encode([agreement.digest.hex(), request.flow, request.period, inputs]))
