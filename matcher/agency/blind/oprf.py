"""Tasks of the exchange with the holder (design section 4, mode ``oprf``; RFC 9497): find, blind, verify and finalize.

Only the parent talks to anyone; these are the parts that take time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from keys import native, oprf
from keys.errors import ReceivedError
from keys.native import Column
from matcher.agency.blind.context import Context
from matcher.agency.blind.sources import CacheSource
from matcher.agency.records import staged
from matcher.agency.secrets import entries
from matcher.agency.submit.buckets import bucket_path
from matcher.protocol.bodies import EVALUATION_PADDING
from matcher.protocol.errors import StateError, VerificationError

ELEMENT_SIZE = 32


@dataclass(frozen=True, slots=True)
class NameLinks:
    """The link values of one staged bucket, and their names in the cache."""

    directory: Path
    bucket: int
    leaves_lock: ClassVar[bool] = True

    def run(self, context: Context) -> tuple[bytes, Column]:
        """(names, link values), in the same order."""
        path = bucket_path(self.directory, self.bucket)
        links = staged.link_values(path.read_bytes() if path.exists() else b"")
        return _cache(context).keys.names(links), links


@dataclass(frozen=True, slots=True)
class FindKnown:
    """Which of some names, which ascend, have an entry in the cache; what is found is kept at hand."""

    names: bytes
    leaves_lock: ClassVar[bool] = True

    def run(self, context: Context) -> bytes:
        """The names of those, ascending."""
        source = _cache(context)
        run = source.find(self.names)
        source.hold(run)
        return entries.names_of(run)


@dataclass(frozen=True, slots=True)
class BlindInputs:
    """Blind a batch of link values. ``prefix`` is suite.link_prefix."""

    prefix: bytes
    link_values: Column
    leaves_lock: ClassVar[bool] = True

    def run(self, context: Context) -> tuple[bytes, bytes]:  # noqa: ARG002 - every task takes it
        """(blinds, blinded elements with random ones behind them up to a multiple of 1,024)."""
        blinds, elements = oprf.blind_column(self.prefix, self.link_values)
        return blinds, elements + oprf.padding(-native.count(self.link_values) % EVALUATION_PADDING)


@dataclass(frozen=True, slots=True)
class FinishBatch:
    """Verify an answer's proof over the whole batch, padding included; unblind, and seal for the cache."""

    prefix: bytes
    link_values: Column
    blinds: bytes
    elements: bytes
    evaluated: bytes
    proof: bytes
    public_key: bytes
    leaves_lock: ClassVar[bool] = True

    def run(self, context: Context) -> bytes:
        """An entry for each link value. Raises VerificationError for a wrong proof, element or count."""
        keys, count = _cache(context).keys, native.count(self.link_values)
        try:
            oprf.verify_proof(self.public_key, self.elements, self.evaluated, self.proof)
            evaluated = self.evaluated[: count * ELEMENT_SIZE]
            secrets = oprf.finalize_column(self.prefix, self.link_values, self.blinds, evaluated)
        except ReceivedError as error:
            raise VerificationError(f"evaluation answer: {error}", code=f"evaluation-{error.code}") from None
        return keys.entries(keys.names(self.link_values), secrets)


def _cache(context: Context) -> CacheSource:
    if not isinstance(context.source, CacheSource):
        raise StateError("this party evaluates by itself and asks nobody")
    return context.source
