"""From a gRPC status to the error tree: the service's code and remedy travel in the trailing metadata."""

from __future__ import annotations

from typing import cast

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from matcher.protocol import contract, errors

_BY_STATUS: dict[grpc.StatusCode, type[errors.ConcordatError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: errors.InputError,
    grpc.StatusCode.PERMISSION_DENIED: errors.DeniedError,
    grpc.StatusCode.UNAUTHENTICATED: errors.DeniedError,
    grpc.StatusCode.FAILED_PRECONDITION: errors.StateError,
    grpc.StatusCode.NOT_FOUND: errors.NotFoundError,
    grpc.StatusCode.UNAVAILABLE: errors.UnreachableError,
    grpc.StatusCode.DEADLINE_EXCEEDED: errors.UnreachableError,
    grpc.StatusCode.CANCELLED: errors.UnreachableError,
}
_BY_CODE: dict[str, type[errors.ConcordatError]] = {
    errors.VerificationError.code: errors.VerificationError,
    errors.AgreementError.code: errors.AgreementError,
    contract.REVISION: errors.AgreementError,
    errors.QuotaError.code: errors.QuotaError,
}
_DEFAULT_RETRY_SECONDS = 1.0


def from_rpc(error: grpc.RpcError) -> errors.ConcordatError:
    """The error that ``error`` stands for. Unknown statuses become the root of the tree, never a success."""
    status: grpc.StatusCode = error.code()
    details = error.details() or status.name
    metadata = dict(cast("tuple[tuple[str, str | bytes], ...]", error.trailing_metadata() or ()))
    code = _text(metadata.get("concordat-code"))
    remedy = _text(metadata.get("concordat-remedy"))
    if code in _BY_CODE:
        return _BY_CODE[code](details, remedy=remedy, code=code)
    if status is grpc.StatusCode.RESOURCE_EXHAUSTED:
        overloaded = errors.OverloadedError(details, retry_seconds=_retry_seconds(error), remedy=remedy)
        overloaded.code = code or overloaded.code
        return overloaded
    if status in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED):
        return errors.UnreachableError(
            f"the service did not answer ({status.name})",
            remedy=remedy or "Check the address and the network; `concordat doctor` shows what is wrong.",
        )
    kind = _BY_STATUS.get(status, errors.ConcordatError)
    return kind(details, remedy=remedy, code=code or None)


def _text(value: str | bytes | None) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value or ""


def _retry_seconds(error: grpc.RpcError) -> float:
    if not isinstance(error, grpc.Call):
        return _DEFAULT_RETRY_SECONDS
    status = rpc_status.from_call(error)
    for detail in status.details if status is not None else ():
        if detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            info = error_details_pb2.RetryInfo()
            detail.Unpack(info)
            return info.retry_delay.ToTimedelta().total_seconds()
    return _DEFAULT_RETRY_SECONDS
