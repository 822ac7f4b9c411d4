"""Findings: what a match found, without scores (design section 4, "Submission and run").

A run is deterministic: the same submissions give the same findings in the same order, so an auditor may re-run it.
Order of findings in the root: ascending (asking, asking handle, answering, answering handle).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matcher.protocol import canonical
from matcher.protocol.errors import VerificationError
from matcher.protocol.suite import HANDLE_SIZE, lp, sha256

FINDING_LABEL = b"concordat-v1 finding"
NO_HANDLE = b""


@dataclass(frozen=True, slots=True)
class Finding:
    """One joined pair, or one asking row that nobody answered, for which a rule fired.

    ``answering`` and ``answering_handle`` are empty for an unmatched asking row. ``codes`` are sorted rule codes.
    """

    run: bytes
    asking: str
    asking_handle: bytes
    answering: str
    answering_handle: bytes
    codes: tuple[str, ...]

    def sort_key(self) -> tuple[str, bytes, str, bytes]:
        """The order of findings in a run's root."""
        return self.asking, self.asking_handle, self.answering, self.answering_handle

    def finding_id(self, matching_digest: bytes, flow: str, period: str) -> bytes:
        """The finding's 32-byte id."""
        return sha256(
            lp(FINDING_LABEL) + matching_digest + lp(flow) + lp(period) + self.run
            + lp(self.asking) + lp(self.asking_handle) + lp(self.answering) + lp(self.answering_handle)
            + lp(",".join(self.codes))
        )  # fmt: skip

    def leaf(self, finding_id: bytes) -> bytes:
        """The finding's leaf in the findings root: canonical JSON."""
        return canonical.encode(
            {
                "id": finding_id.hex(),
                "run": self.run.hex(),
                "asking": self.asking,
                "asking_handle": self.asking_handle.hex(),
                "answering": self.answering,
                "answering_handle": self.answering_handle.hex(),
                "codes": list(self.codes),
            }
        )


def from_leaf(leaf: bytes) -> tuple[bytes, Finding]:
    """(finding id, finding) from a leaf. Raises VerificationError when malformed. The id is not recomputed here."""
    value = canonical.decode(leaf)
    try:
        codes = tuple(value["codes"])
        answering_handle = _handle(value["answering_handle"]) if value["answering_handle"] else NO_HANDLE
        finding = Finding(
            run=canonical.unhex(value["run"], 32),
            asking=_text(value["asking"]),
            asking_handle=_handle(value["asking_handle"]),
            answering=_text(value["answering"]),
            answering_handle=answering_handle,
            codes=codes,
        )
        finding_id = canonical.unhex(value["id"], 32)
    except (KeyError, TypeError) as error:
        raise VerificationError("finding: a field is missing or malformed") from error
    if not codes or not all(isinstance(code, str) for code in codes) or list(codes) != sorted(set(codes)):
        raise VerificationError("finding: codes are missing, repeated or not sorted")
    if finding.leaf(finding_id) != leaf:
        raise VerificationError("finding: an unknown field")
    return finding_id, finding


def _handle(value: Any) -> bytes:
    return canonical.unhex(value, HANDLE_SIZE)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise VerificationError("finding: text expected")
    return value


def run_digest(run: canonical.Json) -> bytes:
    """SHA-256 of a run's log record without the findings root: suite, agreement, flow, period, inputs, counts."""
    return sha256(canonical.encode(run))
