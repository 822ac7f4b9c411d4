"""The attachment of a reveal request: what proves its findings, in the order of the body's ``findings``.

Canonical JSON ``{"proofs": [{"leaf", "index", "size", "inclusion": [..]}, ..], "run_entry": .., "run_index": n}``: each
finding's leaf with its proof to the run's findings root, and the run's log entry with its index. Bytes are base64. The
answering side asks the service itself for the run entry's inclusion, in the checkpoint it trusts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matcher.protocol import canonical, findings, merkle
from matcher.protocol.errors import VerificationError
from matcher.protocol.findings import Finding

_HASH_SIZE = 32


@dataclass(frozen=True, slots=True)
class FindingProof:
    """A finding's leaf and where it stands in the findings tree."""

    leaf: bytes
    index: int
    size: int
    inclusion: tuple[bytes, ...]

    def verify(self, root: bytes) -> tuple[bytes, Finding]:
        """(finding id, finding), proved to be under ``root``. Raises VerificationError."""
        merkle.verify_inclusion(merkle.leaf_hash(self.leaf), self.index, self.size, self.inclusion, root)
        return findings.from_leaf(self.leaf)


@dataclass(frozen=True, slots=True)
class RequestProofs:
    """Everything the attachment holds."""

    proofs: tuple[FindingProof, ...]
    run_entry: bytes
    run_index: int


def encode(proofs: Sequence[FindingProof], run_entry: bytes, run_index: int) -> bytes:
    """The attachment's bytes."""
    return canonical.encode(
        {
            "proofs": [
                {
                    "leaf": canonical.b64(item.leaf),
                    "index": item.index,
                    "size": item.size,
                    "inclusion": [canonical.b64(hash_) for hash_ in item.inclusion],
                }
                for item in proofs
            ],
            "run_entry": canonical.b64(run_entry),
            "run_index": run_index,
        }
    )


def decode(data: bytes) -> RequestProofs:
    """Parse an attachment. Raises VerificationError for a missing, unknown or malformed field."""
    value = canonical.decode(data)
    _require(value, {"proofs", "run_entry", "run_index"})
    if not isinstance(value["proofs"], list):
        raise VerificationError("reveal request: proofs are malformed")
    return RequestProofs(
        tuple(_proof(item) for item in value["proofs"]), canonical.unb64(value["run_entry"]), _count(value["run_index"])
    )


def _proof(value: Any) -> FindingProof:
    _require(value, {"leaf", "index", "size", "inclusion"})
    if not isinstance(value["inclusion"], list):
        raise VerificationError("reveal request: an inclusion proof is malformed")
    hashes = tuple(canonical.unb64(item, _HASH_SIZE) for item in value["inclusion"])
    return FindingProof(canonical.unb64(value["leaf"]), _count(value["index"]), _count(value["size"]), hashes)


def _require(value: Any, names: set[str]) -> None:
    if not isinstance(value, dict) or set(value) != names:
        raise VerificationError("reveal request: attachment has missing or unknown fields")


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise VerificationError("reveal request: a count is malformed")
    return value
