"""From the error tree to gRPC statuses, in one place.

A known error's message holds ids and counts and may be shown; anything else becomes INTERNAL with a fixed text. The
stable code and the remedy travel in the trailing metadata; overload carries google.rpc.RetryInfo.
"""

from __future__ import annotations

import math
from urllib.parse import quote

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from matcher.protocol import errors

CODE_KEY = "concordat-code"
REMEDY_KEY = "concordat-remedy"
INTERNAL_TEXT = "the service failed; its operator finds the time of this call in the service's log"

# The first class that fits decides: subclasses stand before their parents.
_STATUSES: tuple[tuple[type[errors.ConcordatError], grpc.StatusCode], ...] = (
    (errors.OverloadedError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (errors.QuotaError, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (errors.InputError, grpc.StatusCode.INVALID_ARGUMENT),
    (errors.VerificationError, grpc.StatusCode.INVALID_ARGUMENT),
    (errors.DeniedError, grpc.StatusCode.PERMISSION_DENIED),
    (errors.StateError, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.AgreementError, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.NotFoundError, grpc.StatusCode.NOT_FOUND),
)
_UNAUTHENTICATED = frozenset({"unknown-caller", "superseded-card", "expired-card"})


class CallEndedError(Exception):
    """The caller's deadline passed, or it went away: stop, nobody waits for the result."""


def code_of(error: errors.ConcordatError) -> grpc.StatusCode:
    """The gRPC status of an error."""
    if error.code in _UNAUTHENTICATED:
        return grpc.StatusCode.UNAUTHENTICATED
    for kind, status in _STATUSES:
        if isinstance(error, kind):
            return status
    return grpc.StatusCode.INTERNAL


def abort(context: grpc.ServicerContext, error: errors.ConcordatError) -> None:
    """End the call with the status of ``error``. Raises gRPC's own exception, always."""
    status = code_of(error)
    metadata = [(CODE_KEY, error.code)]
    if error.remedy:
        metadata.append((REMEDY_KEY, _ascii(error.remedy)))
    context.set_trailing_metadata(tuple(metadata))
    if isinstance(error, errors.OverloadedError):
        metadata_with_retry = _with_retry(status, str(error), error.retry_seconds)
        context.set_trailing_metadata((*metadata, *metadata_with_retry))
    context.abort(status, str(error) if status is not grpc.StatusCode.INTERNAL else INTERNAL_TEXT)


def _with_retry(status: grpc.StatusCode, text: str, seconds: float) -> list[tuple[str, str | bytes]]:
    whole = math.floor(seconds)
    delay = duration_pb2.Duration(seconds=whole, nanos=int((seconds - whole) * 1e9))
    detail = any_pb2.Any()
    detail.Pack(error_details_pb2.RetryInfo(retry_delay=delay))
    rich = rpc_status.to_status(status_pb2.Status(code=status.value[0], message=text, details=[detail]))
    return list(rich.trailing_metadata)


def _ascii(text: str) -> str:
    # Metadata values are printable ASCII; remedies are English, but may quote an id that is not.
    return text if text.isascii() and text.isprintable() else quote(text)
