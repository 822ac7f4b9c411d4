"""Proof that one entry stands in a log (C2SP tlog-proof): a text file that is verified offline.

    c2sp.org/tlog-proof@v1
    extra eyJhY3RvciI6...
    index 2
    6WV3l3XzYWJj...

    daxing.example/log
    3
    NmQuc8JUCrEh46a/lUWwokmCzYMOsT080Z3jzmwCHsE=

    — daxing.example/log Uw2QOkn8srV1yJGh2VYRlL1...

Here ``extra`` is the entry itself, so that the file says all; whoever verifies hashes it and believes nothing else of
it. Hashes go from the leaf's sibling up (RFC 6962 section 2.1.1). The checkpoint keeps the cosignatures it has.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from matcher.protocol import canonical, checkpoint, cosignature, merkle
from matcher.protocol.checkpoint import Checkpoint
from matcher.protocol.errors import VerificationError
from matcher.protocol.merkle import HASH_SIZE

SUFFIX = ".tlog-proof"
MAX_PROOF_BYTES = 1 << 18
_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_EXTRA = "extra "
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")
_MAX_HASHES = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """Entry ``index`` of the tree under the checkpoint's note ``signed``. ``extra`` is None without such a line."""

    index: int
    hashes: tuple[bytes, ...]
    signed: str
    extra: bytes | None = None


def render(proof: Proof) -> str:
    """The proof's text."""
    extra = [] if proof.extra is None else [_EXTRA + canonical.b64(proof.extra)]
    lines = [_FIRST_LINE, *extra, f"index {proof.index}", *map(canonical.b64, proof.hashes)]
    return "\n".join(lines) + f"\n\n{proof.signed}"


def parse(text: str) -> Proof:
    """Take a proof apart. Raises VerificationError for anything the specification does not allow."""
    if len(text) > MAX_PROOF_BYTES:
        raise VerificationError(f"proof: longer than {MAX_PROOF_BYTES} characters")
    head, separator, signed = text.partition("\n\n")
    first, *lines = head.split("\n")
    if first != _FIRST_LINE or not separator:
        raise VerificationError("proof: it does not begin as a proof, or has no checkpoint")
    extra = None
    if lines and lines[0].startswith(_EXTRA):
        extra = canonical.unb64(lines.pop(0).removeprefix(_EXTRA))
    match = _INDEX.fullmatch(lines.pop(0)) if lines else None
    if match is None:
        raise VerificationError("proof: the index is missing or no decimal number")
    if len(lines) > _MAX_HASHES:
        raise VerificationError(f"proof: more than {_MAX_HASHES} hashes")
    return Proof(int(match[1]), tuple(canonical.unb64(line, HASH_SIZE) for line in lines), signed, extra)


def verify(
    proof: Proof, leaf: bytes, log_key: str, witnesses: Sequence[str] = (), threshold: int = 0
) -> tuple[Checkpoint, dict[str, int]]:
    """The checkpoint that ``leaf`` is proved under, and the witnesses that cosigned it (name to time in seconds).

    Raises VerificationError: not signed by ``log_key``, fewer than ``threshold`` of ``witnesses`` (verifier keys)
    cosigned, or the leaf is not at the index.
    """
    point = checkpoint.verify(proof.signed, log_key)
    cosigned = cosignature.require(proof.signed, witnesses, threshold)
    merkle.verify_inclusion(merkle.leaf_hash(leaf), proof.index, point.size, proof.hashes, point.root)
    return point, cosigned
