"""Asking the holder to evaluate link values it must not see (design section 4, mode ``oprf``), through the mailbox.

Batches of up to 4,096, padded to a multiple of 1,024, sixteen under way at once: both sides stay busy, and a witness's
cosignature serves many. A request is kept with its blinds, sealed, before it is sent: a restart sends what was not
sent, takes answers that came meanwhile, and asks nothing twice. An answer counts only after, in this order: the
holder's signature against its root in the agreement, that it answers this request, counts and digests, the proof
against the agreed public key. A signed refusal stops the run at once, with the holder's reason; the request is dropped,
so the next run asks afresh. Left to others: the arithmetic (blind/oprf.py), the holder's side (agent/).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from keys import native
from keys.native import Column
from matcher.agency.blind.oprf import ELEMENT_SIZE, BlindInputs, FindKnown, FinishBatch, NameLinks
from matcher.agency.blind.pool import Workers
from matcher.agency.blind.sources import CacheSource
from matcher.agency.exchange.outbox import sign_message
from matcher.agency.exchange.trust import trust_of
from matcher.agency.home import AgencyHome
from matcher.agency.secrets import entries
from matcher.agency.secrets.cache import SecretCache
from matcher.agency.secrets.entries import NAME_SIZE
from matcher.agency.secrets.pending import Request, open_request, seal_request
from matcher.agency.submit.buckets import BUCKETS
from matcher.channel.types import MailItem
from matcher.protocol import bodies, canonical, messages
from matcher.protocol.agreement.model import Agreement
from matcher.protocol.bodies import EVALUATION_PADDING, MAX_EVALUATION_BATCH
from matcher.protocol.errors import DeniedError, QuotaError, UnreachableError, VerificationError
from matcher.protocol.suite import link_prefix, sha256

if TYPE_CHECKING:
    from matcher.channel.client import Channel

Progress = Callable[[int], AbstractContextManager[Callable[[int], None]]]
REQUEST, ANSWER, REFUSAL = "evaluation-request", "evaluation-answer", "evaluation-refusal"
_UNDER_WAY = 16
# Answers stored in one transaction.
_STORED_TOGETHER = 16
# Names looked for by one task.
_NAMES_AT_ONCE = 1 << 14
_POLL_SECONDS = 5
PATIENCE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """Who asks, for what. ``patience`` is how many seconds without any answer are too many."""

    home: AgencyHome
    agreement: Agreement
    flow: str
    period: str
    channel: Channel
    workers: Workers
    source: CacheSource
    patience: float = PATIENCE_SECONDS

    def fill(self, staged: Path, progress: Progress) -> int:
        """Evaluate the link values in ``staged`` that the cache lacks; returns the evaluations asked, padding included.

        Raises UnreachableError (no answer), DeniedError (the holder refused), QuotaError, VerificationError (an answer
        does not verify).
        """
        cache = SecretCache(self.source.path)
        try:
            with closing(_Run(self, cache)) as run:
                return run.all(staged, progress)
        finally:
            cache.close()


class _Run:
    def __init__(self, exchange: Exchange, cache: SecretCache) -> None:
        self._exchange = exchange
        self._cache = cache
        self._link = exchange.agreement.matching.links[exchange.agreement.flow(exchange.flow).link]
        self._prefix = link_prefix(exchange.agreement.id, self._link.kind)
        self._trust = trust_of(exchange.home, exchange.channel, exchange.agreement)
        self._waiting: dict[str, Request] = {}
        self._finishing: deque[tuple[Request, Future[bytes]]] = deque()
        self._finished: list[tuple[Request, bytes]] = []
        self._reasons: list[str] = []
        self._after: int | None = None
        self._done = 0
        self._progress: Callable[[int], None] = lambda _done: None

    def close(self) -> None:
        self._store()

    def all(self, staged: Path, progress: Progress) -> int:
        self._trust.accept(self._exchange.channel.checkpoint())
        self._resume()
        batches = self._missing(staged)
        if not batches and not self._waiting and not self._finishing:
            return 0
        counts = list(map(native.count, batches))
        padded = sum(count + -count % EVALUATION_PADDING for count in counts)
        self._require_quota(padded)
        with progress(sum(counts)) as self._progress:
            tasks = (BlindInputs(self._prefix, batch) for batch in batches)
            for batch, (blinds, elements) in zip(batches, self._exchange.workers.run(tasks), strict=True):
                self._take(_UNDER_WAY - 1)
                self._ask(batch, blinds, elements)
            self._take(0)
        return padded

    def _store(self) -> None:
        """Keep what was finished. What is not kept when this process ends lies in the mailbox still."""
        if not self._finished:
            return
        run = entries.ascending(b"".join(made for _request, made in self._finished))
        self._cache.answered([request.digest for request, _made in self._finished], run)
        self._exchange.source.hold(run)
        self._finished.clear()

    def _missing(self, staged: Path) -> list[Column]:
        """The link values that the cache lacks and nobody was asked for yet, in batches."""
        workers, keys = self._exchange.workers, self._exchange.source.keys
        parts = list(workers.run(NameLinks(staged, bucket) for bucket in range(BUCKETS)))
        names, links = [names for names, _links in parts], [links for _names, links in parts]
        wanted, width = entries.distinct(names), _NAMES_AT_ONCE * NAME_SIZE
        found = workers.run(FindKnown(wanted[start : start + width]) for start in range(0, len(wanted), width))
        asked = [*self._waiting.values(), *(request for request, _future in self._finishing)]
        known = entries.distinct([*found, *(keys.names(request.link_values) for request in asked)])
        return entries.lacking(names, links, known, MAX_EVALUATION_BATCH)

    def _require_quota(self, count: int) -> None:
        quotas = self._exchange.agreement.quotas[self._exchange.home.party]
        most = min(quotas.evaluations_epoch, quotas.evaluations_month)
        if count > most:
            raise QuotaError(
                f"{count:,} evaluations are needed, padding included; the agreement allows {most:,}",
                remedy="Amend the agreement, or submit fewer rows.",
            )

    def _resume(self) -> None:
        """Take up the requests of an interrupted run; drop those that can no longer be answered."""
        now = self._exchange.home.now()
        for kept in self._cache.pending():
            request = open_request(self._exchange.source.keys, kept)
            if request is None:
                continue  # of another link kind or epoch
            if request.log_index < 0 and request.message.expiry < now:
                self._cache.forget(request.digest)
                continue
            if request.log_index < 0:
                request = self._send(request)
            self._wait_for(request)
        self._receive(0)  # answers that came meanwhile
        self._reasons.clear()  # what was refused then is asked afresh: its reason may be gone
        for request in list(self._waiting.values()):
            if request.message.expiry < now:
                self._drop(request)

    def _drop(self, request: Request) -> None:
        self._cache.forget(request.digest)
        del self._waiting[request.digest.hex()]

    def _ask(self, batch: Column, blinds: bytes, elements: bytes) -> None:
        home, agreement = self._exchange.home, self._exchange.agreement
        body: canonical.Json = {
            "link": self._link.kind,
            "epoch": self._link.epoch,
            "count": len(elements) // ELEMENT_SIZE,
            "elements_sha256": sha256(elements).hex(),
            "checkpoint": self._trust.last(),
        }
        message = sign_message(
            home, REQUEST, agreement.digest, self._exchange.flow, self._exchange.period, self._link.holder, body,
            agreement.message_hours,
        )  # fmt: skip
        request = Request(message, batch, blinds, elements, -1)
        self._cache.put_pending(request.digest, *seal_request(self._exchange.source.keys, request))
        self._wait_for(self._send(request))

    def _send(self, request: Request) -> Request:
        try:
            logged = self._exchange.channel.send(request.message, request.elements)
        except QuotaError:
            self._cache.forget(request.digest)
            raise
        self._trust.verify_logged(logged)
        self._cache.mark_sent(request.digest, logged.index)
        return request.sent(logged.index)

    def _wait_for(self, request: Request) -> None:
        self._waiting[request.digest.hex()] = request
        self._after = request.log_index if self._after is None else min(self._after, request.log_index)

    def _take(self, most: int) -> None:
        """Receive and finish until at most ``most`` requests are under way."""
        deadline = time.monotonic() + self._exchange.patience
        while len(self._waiting) + len(self._finishing) > most:
            if self._waiting and self._receive(0 if self._finishing else _POLL_SECONDS):
                deadline = time.monotonic() + self._exchange.patience
            if self._reasons:
                raise DeniedError(
                    f"{self._link.holder} refused to evaluate: {', '.join(sorted(set(self._reasons)))}",
                    code="evaluation-refused",
                    remedy="docs/errors.md lists the reason. Once it is gone, run the same command again.",
                )
            if self._finishing:
                self._finish()
                deadline = time.monotonic() + self._exchange.patience
            elif time.monotonic() > deadline:
                raise UnreachableError(
                    f"{self._link.holder} has not answered {len(self._waiting)} evaluation requests",
                    remedy="Its agent must be running (`concordat agent`)."
                    " Nothing is lost: run the same command again.",
                )

    def _receive(self, wait: int) -> int:
        taken = 0
        for item in self._exchange.channel.receive([ANSWER, REFUSAL], self._after or 0, wait_seconds=wait):
            self._after = max(self._after or 0, item.index + 1)
            if (request := self._match(item)) is None:
                continue
            if item.message.kind == REFUSAL:
                self._require_from_holder(request, item)
                self._reasons.append(item.message.content()["reason"])
                self._drop(request)
            else:
                del self._waiting[request.digest.hex()]
                self._finishing.append((request, self._exchange.workers.submit(self._check(request, item))))
                taken += 1
        return taken

    def _match(self, item: MailItem) -> Request | None:
        """The request that ``item`` says it answers; None for an answer to an earlier run. Nothing is believed yet."""
        body = item.message.content()
        bodies.check(item.message.kind, body)
        return self._waiting.get(body["request"])

    def _require_from_holder(self, request: Request, item: MailItem) -> None:
        message, holder = item.message, self._link.holder
        messages.verify(message, self._exchange.agreement.party(holder).root)
        expected = (holder, self._exchange.home.party, request.message.agreement)
        if (message.sender, message.recipient, message.agreement) != expected:
            raise VerificationError("evaluation answer: it is not from the holder to this party")

    def _check(self, request: Request, item: MailItem) -> FinishBatch:
        self._require_from_holder(request, item)
        body = item.message.content()
        count = len(request.elements) // ELEMENT_SIZE
        if body["link"] != self._link.kind or body["epoch"] != self._link.epoch:
            raise VerificationError("evaluation answer: link kind or epoch is not the one asked for")
        if body["count"] != count or len(item.attachment) != count * ELEMENT_SIZE:
            raise VerificationError(
                f"evaluation answer: {count} elements were asked for, another number came", code="evaluation-count"
            )
        if sha256(item.attachment).hex() != body["elements_sha256"]:
            raise VerificationError("evaluation answer: the elements are not the ones that were signed for")
        return FinishBatch(
            self._prefix, request.link_values, request.blinds, request.elements, item.attachment,
            canonical.unb64(body["proof"]), self._link.public_key,
        )  # fmt: skip

    def _finish(self) -> None:
        request, finished = self._finishing.popleft()
        self._finished.append((request, finished.result()))
        if len(self._finished) >= _STORED_TOGETHER:
            self._store()
        self._done += request.count
        self._progress(self._done)
