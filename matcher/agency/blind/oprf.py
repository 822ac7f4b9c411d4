"""Tasks of the exchange with the holder (design section 4, mode ``oprf``; RFC 9497): find, blind, verify and finalize.

Only the parent talks to anyone; these are the parts that take time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from keys import oprf
from keys.errors import ReceivedError
from matcher.agency.blind.context import Context
from matcher.agency.blind.sources import CacheSource
from matcher.agency.records import staged
from matcher.agency.submit.buckets import bucket_path
from matcher.protocol.bodies import EVALUATION_PADDING
from matcher.protocol.errors import StateError, VerificationError
from matcher.protocol.suite import lp

ELEMENT_SIZE = 32


@dataclass(frozen=True, slots=True)
class FindMissing:
    """Which link values of one bucket have no record secret yet."""

    directory: Path
    bucket: int
    leaves_lock: ClassVar[bool] = True

    def run(self, context: Context) -> list[bytes]:
        """The link values, each once."""
        path = bucket_path(self.directory, self.bucket)
        if not path.exists():
            return []
        return _cache(context).missing(staged.link_values(path.read_bytes()))


@dataclass(frozen=True, slots=True)
class BlindInputs:
    """Blind a batch of link values. ``prefix`` is suite.link_prefix."""

    prefix: bytes
    link_values: list[bytes]
    leaves_lock: ClassVar[bool] = True

    def run(self, context: Context) -> tuple[bytes, bytes]:  # noqa: ARG002 - every task takes it
        """(blinds, blinded elements with random ones behind them up to a multiple of 1,024)."""
        blinds, elements = oprf.blind_batch([self.prefix + lp(value) for value in self.link_values])
        return blinds, elements + oprf.padding(-len(self.link_values) % EVALUATION_PADDING)


@dataclass(frozen=True, slots=True)
class FinishBatch:
    """Verify an answer's proof over the whole batch, padding included; unblind, and seal for the cache."""

    prefix: bytes
    link_values: list[bytes]
    blinds: bytes
    elements: bytes
    evaluated: bytes
    proof: bytes
    public_key: bytes
    leaves_lock: ClassVar[bool] = True

    def run(self, context: Context) -> list[tuple[bytes, bytes]]:
        """(name, sealed F) of each link value. Raises VerificationError for a wrong proof, element or count."""
        source = _cache(context)
        inputs = [self.prefix + lp(value) for value in self.link_values]
        try:
            oprf.verify_proof(self.public_key, self.elements, self.evaluated, self.proof)
            secrets = oprf.finalize_batch(inputs, self.blinds, self.evaluated[: len(inputs) * ELEMENT_SIZE])
        except ReceivedError as error:
            raise VerificationError(f"evaluation answer: {error}", code=f"evaluation-{error.code}") from None
        names = source.keys.names(self.link_values)
        source.remember(names, secrets)
        return list(zip(names, source.keys.seal_secrets(names, secrets), strict=True))


def _cache(context: Context) -> CacheSource:
    if not isinstance(context.source, CacheSource):
        raise StateError("this party evaluates by itself and asks nobody")
    return context.source
