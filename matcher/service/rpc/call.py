"""One call as the servicers see it: who calls, and whether somebody still waits for the answer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import grpc

from keys import tls
from matcher.service import policy
from matcher.service.rpc.status import CallEndedError

_CERTIFICATE = "x509_pem_cert"


@dataclass(frozen=True, slots=True)
class Call:
    """``party`` is the admitted party behind ``certificate`` (SHA-256 of its DER, hex). ``ends`` is monotonic time."""

    party: str
    certificate: str
    ends: float
    context: grpc.ServicerContext

    def check(self) -> None:
        """Raise CallEndedError when the caller went away or its deadline passed."""
        if not self.context.is_active() or time.monotonic() >= self.ends:
            raise CallEndedError

    def remaining(self) -> float:
        """Seconds until the deadline, never negative."""
        return max(0.0, self.ends - time.monotonic())


def certificate_of(context: grpc.ServicerContext) -> str:
    """Fingerprint of the caller's certificate. Raises DeniedError when the connection shows none."""
    presented: Any = context.auth_context().get(_CERTIFICATE)
    if not presented:
        raise policy.deny("unknown-caller", "the connection shows no client certificate")
    return tls.fingerprint(presented[0])


def deadline_of(context: grpc.ServicerContext, longest: float) -> float:
    """When the call ends, in monotonic time: the client's deadline, at most ``longest`` seconds from now."""
    remaining = context.time_remaining()
    return time.monotonic() + min(longest, remaining if remaining is not None else longest)
