"""The one door of every call: who calls, is there room, how long, and what becomes of an error.

Order of checks: 1 certificate of an admitted party with a card that has not expired; 2 room for one more call, of
everybody and of this party; 3 the act itself. A refusal is logged (acts/refusals.py), then mapped (status.py).
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc

from matcher.protocol.errors import ConcordatError, DeniedError, OverloadedError, VerificationError
from matcher.service import journal, limits
from matcher.service.acts.refusals import Refusals
from matcher.service.metrics import Metrics
from matcher.service.policy import ConcealedError
from matcher.service.rpc import call, convert, incoming, status
from matcher.service.rpc.call import Call
from matcher.service.store import cards
from matcher.service.store.database import ControlDatabase
from matcher.service.store.log import Clock
from matcher.text.disk import DiskTrouble, trouble

OWN_PACKAGE = "/concordat.v1."
_MESSAGE_FIELDS = ("message", "manifest", "request")
_STREAMS = frozenset({"Upload", "Run", "Seal", "ListFindings", "ListFindingColumns", "GetEntries"})


class Guard(grpc.ServerInterceptor):  # type: ignore[type-arg]
    """Wraps every handler. Servicers of the own package get a ``Call`` in the place of gRPC's context."""

    def __init__(self, database: ControlDatabase, refusals: Refusals, metrics: Metrics, clock: Clock) -> None:
        self._database = database
        self._refusals = refusals
        self._metrics = metrics
        self._clock = clock
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """The handler of a method, behind the door."""
        handler: Any = continuation(handler_call_details)
        if handler is None:
            return None
        method = str(handler_call_details.method)
        kinds = {
            (False, False): ("unary_unary", grpc.unary_unary_rpc_method_handler),
            (False, True): ("unary_stream", grpc.unary_stream_rpc_method_handler),
            (True, False): ("stream_unary", grpc.stream_unary_rpc_method_handler),
            (True, True): ("stream_stream", grpc.stream_stream_rpc_method_handler),
        }
        attribute, make = kinds[handler.request_streaming, handler.response_streaming]
        behaviour = getattr(handler, attribute)
        wrap = self._streaming if handler.response_streaming else self._single
        return make(
            wrap(method, _checked(behaviour, streaming=handler.request_streaming)),
            request_deserializer=incoming.tolerant(handler.request_deserializer),
            response_serializer=handler.response_serializer,
        )

    def _single(self, method: str, behaviour: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            with self._door(method, request, context) as entered:
                return behaviour(request, entered if method.startswith(OWN_PACKAGE) else context)

        return handle

    def _streaming(self, method: str, behaviour: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Iterator[Any]]:
        def handle(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            with self._door(method, request, context) as entered:
                yield from behaviour(request, entered if method.startswith(OWN_PACKAGE) else context)

        return handle

    @contextmanager
    def _door(self, method: str, request: Any, context: grpc.ServicerContext) -> Iterator[Call]:
        rpc = method.rpartition("/")[2]
        started = time.monotonic()
        outcome, party, certificate = "OK", "", ""
        try:
            certificate = call.certificate_of(context)
            with self._database.read() as transaction:
                party = cards.caller(transaction, certificate, self._clock())
            longest = limits.STREAM_SECONDS if rpc in _STREAMS else limits.UNARY_SECONDS
            with self._room(party):
                yield Call(party, certificate, call.deadline_of(context, longest), context)
        except ConcordatError as error:
            outcome = status.code_of(error).name
            self._note(rpc, party, certificate, error, request)
            status.abort(context, error)
        except status.CallEndedError:
            outcome = grpc.StatusCode.DEADLINE_EXCEEDED.name
            context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline passed before the work was done")
        except GeneratorExit:
            outcome = grpc.StatusCode.CANCELLED.name
            raise
        except Exception as error:
            if not context.is_active():
                # gRPC ends a request stream with an exception of its own when the caller went away.
                outcome = grpc.StatusCode.CANCELLED.name
                raise
            journal.failure("call-failed", rpc=rpc, party=party)
            if (named := trouble(error)) is not None:
                outcome = grpc.StatusCode.RESOURCE_EXHAUSTED.name
                status.abort(context, _storage(named))
            outcome = grpc.StatusCode.INTERNAL.name
            context.abort(grpc.StatusCode.INTERNAL, status.INTERNAL_TEXT)
        finally:
            seconds = time.monotonic() - started
            self._metrics.calls.labels(rpc, outcome).inc()
            self._metrics.seconds.labels(rpc).observe(seconds)
            journal.event("call", rpc=rpc, party=party, status=outcome, seconds=round(seconds, 4))

    @contextmanager
    def _room(self, party: str) -> Iterator[None]:
        with self._lock:
            mine, total = self._running[party], self._running.total()
            share = limits.MAX_CALLS_PER_PARTY
            if total >= limits.CROWDED_CALLS:
                share = limits.MAX_CALLS_PER_PARTY_CROWDED
            if total >= limits.MAX_CALLS or mine >= share:
                raise OverloadedError(
                    f"{mine} calls of {party} are under way, {total} of all parties",
                    # Not all at the same moment, or they would meet again.
                    retry_seconds=limits.RETRY_SECONDS * random.uniform(0.5, 1.5),  # noqa: S311 - a spread, no secret
                    remedy="Wait, then try again.",
                )
            self._running[party] += 1
        self._metrics.running.inc()
        try:
            yield
        finally:
            self._metrics.running.dec()
            with self._lock:
                self._running[party] -= 1

    def _note(self, rpc: str, party: str, certificate: str, error: ConcordatError, request: Any) -> None:
        message = _message_digest(request)
        # A denial is always logged; any other error when it refuses a signed message, which is an act of a party.
        is_act = message and not isinstance(error, OverloadedError)
        if is_act or isinstance(error, DeniedError | ConcealedError):
            try:
                self._refusals.record(rpc, party, certificate, error, message)
            except Exception:
                # The call is refused all the same; that its refusal is not in the log must not be hidden.
                journal.failure("refusal-not-logged", rpc=rpc, party=party)


def _checked(behaviour: Callable[[Any, Any], Any], *, streaming: bool) -> Callable[[Any, Any], Any]:
    """``behaviour`` on requests that are well-formed; a stream of them is watched while it runs."""
    if not streaming:
        return lambda request, entered: behaviour(incoming.require(request), entered)

    def watched(stream: Iterator[Any], entered: Any) -> Iterator[Any]:
        context = entered.context if isinstance(entered, Call) else entered
        with incoming.PatientStream(stream, context) as patient:
            yield from behaviour(patient, entered)

    return watched


def _storage(named: DiskTrouble) -> OverloadedError:
    """What a caller is told of the service's disk: to come again later, since nothing was acknowledged."""
    error = OverloadedError(
        f"the service cannot store anything: {named.message}", retry_seconds=limits.RETRY_SECONDS_DISK,
        remedy="Tell the service's operator; run the same command again once there is room.",
    )  # fmt: skip
    error.code = named.code
    return error


def _message_digest(request: Any) -> str:
    for field in _MESSAGE_FIELDS:
        wire = getattr(request, field, None)
        if wire is not None and hasattr(wire, "person_signature"):
            try:
                return convert.message_from_wire(wire).digest().hex()
            except (VerificationError, OverflowError):
                return ""
    return ""
