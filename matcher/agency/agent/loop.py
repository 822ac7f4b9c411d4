"""The agent's loop: take messages in log order, answer evaluations and reveals, never lose or count one twice.

The place in the log up to which everything is dealt with is durable and moves only past messages whose answer is
stored; whatever was under way when the agent stopped is met again, found taken, and gets its stored answer.

A message that fails a check is refused by name, to its sender where it asks for something, and the loop goes on. What
too few witnesses hold yet is held back, and taken up again as soon as they cosign; the rest goes on. What stops the
loop: a fork or rollback of the log, which is evidence against the service.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from matcher.agency.agent import evaluation, notices
from matcher.agency.agent.deliveries import DeliveryDesk
from matcher.agency.agent.gate import pass_gate
from matcher.agency.agent.group_key import receive as receive_group_key
from matcher.agency.agent.pool import EvaluationPool
from matcher.agency.agent.reveals import RevealDesk
from matcher.agency.agent.unwitnessed import HeldBack
from matcher.agency.exchange import outgoing
from matcher.agency.exchange.inbox import Inbox, Received
from matcher.agency.home import AgencyHome
from matcher.channel.types import MailItem
from matcher.protocol.errors import ConcordatError, OverloadedError, StateError, UnreachableError, UnwitnessedError

if TYPE_CHECKING:
    from matcher.channel.client import Channel

KINDS = ("evaluation-request", "reveal-request", "group-key", "opening", "dispute")
CURSOR = "agent"
Report = Callable[[dict[str, Any]], None]
_LIMIT = 16
_IDLE_WAIT_SECONDS = 2
_BUSY_WAIT_SECONDS = 0.2
_WITNESS_WAIT_SECONDS = 2
# Held back with their attachments in memory; beyond that nothing new is taken until some are witnessed.
_MAX_HELD_BACK = 64
_RETRY_SECONDS = 2.0
FATAL = frozenset(("gate-history", "gate-asking-side"))


@dataclass(frozen=True, slots=True)
class _UnderWay:
    received: Received
    started: float


class Agent:
    """One agency's agent. ``report`` gets one small record for each act: kinds, parties, counts, names of checks."""

    def __init__(
        self,
        home: AgencyHome,
        channel: Channel,
        inbox: Inbox,
        reveals: RevealDesk,
        deliveries: DeliveryDesk,
        report: Report,
    ) -> None:
        self._home = home
        self._channel = channel
        self._inbox = inbox
        self._reveals = reveals
        self._deliveries = deliveries
        self._report = report
        self._pool: EvaluationPool | None = None
        self._jobs: dict[Future[tuple[bytes, bytes]], _UnderWay] = {}
        self._held = HeldBack(home.journal, report, home.now)
        self._position = home.journal.cursor(CURSOR)
        self._stopping = False

    def stop(self) -> None:
        """Ask the loop to end after what it is doing; safe in a signal handler."""
        self._stopping = True

    def run(self, idle_seconds: float | None = None) -> None:
        """Work until ``stop``, or until nothing has come for ``idle_seconds`` (0: one pass over what is there)."""
        last_work = time.monotonic()
        try:
            while not self._stopping:
                try:
                    worked = self._turn(idle_seconds)
                except (UnreachableError, OverloadedError) as error:
                    if idle_seconds is not None:
                        raise
                    self._report({"act": "waiting", "reason": error.code})
                    time.sleep(getattr(error, "retry_seconds", _RETRY_SECONDS))
                    continue
                if worked:
                    last_work = time.monotonic()
                elif idle_seconds is not None and not self._jobs and time.monotonic() - last_work >= idle_seconds:
                    return
        finally:
            if self._pool is not None:
                self._pool.close()

    def _turn(self, idle_seconds: float | None) -> bool:
        outcome = self._deliveries.run()
        for sent in outcome.sent:
            self._report({"act": sent.message.kind, "to": sent.message.recipient, "refused": sent.refusal})
        for finding_id, failure in outcome.failed:
            self._report({"act": "delivery", "finding": finding_id.hex()[:16], "refused": failure.code})
        finished = self._finish()
        patience = _IDLE_WAIT_SECONDS if idle_seconds is None else min(_IDLE_WAIT_SECONDS, int(idle_seconds))
        resumed = self._resume()
        if self._jobs or finished or self._held:
            patience = 0
        has_room = len(self._held) < _MAX_HELD_BACK
        items = self._channel.receive(KINDS, self._position, _LIMIT, patience) if has_room else []
        for item in items:
            self._take(item, 0 if self._held else _WITNESS_WAIT_SECONDS)
            self._position = item.index + 1
        if self._jobs and not items and not finished:
            wait(self._jobs, _BUSY_WAIT_SECONDS, FIRST_COMPLETED)
        self._move_cursor()
        return bool(items or outcome.sent or finished or resumed)

    def _resume(self) -> bool:
        """Take up what was held back, oldest first, until one still waits; the first one waits a little."""
        patience = 0 if self._jobs else _WITNESS_WAIT_SECONDS
        resumed = False
        for item in self._held:
            if not self._take(item, patience):
                break
            patience, resumed = 0, True
        return resumed

    def _take(self, item: MailItem, wait_seconds: int) -> bool:
        """Deal with one message; False when it is held back until witnesses cosign."""
        try:
            self._deal_with(item, wait_seconds)
        except UnwitnessedError as error:
            self._held.hold(item, error.code)
            return False
        self._held.release(item)
        return True

    def _deal_with(self, item: MailItem, wait_seconds: int) -> None:
        message = item.message
        try:
            received = self._inbox.open(item)
            result = self._dispatch(received, wait_seconds)
        except (UnreachableError, OverloadedError, UnwitnessedError):
            raise
        except ConcordatError as error:
            self._report({"act": message.kind, "from": message.sender, "index": item.index, "refused": error.code})
            if error.code in FATAL:
                with suppress(ConcordatError):  # the asking side is told if it still can be; the fork is what matters
                    outgoing.send_waiting(self._home, self._channel)
                raise
            return
        self._report({"act": message.kind, "from": message.sender, "index": item.index, **result})

    def _dispatch(self, received: Received, wait_seconds: int) -> dict[str, Any]:
        kind = received.message.kind
        if kind == "evaluation-request":
            return self._start_evaluation(received, wait_seconds)
        if kind == "reveal-request":
            return dict(self._reveals.take(received, wait_seconds))
        if kind == "group-key":
            return receive_group_key(self._home, received)
        return notices.take(self._home, received)

    def _start_evaluation(self, received: Received, wait_seconds: int) -> dict[str, Any]:
        if received.repeated:
            with self._home.journal.transaction() as connection:
                is_stored = outgoing.again(connection, received.message.digest()) > 0
            if is_stored or not evaluation.is_counted(self._home, received):
                return {"repeated": True}
        try:
            link = evaluation.check(self._home, received)
            if self._home.keys.oprf_seed is None:
                raise StateError("this home has no evaluation key", code="evaluation-link")
            if not received.repeated:
                pass_gate(self._home, self._channel, received, wait_seconds)
                evaluation.count(self._home, received, link)
        except (UnreachableError, OverloadedError, UnwitnessedError):
            raise  # no fault of the request: it is dealt with once the service answers, and witnesses cosign, again
        except ConcordatError as error:
            evaluation.refuse(self._home, received, error.code)
            raise
        if self._pool is None:
            self._pool = EvaluationPool(self._home.keys.oprf_seed)
        future = self._pool.submit(evaluation.job(received, link))
        self._jobs[future] = _UnderWay(received, time.monotonic())
        return {"count": received.body["count"]}

    def _finish(self) -> bool:
        """Sign, store and send the batches that are ready."""
        ready = [future for future in self._jobs if future.done()]
        for future in ready:
            work = self._jobs[future]
            message = work.received.message
            try:
                evaluated, proof = future.result()
            except ConcordatError as error:
                self._report({"act": "evaluation-answer", "to": message.sender, "refused": error.code})
                evaluation.refuse(self._home, work.received, error.code)
            else:
                answer = evaluation.answer(self._home, work.received, evaluated, proof)
                with self._home.journal.transaction() as connection:
                    outgoing.store(connection, message.digest(), evaluation.PART, answer, evaluated)
            del self._jobs[future]
        if ready:
            for sent in outgoing.send_waiting(self._home, self._channel):
                self._report({"act": sent.message.kind, "to": sent.message.recipient, "refused": sent.refusal})
        return bool(ready)

    def _move_cursor(self) -> None:
        unfinished = [work.received.index for work in self._jobs.values()]
        self._home.journal.move_cursor(CURSOR, self._held.first(min([self._position, *unfinished])))
